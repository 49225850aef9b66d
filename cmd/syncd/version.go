package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionDocument is what is known of this binary.
type versionDocument struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the source
	Go       string `json:"go"`
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version of syncd",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versionOf(debug.ReadBuildInfo())
			if a.json {
				return a.document(v)
			}
			_, err := fmt.Fprintf(a.Out, "syncd %s %s %s\n", v.Version, v.Revision, v.Go)
			return err
		},
	}
}

func versionOf(b *debug.BuildInfo, known bool) versionDocument {
	if !known {
		return versionDocument{Version: "unknown"}
	}
	v := versionDocument{Version: b.Main.Version, Go: b.GoVersion}
	for _, s := range b.Settings {
		if s.Key == "vcs.revision" {
			v.Revision = s.Value
		}
	}
	return v
}
