package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

// historyLines is how many changes are shown unless more are asked for.
const historyLines = 100

func (a *app) historyCommand() *cobra.Command {
	f, form := sync.HistoryFilter{Limit: historyLines}, ""
	cmd := &cobra.Command{
		Use:   "history [EMAIL or GROUP]",
		Short: "Show what was done, held, refused and decided, when, and why",
		Long: "Shows the provisioning log, the newest first: of a person, found by each name they had, with their comings and goings in groups;\n" +
			"of a group; or of everybody. An Okta or Omni id names them too. The log goes back as far as log.keep says; the archive goes further.\n\n" +
			"With --format it is a file for an auditor, of all lines unless --limit says otherwise: csv for a spreadsheet, in which a text that\n" +
			"begins like a formula has a ' before it, or jsonl, one JSON document a line.",
		Args: func(cmd *cobra.Command, args []string) error {
			if form != "" && a.json {
				return errors.New("--format and --json are two forms: give one")
			}
			return cobra.MaximumNArgs(1)(cmd, args)
		},
		ValidArgsFunction: a.completes(sync.NamesOfAll, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Subject = strings.Join(args, "")
			if form == "" {
				return a.history(cmd.Context(), f)
			}
			if !cmd.Flags().Changed("limit") {
				f.Limit = 0 // half a log would pass for a whole one
			}
			return a.exportHistory(cmd.Context(), f, form)
		},
	}
	flags := cmd.Flags()
	flags.Func("kind", "only changes of this `KIND`: "+strings.Join(kindsOfChange(), ", "), func(s string) error {
		f.Kind = s
		return oneOf(s, kindsOfChange())
	})
	flags.Func("state", "only changes in this `STATE`: "+strings.Join(statesOfChange(), ", "), func(s string) error {
		f.State = state.ChangeState(s)
		return oneOf(s, statesOfChange())
	})
	flags.StringVar(&f.Run, "run", "", "only changes of this `RUN`")
	flags.Func("since", "only changes from this `TIME` on: 2026-01-02, 2026-01-02T15:04:05Z, or 36h or 7d ago", func(s string) (err error) {
		f.Since, err = momentOf(s, time.Now())
		return err
	})
	flags.Func("until", "only changes before this `TIME`", func(s string) (err error) {
		f.Until, err = momentOf(s, time.Now())
		return err
	})
	flags.Func("limit", fmt.Sprintf("the newest `N` changes; 0: all (default %d)", historyLines), func(s string) error {
		n, err := fmt.Sscanf(s+"\n", "%d\n", &f.Limit)
		if err != nil || n != 1 || f.Limit < 0 {
			return fmt.Errorf("it is no count: write 0 or more")
		}
		return nil
	})
	flags.Func("format", "as a file, in this `FORM`: "+strings.Join(console.Formats(), ", "), func(s string) error {
		form = s
		return oneOf(s, console.Formats())
	})
	a.completesFlag(cmd, "format", "", console.Formats()...)
	a.completesFlag(cmd, "kind", "", kindsOfChange()...)
	a.completesFlag(cmd, "state", "", statesOfChange()...)
	a.completesFlag(cmd, "run", sync.NamesOfRuns)
	return cmd
}

func kindsOfChange() []string {
	kinds := sync.Kinds()
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return words
}

func statesOfChange() []string {
	return []string{string(state.Applied), string(state.Held), string(state.Failed), string(state.Kept)}
}

func oneOf(word string, words []string) error {
	if slices.Contains(words, word) {
		return nil
	}
	return fmt.Errorf("it is none of %s", strings.Join(words, ", "))
}

// momentOf reads a day, a time, or how long ago it was.
func momentOf(s string, now time.Time) (time.Time, error) {
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	var days int
	if n, err := fmt.Sscanf(s+"\n", "%dd\n", &days); err == nil && n == 1 && days >= 0 {
		return now.AddDate(0, 0, -days), nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("it is no time: write 2026-01-02, 2026-01-02T15:04:05Z, or how long ago, as 36h or 7d")
}

// past is the JSON document of a history.
type past struct {
	Changes []state.Change `json:"changes"`
}

// exportHistory writes changes for other programs, by the encoder of the web page.
func (a *app) exportHistory(ctx context.Context, f sync.HistoryFilter, form string) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	changes, err := w.History(ctx, f)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(a.Out)
	if err := console.Export(out, form, changes); err != nil {
		return err
	}
	return out.Flush()
}

func (a *app) history(ctx context.Context, f sync.HistoryFilter) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	changes, err := w.History(ctx, f)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(past{changes})
	}
	return a.print(func(p *printer) { p.history(changes, f) })
}

// history prints changes with what became of them.
func (p *printer) history(changes []state.Change, f sync.HistoryFilter) {
	for _, c := range changes {
		told, more := origin(c)
		p.line("%s  %s  %s", stamp(c.Time), p.paint(clean(string(c.State)), text.Bold), p.paint(told, text.Faint))
		p.change(c)
		for _, m := range more {
			p.line("      %s", p.paint(m, text.Faint))
		}
		for _, a := range c.Answers {
			p.line("      %s", p.paint(clean(answerOf(a)), text.Faint))
		}
	}
	switch {
	case len(changes) == 0:
		p.line("nothing is known")
	case f.Limit > 0 && len(changes) == f.Limit:
		p.line("the newest %s; --limit 0 shows all", counted(len(changes), "change"))
	}
}

// origin tells what made the change. Where it was an event, and an answer to what was then
// asked, they get a line each.
func origin(c state.Change) (words string, more []string) {
	words = "run " + clean(c.Run)
	cause, rest, several := strings.Cut(clean(c.Cause), ": ")
	if several = several && strings.Contains(rest, "; "); several {
		more = strings.Split(rest, "; ")
	} else {
		cause = clean(c.Cause)
	}
	if cause != "" {
		words += ", " + cause
	}
	if c.Seconds > 0 {
		words += fmt.Sprintf(", took %.1f s", c.Seconds)
	}
	if !c.Happened.IsZero() {
		words += ", happened in Okta at " + stamp(c.Happened)
	}
	return words, more
}

func answerOf(a identity.Answer) string {
	met := fmt.Sprintf("answered %d", a.Status)
	if a.Status == 0 {
		met = "gave no answer"
	}
	line := fmt.Sprintf("Omni %s to %s %s within %.1f s", met, a.Method, a.Path, a.Seconds)
	if a.Error != "" {
		line += ": " + a.Error
	}
	return line
}
