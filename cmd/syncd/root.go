package main

import (
	"context"
	"io"

	"github.com/omnisync/omnisync/configs"
	"github.com/spf13/cobra"
)

// shell is where a command line comes from, and where its output goes.
type shell struct {
	Args     []string
	In       io.Reader // what a person types; nil: nobody does
	Out, Err io.Writer
	Environ  []string // in the form of os.Environ
}

// app is what the subcommands of one command line share.
type app struct {
	shell
	file string // --config
	json bool   // --json
	ran  bool   // flags and arguments were right, and the command was started

	meter *meter // of the run that is waited for; nil without one
}

// execute runs one command line and gives its exit status.
func execute(ctx context.Context, s shell) int {
	a := &app{shell: s}
	err := a.root().ExecuteContext(ctx)
	return a.end(err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "syncd",
		Short: "Keeps Omni's users and groups in line with Okta",
		Long: "Keeps Omni's users and groups in line with Okta.\n\n" +
			"Exit status: 0 done, 1 it could not run, 2 wrong usage or configuration,\n" +
			"3 some changes failed or a reading was doubtful, 4 something is held for approval,\n" +
			"5 a dry run found changes (with --detailed-exitcode).",
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRun: func(*cobra.Command, []string) { a.ran = true },
	}
	root.SetArgs(a.Args)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.PersistentFlags().StringVar(&a.file, "config", "", "configuration `FILE` (default $SYNCD_CONFIG)")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print one JSON document on standard output")
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	_ = root.MarkPersistentFlagFilename("config", "yaml", "yml", "json") // the flag is there
	root.AddCommand(a.runCommand(), a.reconcileCommand(), a.planCommand(), a.userCommand(), a.undoCommand(), a.explainCommand(), a.checkCommand(), a.statusCommand(), a.historyCommand(), a.accessCommand(),
		a.approveCommand(), a.rejectCommand(), a.leaversCommand(), a.leaveCommand(), a.retryCommand(), a.schedulesCommand(), a.forgetCommand(), a.linksCommand(), a.linkCommand(), a.unlinkCommand(), a.pauseCommand(), a.resumeCommand(), a.hooksCommand(), a.demoCommand(), a.stateCommand(), a.configCommand(), a.mappingCommand(), a.completionCommand(), a.versionCommand())
	return illustrated(root)
}

// load reads the configuration and tells its warnings.
func (a *app) load(checks ...configs.Check) (*configs.Config, error) {
	c, warnings, err := configs.Load(a.file, a.Environ, checks...)
	for _, w := range warnings {
		a.tell("warning: " + w.String())
	}
	return c, err
}
