package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/omnisync/omnisync/fault"
)

// What is looked at stays as it is: no file is made.
func TestLookIntoExport(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.jsonl")
	if err := os.WriteFile(there, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, good := range map[string]bool{
		"": true, there: true, filepath.Join(dir, "new.jsonl"): true,
		dir: false, filepath.Join(dir, "none", "audit.jsonl"): false, filepath.Join(there, "audit.jsonl"): false,
	} {
		if err := lookIntoExport(name); (err == nil) != good || err != nil && fault.HintOf(err) == "" {
			t.Errorf("%q: %v", name, err)
		}
	}
	files, err := os.ReadDir(dir)
	if text, broken := os.ReadFile(there); err != nil || broken != nil || len(files) != 1 || string(text) != "{}\n" {
		t.Errorf("there are %v with %q, %v, %v", files, text, err, broken)
	}
}
