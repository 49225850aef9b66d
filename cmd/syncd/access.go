package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

func (a *app) accessCommand() *cobra.Command {
	var q sync.AccessQuery
	cmd := &cobra.Command{
		Use:   "access --at TIME [EMAIL]",
		Short: "Tell who had access at a moment, for an auditor",
		Long: "Tells who had an active account in Omni by this connection at a moment, or whether one person had: by a userName that they have or\n" +
			"had, or by an id of Okta's or Omni's. It is rebuilt from the provisioning log, and from state.archive where that reaches further back.\n" +
			"Before the oldest line the answer is that it isn't known, never that there was no access. What others do in Omni by hand is in no log.",
		Args: func(cmd *cobra.Command, args []string) error {
			if q.At.IsZero() {
				return errors.New("say the moment with --at, such as --at 2026-01-02T15:04:05Z, or --at 7d for a week ago")
			}
			return cobra.MaximumNArgs(1)(cmd, args)
		},
		ValidArgsFunction: a.completes(sync.NamesOfUsers, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Subject = strings.Join(args, "")
			return a.access(cmd.Context(), q)
		},
	}
	cmd.Flags().Func("at", "the `TIME`: 2026-01-02 (its beginning, UTC), 2026-01-02T15:04:05Z, or 36h or 7d ago; required", func(s string) (err error) {
		q.At, err = momentOf(s, time.Now())
		return err
	})
	return cmd
}

func (a *app) access(ctx context.Context, q sync.AccessQuery) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	answer, err := w.Access(ctx, q)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(answer)
	}
	return a.print(func(p *printer) { p.access(answer, q.Subject) })
}

// access prints who had access as a table, below it why it isn't known of some, and how far
// the answer reaches.
func (p *printer) access(answer sync.AccessAnswer, subject string) {
	p.line("%s", p.paint("At "+stamp(answer.At)+":", text.Bold))
	if len(answer.People) > 0 {
		rows := [][]string{{"WHO", "ACCESS", "SINCE", "BY", "OKTA ID"}}
		for _, one := range answer.People {
			since, by := "", ""
			if !one.Since.IsZero() {
				since, by = stamp(one.Since), one.Kind+", run "+one.Run
			}
			rows = append(rows, []string{one.UserName, string(one.Access), since, by, one.OktaID})
		}
		for i, line := range aligned(rows) {
			if i == 0 {
				line = p.paint(line, text.Bold)
			}
			p.line("%s", line)
			if i > 0 && answer.People[i-1].Reason != "" {
				p.line("  %s", p.paint(clean(answer.People[i-1].Reason), text.Faint))
			}
		}
	}
	p.line("%s", reach(answer, subject))
}

// reach tells what the answer says of those who aren't listed.
func reach(answer sync.AccessAnswer, subject string) string {
	begins := "the log is empty"
	if !answer.Since.IsZero() {
		begins = "the log begins at " + stamp(answer.Since)
	}
	switch {
	case subject != "" && len(answer.People) > 0:
		return begins
	case subject != "":
		return "nobody is known as " + clean(subject) + "; " + begins
	case !answer.Whole:
		return "not known: " + begins + ", and nothing tells of those who aren't listed"
	case len(answer.People) == 0:
		return "nobody had access; " + begins
	}
	return "nobody else had access; " + begins
}
