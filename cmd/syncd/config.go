package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/omnisync/omnisync/configs"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.yaml.in/yaml/v3"
)

func (a *app) configCommand() *cobra.Command {
	parent := &cobra.Command{Use: "config", Short: "Print, check or describe the configuration"}
	add := func(use, short string, do func() error) {
		parent.AddCommand(&cobra.Command{Use: use, Short: short, Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return do() }})
	}
	add("print", "Print the effective configuration, secrets as their references", a.configPrint)
	add("check", "Check the configuration, with its secrets, and contact nobody", a.configCheck)
	add("schema", "Print the JSON schema of the configuration file", a.configSchema)
	parent.Args = cobra.NoArgs // a wrong word is wrong usage, not a call for help
	parent.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return parent
}

func (a *app) configPrint() error {
	c, err := a.load()
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := configs.Print(&text, c); err != nil {
		return err
	}
	if !a.json {
		_, err = text.WriteTo(a.Out)
		return err
	}
	var values any // the same keys and spellings as the YAML, which is made for reading back
	if err := yaml.Unmarshal(text.Bytes(), &values); err != nil {
		return err
	}
	return a.document(values)
}

// checked is the JSON document of a check.
type checked struct {
	Valid  bool        `json:"valid"`
	Faults []faultLine `json:"faults"`
}

type faultLine struct {
	Path    string `json:"path"`
	Line    int    `json:"line"`
	Column  int    `json:"column"` // 0 where only the line is known
	Source  string `json:"source"`
	Message string `json:"message"`
	Mend    string `json:"mend"`
}

func (a *app) configCheck() error {
	c, err := a.load(configs.Secrets, expressions)
	if err == nil {
		_, err = assemble(c, zap.NewNop())
	}
	invalid, isInvalid := errors.AsType[*configs.Invalid](err)
	switch {
	case isInvalid && a.json:
		return a.faults(invalid)
	case err != nil:
		return err
	case a.json:
		return a.document(checked{Valid: true, Faults: []faultLine{}})
	}
	_, err = fmt.Fprintln(a.Out, "the configuration is sound")
	return err
}

func (a *app) faults(invalid *configs.Invalid) error {
	doc := checked{Faults: make([]faultLine, len(invalid.Faults))}
	for i, f := range invalid.Faults {
		doc.Faults[i] = faultLine{f.Path, f.Line, f.Column, f.Source, f.Message, f.Mend}
	}
	if err := a.document(doc); err != nil {
		return err
	}
	return ended(exitUsage)
}

func (a *app) configSchema() error {
	schema, err := configs.Schema()
	if err != nil {
		return err
	}
	_, err = a.Out.Write(schema)
	return err
}
