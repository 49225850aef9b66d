package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/spf13/cobra"
)

// dash stands for standard input or output in place of a file's name.
const dash = "-"

func (a *app) stateCommand() *cobra.Command {
	parent := &cobra.Command{Use: "state", Short: "Move a ledger to another store", Args: cobra.NoArgs}
	parent.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	export := &cobra.Command{
		Use:   "export [FILE]",
		Short: "Write the whole ledger to a file, as JSON lines",
		Long: "Writes the ledger that the configuration names to FILE, which must not exist, or to standard output\n" +
			"(no FILE, or -): JSON lines with a checksum. It only reads. An embedded ledger must not be in use.",
		Args: a.exportArgs, ValidArgsFunction: files,
		RunE: func(cmd *cobra.Command, args []string) error { return a.stateExport(cmd.Context(), target(args)) },
	}
	dry := false
	in := &cobra.Command{
		Use:   "import FILE",
		Short: "Read a ledger from a file into an empty one",
		Long: "Reads what export wrote (- is standard input) into the ledger that the configuration names. That must\n" +
			"be empty, and no daemon may lead it. Everything is checked before anything is written; an import that\n" +
			"broke off is repeated with the same file.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: files,
		RunE: func(cmd *cobra.Command, args []string) error { return a.stateImport(cmd.Context(), args[0], dry) },
	}
	in.Flags().BoolVar(&dry, "dry-run", false, "check the file and the ledger; write nothing")
	parent.AddCommand(export, in)
	return parent
}

// files lets the shell complete one argument by its files.
func files(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveDefault
}

// target gives the file of an export.
func target(args []string) string {
	if len(args) == 0 {
		return dash
	}
	return args[0]
}

func (a *app) exportArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.MaximumNArgs(1)(cmd, args); err != nil {
		return err
	}
	if a.json && target(args) == dash {
		return errors.New("with --json an export needs a FILE: standard output can't take both")
	}
	return nil
}

// moved is the JSON document of an export or an import.
type moved struct {
	File   string `json:"file"`
	DryRun bool   `json:"dryRun"`
	state.Moved
}

func (a *app) stateExport(ctx context.Context, file string) (err error) {
	p, err := a.stateParts()
	if err != nil {
		return err
	}
	store, err := p.open()
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, store.Close()) }()
	var m state.Moved
	export := func(w io.Writer) (err error) {
		m, err = state.Export(ctx, store, w, p.config.Name, time.Now())
		return err
	}
	if file == dash {
		err = export(a.Out)
	} else {
		err = newFile(file, export)
	}
	if err != nil {
		return err
	}
	return a.tellMoved("exported", moved{File: file, Moved: m})
}

func (a *app) stateImport(ctx context.Context, file string, dry bool) (err error) {
	p, err := a.stateParts()
	if err != nil {
		return err
	}
	in, err := inFile(file)
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, in.close()) }()
	own := state.Header{Connection: p.config.Name, Org: p.config.Okta.OrgURL, App: p.config.Okta.AppID, Omni: p.config.Omni.BaseURL}
	m, err := state.Verify(in, own) // before the ledger is opened, and its lease taken
	if err != nil {
		return err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	store, err := p.open()
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, store.Close()) }()
	word := "imported"
	if dry {
		word, err = "would import", state.Importable(ctx, store, m)
	} else {
		m, err = p.take(ctx, store, in, own)
	}
	if err != nil {
		return err
	}
	return a.tellMoved(word, moved{File: file, DryRun: dry, Moved: m})
}

// stateParts reads the configuration. Of its secrets only state.url's is needed.
func (a *app) stateParts() (parts, error) {
	c, err := a.load()
	return parts{config: c}, err
}

// take imports under the lease, and remembers the new ledger as the one to expect.
func (p parts) take(ctx context.Context, store ledger, in io.ReadSeeker, own state.Header) (m state.Moved, err error) {
	kept, err := p.archive()
	if err != nil {
		return m, err
	}
	ctx, lease, err := hold(ctx, store)
	if err != nil {
		return m, err
	}
	defer func() { err = firstOf(err, lease.release()) }()
	if m, err = state.Import(ctx, store, lease.fence, in, own); err != nil {
		return m, firstOf(context.Cause(ctx), err)
	}
	if kept == nil {
		return m, nil
	}
	position, err := store.Position(ctx)
	if err != nil {
		return m, err
	}
	return m, kept.Remember(ctx, position)
}

// tellMoved tells what was moved: on standard error where the export itself is
// on standard output.
func (a *app) tellMoved(word string, m moved) error {
	if a.json {
		return a.document(m)
	}
	records, entries := 0, 0
	for _, n := range m.Records {
		records += n
	}
	for _, n := range m.Streams {
		entries += n
	}
	line := word + " " + counted(m.Records[string(state.Users)], "user") + " and " + counted(m.Records[string(state.Groups)], "group") +
		" of " + m.Connection + ": " + counted(records, "record") + " and " + counted(entries, "log line") + ", SHA-256 " + m.SHA256
	if m.File == dash {
		a.tell(line)
		return nil
	}
	return a.print(func(p *printer) { p.line("%s", line) })
}

// newFile makes a file that nobody else may read, whole or not at all. An
// existing one is left alone.
func newFile(path string, write func(io.Writer) error) error {
	if _, err := os.Lstat(path); err == nil {
		return &fault.Error{Kind: fault.Conflict, Op: "write " + path, Detail: "it exists already", Hint: "name another file, or remove that one"}
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".export-*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// input is an export that can be read twice.
type input struct {
	*os.File
	temporary bool
}

// inFile opens the file; standard input is kept in a temporary one.
func inFile(file string) (input, error) {
	if file != dash {
		f, err := os.Open(file)
		return input{File: f}, err
	}
	f, err := os.CreateTemp("", "syncd-import-*")
	if err != nil {
		return input{}, err
	}
	in := input{File: f, temporary: true}
	_, err = io.Copy(f, os.Stdin)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return input{}, errors.Join(err, in.close())
	}
	return in, nil
}

func (i input) close() error {
	err := i.Close()
	if i.temporary {
		err = errors.Join(err, os.Remove(i.Name()))
	}
	return err
}
