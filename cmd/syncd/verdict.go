package main

import (
	"errors"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/sync"
	"github.com/spf13/cobra"
)

// ruling is what the flags of approve and reject say.
type ruling struct {
	only, except []string
	hash         string
	attached     bool // of approve: its run ends with the command
}

func (r *ruling) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&r.only, "only", nil, "only what is about this `NAME`: an email, a group, an id, or a glob such as *@acme.com; may be repeated")
	f.StringArrayVar(&r.except, "except", nil, "all but what is about this `NAME`; may be repeated")
	f.Func("hash", "decide only if what the run holds is still what syncd status showed under this `HASH`", func(s string) error {
		if r.hash = s; s == "" {
			return errors.New("it is empty: write the hash that syncd status shows, or leave --hash out")
		}
		return nil
	})
}

// decision is the verdict about what a run holds.
func (r *ruling) decision(run string) console.Decision {
	return console.Decision{Verdict: sync.Verdict{Run: run, By: whoami(), Only: r.only, Except: r.except, Hash: r.hash}, Attached: r.attached}
}
