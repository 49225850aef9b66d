package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// seen is the position's file.
type seen struct {
	Version    int    `json:"v"`
	Connection string `json:"connection"`
	state.Position
}

func (a *Archive) positionPath() string { return filepath.Join(a.dir, a.name+".position.json") }

// Position gives what Remember was told last; zero where nothing was.
func (a *Archive) Position(ctx context.Context) (state.Position, error) {
	if err := ctx.Err(); err != nil {
		return state.Position{}, failed("read position in", a.dir, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	raw, err := os.ReadFile(a.positionPath())
	if errors.Is(err, fs.ErrNotExist) {
		return state.Position{}, nil
	}
	if err != nil {
		return state.Position{}, failed("read position in", a.dir, err)
	}
	var s seen
	if err := strict(raw, &s); err != nil || s.Epoch == "" {
		return state.Position{}, a.badPosition("it is damaged", err)
	}
	if s.Version != version {
		return state.Position{}, a.badPosition(fmt.Sprintf("it has the form %d, this binary knows %d", s.Version, version), nil)
	}
	if s.Connection != a.name {
		return state.Position{}, a.badPosition(fmt.Sprintf("it is that of connection %.70q", s.Connection), nil)
	}
	return s.Position, nil
}

// strict reads one JSON value that fills raw.
func strict(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more follows its end")
	}
	return nil
}

func (a *Archive) badPosition(detail string, err error) error {
	return &fault.Error{Kind: fault.Other, Op: "read " + a.positionPath(), Detail: detail, Err: err,
		Hint: "remove that file: the next run takes the ledger as it finds it, and a loss of the ledger before that run goes unnoticed"}
}

// Remember keeps p in place of what was remembered before, whatever that was.
// It is durable when it returns nil; after an error either of the two is kept.
func (a *Archive) Remember(ctx context.Context, p state.Position) error {
	if err := ctx.Err(); err != nil {
		return failed("write position in", a.dir, err)
	}
	raw, err := json.Marshal(seen{Version: version, Connection: a.name, Position: p})
	if err != nil {
		return failed("write position in", a.dir, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return failed("write position in", a.dir, replace(a.positionPath(), append(raw, '\n')))
}

// replace writes a file whole or not at all.
func replace(path string, text []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".position-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(dir)
}
