package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// eachCommand calls do for every command that a person sees.
func eachCommand(c *cobra.Command, do func(*cobra.Command)) {
	if c.Hidden || c.Name() == "help" {
		return
	}
	do(c)
	for _, sub := range c.Commands() {
		eachCommand(sub, do)
	}
}

// TestEveryCommandHasExamples: the help of each shows how it is typed, and each example
// can be typed: its words name that command or one below it, its flags and arguments are
// taken.
func TestEveryCommandHasExamples(t *testing.T) {
	a := &app{shell: shell{Out: io.Discard, Err: io.Discard}}
	count := 0
	eachCommand(a.root(), func(c *cobra.Command) {
		if strings.TrimSpace(c.Example) == "" {
			t.Errorf("%s has no example: add one to examples, or to the command itself", c.CommandPath())
		}
		for line := range strings.Lines(c.Example) {
			count++
			if why := untypable(c.CommandPath(), strings.TrimSpace(line)); why != "" {
				t.Errorf("%s: the example %q: %s", c.CommandPath(), strings.TrimSpace(line), why)
			}
		}
		if c.Short == "" || c.HasParent() && c.Runnable() && c.Parent().HasParent() && c.Short == c.Parent().Short {
			t.Errorf("%s has no words of its own", c.CommandPath())
		}
	})
	if count < 30 {
		t.Errorf("%d examples were looked at", count)
	}
	for path := range examples {
		if cmd, _, err := a.root().Find(strings.Fields(path)[1:]); err != nil || cmd.CommandPath() != path {
			t.Errorf("there are examples of %q, and no such command", path)
		}
	}
}

// untypable tells why an example of a command can't be typed.
func untypable(path, line string) string {
	_, typed, found := strings.Cut(line, "syncd ")
	if !found {
		return "it doesn't call syncd"
	}
	for _, end := range []string{" | ", " > ", ")", " # "} { // what the shell does with it
		typed, _, _ = strings.Cut(typed, end)
	}
	words := quotedFields(typed)
	root := (&app{shell: shell{Out: io.Discard, Err: io.Discard}}).root()
	cmd, rest, err := root.Find(words)
	switch {
	case err != nil:
		return err.Error()
	case !strings.HasPrefix(cmd.CommandPath(), path):
		return "it is one of " + cmd.CommandPath()
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err.Error()
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		return err.Error()
	}
	return ""
}

// quotedFields splits a line as a shell does, where quotes are around whole words.
func quotedFields(line string) []string {
	var words []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

// A wrong word is told with the help of the command that was meant.
func TestUsageNamesTheHelp(t *testing.T) {
	for args, want := range map[string]string{
		"bogus": "see syncd --help", "history --nope": "see syncd history --help", "config bogus": "see syncd config --help", "approve": "see syncd approve --help",
	} {
		var out bytes.Buffer
		if status := execute(t.Context(), shell{Args: strings.Fields(args), Out: io.Discard, Err: &out}); status != exitUsage || !strings.Contains(out.String(), "hint: "+want+"\n") {
			t.Errorf("syncd %s exits with %d: %s", args, status, out.String())
		}
	}
}
