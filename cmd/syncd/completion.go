package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

const (
	// completeWithin bounds what a person who pressed a key waits for.
	completeWithin = time.Second
	// mostCompleted is how many names a shell is given at most.
	mostCompleted = 200
)

func (a *app) completionCommand() *cobra.Command {
	parent := &cobra.Command{
		Use:   "completion",
		Short: "Print what makes a shell complete commands, flags, and known names",
		Long: "Prints a script by which the shell completes subcommands, flags, addresses of users, names of groups, runs, and\n" +
			"what is held or failing. The names come from the running daemon, else from the ledger. syncd completion SHELL\n" +
			"--help says where the script goes.",
		Args: cobra.NoArgs, // a wrong word is wrong usage, not a call for help
	}
	parent.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	for _, s := range []struct {
		name, how string
		write     func(root *cobra.Command) error
	}{
		{"bash", "The package bash-completion must be there. For each new shell, once:\n\n" +
			"  syncd completion bash > ~/.local/share/bash-completion/completions/syncd    (make the folder first)\n\n" +
			"For this shell alone:\n\n  source <(syncd completion bash)",
			func(root *cobra.Command) error { return root.GenBashCompletionV2(a.Out, true) }},
		{"zsh", "Completion must be on: ~/.zshrc says autoload -U compinit; compinit. For each new shell, once:\n\n" +
			"  syncd completion zsh > \"${fpath[1]}/_syncd\"\n\n" +
			"For this shell alone:\n\n  source <(syncd completion zsh)",
			func(root *cobra.Command) error { return root.GenZshCompletion(a.Out) }},
		{"fish", "For each new shell, once:\n\n  syncd completion fish > ~/.config/fish/completions/syncd.fish\n\n" +
			"For this shell alone:\n\n  syncd completion fish | source",
			func(root *cobra.Command) error { return root.GenFishCompletion(a.Out, true) }},
	} {
		parent.AddCommand(&cobra.Command{
			Use: s.name, Short: "Print the script for " + s.name, Long: "Prints the script that completes syncd in " + s.name + ".\n\n" + s.how,
			Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return s.write(cmd.Root()) },
		})
	}
	return parent
}

// completes gives what completes up to most arguments by known names; of is one of sync's
// NamesOf.... Who is named already isn't named again. It is silent, and gives nothing
// where nobody answers soon.
func (a *app) completes(of string, most int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var list []cobra.Completion
		for _, n := range a.known(cmd.Context(), sync.NamesQuery{Of: of, Prefix: prefix, Limit: mostCompleted}) {
			if name := clean(n.Name); name == n.Name && !slices.Contains(args, name) {
				list = append(list, cobra.CompletionWithDesc(name, clean(n.About)))
			}
		}
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

// completesFlag completes the value of a flag: by known names, or by words.
func (a *app) completesFlag(cmd *cobra.Command, flag, of string, words ...string) {
	complete := a.completes(of, 1)
	if len(words) > 0 {
		complete = cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return complete(cmd, nil, prefix)
	}); err != nil {
		panic(fmt.Sprintf("--%s: %v", flag, err)) // the flag is there, and completed once
	}
}

// known asks the daemon where one listens, else the ledger where it can be opened at once.
func (a *app) known(ctx context.Context, q sync.NamesQuery) []sync.Name {
	ctx, cancel := context.WithTimeout(ctx, completeWithin)
	defer cancel()
	answer := make(chan []sync.Name, 1)
	go func() { answer <- a.lookUp(ctx, q) }()
	select {
	case names := <-answer:
		return names
	case <-ctx.Done(): // the file's lock doesn't mind it
		return nil
	}
}

func (a *app) lookUp(ctx context.Context, q sync.NamesQuery) []sync.Name {
	c, _, err := configs.Load(a.file, a.Environ)
	if err != nil {
		return nil
	}
	if c.Console.Listen != "" {
		if client, err := clientOf(c); err == nil {
			if names, err := client.Names(ctx, q); err == nil {
				return names
			}
		}
	}
	kind, path, err := c.State.Backend()
	if err != nil {
		return nil
	}
	if kind == configs.Bolt {
		if _, err := os.Stat(path); err != nil { // opening it would make it
			return nil
		}
	}
	store, err := parts{config: c}.open()
	if err != nil {
		return nil
	}
	defer func() { _ = store.Close() }() // it was only read
	names, err := sync.NewKnown(store).Names(ctx, q)
	if err != nil {
		return nil
	}
	return names
}
