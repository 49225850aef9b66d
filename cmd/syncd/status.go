package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show health, the last run, what is held and what fails",
		Long: "Shows health, the last run, what is held and what fails. Exits with 3 when something fails\n" +
			"or the last reading was doubtful, with 4 when something is held, else with 0.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.status(cmd.Context()) },
	}
}

func (a *app) status(ctx context.Context) error {
	w, err := a.worker(ctx)
	if err != nil {
		return err
	}
	s, err := w.Status(ctx)
	if err != nil {
		return err
	}
	if a.json {
		err = a.document(s)
	} else {
		err = a.print(func(p *printer) { p.status(s) })
	}
	if err != nil {
		return err
	}
	return exit(statusOf(s))
}
