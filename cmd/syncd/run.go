package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/omnisync/omnisync/configs"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
)

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Run the daemon: scheduled runs, the SCIM endpoint, event hooks, and the console that the other commands ask",
		Long: "Runs the daemon until it is told to end (SIGTERM, SIGINT). The first run begins at once.\n" +
			"With scim.listen Okta may push to it; without okta.auth that is all that it goes by.\n" +
			"With hooks.listen Okta's event hooks make it look at once.\n" +
			"SIGHUP makes it read the secrets again. It logs to standard error.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context()) },
	}
}

func (a *app) run(ctx context.Context) error {
	c, err := a.load(configs.Secrets, expressions)
	if err != nil {
		return err
	}
	log, err := newLogger(a.Err, c.Log)
	if err != nil {
		return err
	}
	p, err := assemble(c, log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go rereadOnHangup(ctx, c, log)
	return serve(ctx, p)
}

// rereadOnHangup makes the secrets be looked up again at each SIGHUP.
func rereadOnHangup(ctx context.Context, c *configs.Config, log *zap.Logger) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			c.Reread()
			log.Info("secrets are read again")
		}
	}
}
