package archive_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/archive"
)

// blacken replaces the word MARK in every record, and in what can't be read.
func blacken(r state.Archived) (state.Archived, error) {
	r.Record = bytes.ReplaceAll(r.Record, []byte("MARK"), []byte("BLACK"))
	return r, nil
}

// marked has three files with the word, and one without it.
func marked(t *testing.T) (dir string, a *archive.Archive) {
	t.Helper()
	dir = t.TempDir()
	for _, words := range [][]string{{"MARK1", "a", "MARK2"}, {"b"}, {"MARK3"}} {
		a = open(t, dir)
		for _, w := range words {
			word(t, a, w)
		}
	}
	f, err := os.OpenFile(filesIn(t, dir)[0], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("damaged MARK4 \"\n{\"v\":1,\"connection\":\"acme\",\"torn\":\"MARK5"); err != nil {
		t.Fatal(err)
	}
	return dir, a
}

func word(t *testing.T, a *archive.Archive, w string) {
	t.Helper()
	text, err := json.Marshal(w)
	if err == nil {
		err = a.Append(t.Context(), state.Archived{Kind: state.ArchivedChange, Record: text})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "acme-*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// words are the records that can be read, sorted.
func words(dir string) string {
	var list []string
	for r, err := range archive.Read(dir, "acme") {
		if err == nil {
			list = append(list, strings.Trim(string(r.Record), `"`))
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// everything is every byte of every file in dir.
func everything(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func TestRewrite(t *testing.T) {
	dir, a := marked(t)
	untouched, err := os.ReadFile(filesIn(t, dir)[1])
	if err != nil {
		t.Fatal(err)
	}
	changed, err := a.Rewrite(t.Context(), blacken)
	if err != nil || changed != 5 {
		t.Errorf("%d records were changed, %v; want 5", changed, err)
	}
	if all := everything(t, dir); strings.Contains(all, "MARK") || !strings.Contains(all, "damaged BLACK4") {
		t.Errorf("the files hold\n%s", all)
	}
	if got := words(dir); got != "BLACK1 BLACK2 BLACK3 a b" {
		t.Errorf("the records are %s", got)
	}
	if now, err := os.ReadFile(filesIn(t, dir)[1]); err != nil || !bytes.Equal(now, untouched) {
		t.Errorf("a file without the word was changed: %v", err)
	}
	if info, err := os.Stat(filesIn(t, dir)[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	if changed, err := a.Rewrite(t.Context(), blacken); err != nil || changed != 0 {
		t.Errorf("the second time %d records were changed, %v", changed, err)
	}
	word(t, a, "after")
	if got := words(dir); got != "BLACK1 BLACK2 BLACK3 a after b" {
		t.Errorf("the records are %s", got)
	}
}

// A rewriting that breaks off at any record leaves each file whole, old or new; what a
// killed process left beside them goes with the next one, and that one does the rest.
func TestRewriteBrokenOff(t *testing.T) {
	for at := 1; ; at++ {
		dir, a := marked(t)
		n, broken := 0, errors.New("killed")
		_, err := a.Rewrite(t.Context(), func(r state.Archived) (state.Archived, error) {
			if n++; n == at {
				return r, broken
			}
			return blacken(r)
		})
		if err == nil {
			if at != 8 {
				t.Errorf("it breaks off at %d records, want 7", at-1)
			}
			return
		}
		if !errors.Is(err, broken) {
			t.Fatalf("at record %d: %v", at, err)
		}
		if got := strings.ReplaceAll(words(dir), "BLACK", "MARK"); got != "MARK1 MARK2 MARK3 a b" {
			t.Errorf("after it broke off at record %d there are %s", at, got)
		}
		left, other := filepath.Join(dir, ".rewrite-12345.acme"), filepath.Join(dir, ".rewrite-12345.b.acme")
		for _, path := range []string{left, other} {
			if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := open(t, dir).Rewrite(t.Context(), blacken); err != nil {
			t.Fatal(err)
		}
		if all := everything(t, dir); strings.Contains(all, "MARK") {
			t.Errorf("after it broke off at record %d and was repeated, the files hold\n%s", at, all)
		}
		if _, err := os.Stat(left); !os.IsNotExist(err) {
			t.Errorf("what was left is still there: %v", err)
		}
		if _, err := os.Stat(other); err != nil {
			t.Errorf("another connection's is gone: %v", err)
		}
	}
}

// Another process that has a file open goes on in a new one, once its file was rewritten.
func TestRewriteUnderOthers(t *testing.T) {
	dir, a := marked(t)
	other := open(t, dir)
	word(t, other, "MARK6")
	if _, err := a.Rewrite(t.Context(), blacken); err != nil {
		t.Fatal(err)
	}
	word(t, other, "later")
	if got := words(dir); got != "BLACK1 BLACK2 BLACK3 BLACK6 a b later" {
		t.Errorf("the records are %s", got)
	}
}

// A line that only a newer version understands isn't guessed at.
func TestRewriteOfANewerForm(t *testing.T) {
	dir, a := marked(t)
	path := filepath.Join(dir, "acme-20200101-0001.jsonl")
	if err := os.WriteFile(path, []byte(`{"v":2,"connection":"acme","kind":"x","record":"MARK"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := a.Rewrite(t.Context(), blacken)
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "line 1") || !strings.Contains(fault.HintOf(err), "newer syncd") {
		t.Errorf("%v, hint %q", err, fault.HintOf(err))
	}
}
