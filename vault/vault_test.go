package vault_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/vault"
)

const (
	one  = "9f86d081884c7d659a2feaa0c55ad015"
	two  = "60303ae22b998861bce3b28f33eec1be"
	text = `{"name":"Weekly","destination":{"webhook":"https://hooks.example/s3cret"}}`
)

func with(key string) *vault.Vault {
	return vault.New(func() (string, error) { return key, nil }, "")
}

func seal(t testing.TB, v *vault.Vault, name, plain string) []byte {
	t.Helper()
	sealed, err := v.Seal(name, []byte(plain))
	if err != nil {
		t.Fatalf("seal: %v (%s)", err, fault.HintOf(err))
	}
	return sealed
}

func wantOpen(t testing.TB, v *vault.Vault, name string, sealed []byte, plain string) {
	t.Helper()
	got, err := v.Open(name, sealed)
	if err != nil || string(got) != plain {
		t.Errorf("open gives %q, %v (%s); want %q", got, err, fault.HintOf(err), plain)
	}
}

// wantClosed wants a refusal that says so, names no secret, and gives the hint.
func wantClosed(t testing.TB, v *vault.Vault, name string, sealed []byte, says, hint string) {
	t.Helper()
	got, err := v.Open(name, sealed)
	if got != nil || !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), says) || !strings.Contains(fault.HintOf(err), hint) {
		t.Errorf("open gives %q, %v (%s), hint %q; want %q, hint %q", got, err, fault.KindOf(err), fault.HintOf(err), says, hint)
	}
	for _, secret := range []string{one, two, "s3cret"} {
		if told := fmt.Sprintf("%v %+v %#v %s", err, err, err, fault.HintOf(err)); strings.Contains(told, secret) {
			t.Errorf("the error tells %s: %s", secret, told)
		}
	}
}

func TestSealedOpens(t *testing.T) {
	v := with(one)
	for _, plain := range []string{text, "", "\x00\xff", strings.Repeat("long ", 1<<18)} {
		sealed := seal(t, v, "s1", plain)
		wantOpen(t, v, "s1", sealed, plain)
		wantOpen(t, with("\n"+two+"\r\n  "+one+"\n"), "s1", sealed, plain)
		if !json.Valid(sealed) || plain != "" && bytes.Contains(sealed, []byte(plain)) {
			t.Errorf("sealed as %.200s", sealed)
		}
		if bytes.Equal(sealed, seal(t, v, "s1", plain)) {
			t.Error("sealed twice, it is the same: the nonce comes again")
		}
	}
}

// TestSealedByTheFirstVersion opens what a first version sealed, as it will be opened
// for ever.
func TestSealedByTheFirstVersion(t *testing.T) {
	const sealed = `{"v":1,"key":"78383a54771b","nonce":"+D3ah2eXTpa/QzUs","text":"4Ef10MjTtPwl+Uhlgvj5lTJC2ea95G4N4zC7XbveapF6ZvxkRquLfRAI5P4E3juLVguDrkFgl12pUDD2K2q96cH6iKeX9c5syuZLJIaHYrJnm3+hW539gqIN"}`
	wantOpen(t, with(one), "6f1f0f9e-0000-4000-8000-000000000001", []byte(sealed), text)
}

func TestEnvelopeTellsItsKey(t *testing.T) {
	var a, b, c struct{ Key string }
	for v, sealed := range map[*struct{ Key string }][]byte{&a: seal(t, with(one), "x", text), &b: seal(t, with(one+"\n"+two), "y", text), &c: seal(t, with(two+"\n"+one), "x", text)} {
		if err := json.Unmarshal(sealed, v); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.Key) != 12 || a != b || a == c {
		t.Errorf("the keys are %s, %s and %s: the first line seals", a, b, c)
	}
}

func TestWrongKey(t *testing.T) {
	sealed := seal(t, with(one), "s1", text)
	var e struct{ Key string }
	if err := json.Unmarshal(sealed, &e); err != nil {
		t.Fatal(err)
	}
	const mend = "add the text of that key to state.key as a further line"
	wantClosed(t, with(two), "s1", sealed, `decrypt what was saved as "s1": it needs the key `+e.Key+", and there are only ", mend)
	wantClosed(t, with(""), "s1", sealed, "it needs the key "+e.Key+", and there is none", mend)
	file := filepath.Join(t.TempDir(), "acme.key")
	wantClosed(t, vault.New(func() (string, error) { return "", nil }, file), "s1", sealed, "and there is none", "a key that syncd made stood in "+file)
	broken := vault.New(func() (string, error) { return "", errors.New("file k is gone") }, "")
	wantClosed(t, broken, "s1", sealed, "state.key: file k is gone", "")
	if _, err := broken.Seal("s1", nil); !fault.Is(err, fault.Refused) {
		t.Errorf("seal without its key: %v", err)
	}
}

func TestNoPlaceForAKey(t *testing.T) {
	if _, err := with(" \n").Seal("s1", []byte(text)); !fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), "state.key") {
		t.Errorf("%v (%s)", err, fault.HintOf(err))
	}
	if got := vault.File("", "acme"); got != "" {
		t.Errorf("without an archive the key stands in %s", got)
	}
	if got, want := vault.File("dir", "acme"), filepath.Join("dir", "acme.key"); got != want {
		t.Errorf("the key stands in %s, want %s", got, want)
	}
}

// TestTampered changes each byte of an envelope, cuts it everywhere, and gives it to
// another record: it never opens.
func TestTampered(t *testing.T) {
	v := with(one)
	sealed := seal(t, v, "s1", "secret text")
	wantClosed(t, v, "s2", sealed, "it was changed, or belongs to another record", "archive")
	wantClosed(t, v, "", sealed, "it was changed, or belongs to another record", "archive")
	for i := range sealed {
		if got, err := v.Open("s1", sealed[:i]); err == nil {
			t.Fatalf("cut to %d bytes it opens as %q", i, got)
		}
		for _, flip := range []byte{1, 0x20, 0x80} {
			changed := bytes.Clone(sealed)
			changed[i] ^= flip
			got, err := v.Open("s1", changed)
			if err == nil && !sameEnvelope(sealed, changed) {
				t.Fatalf("with byte %d changed (%s) it opens as %q", i, changed, got)
			}
		}
	}
	wantClosed(t, v, "s1", append(bytes.Clone(sealed), "{}"...), "it is cut or damaged", "archive")
	wantClosed(t, v, "s1", bytes.Replace(sealed, []byte(`"v":1`), []byte(`"v":2`), 1), "it has the form 2, this binary reads 1: run the newer syncd that wrote it", "")
}

// sameEnvelope reports whether the change is one of spelling: the name of a field in
// another letter case.
func sameEnvelope(a, b []byte) bool {
	return bytes.EqualFold(a, b) && !bytes.Equal(a, b)
}

// TestKeyFile: without a configured key the first Seal makes one, for the user alone,
// and no Open does.
func TestKeyFile(t *testing.T) {
	file := vault.File(t.TempDir(), "acme")
	key := ""
	v := vault.New(func() (string, error) { return key, nil }, file)
	if _, err := v.Open("s1", seal(t, with(one), "s1", text)); err == nil {
		t.Error("it opens without a key")
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opening made a key: %v", err)
	}
	if id, err := v.KeyID(); id != "" || err != nil {
		t.Errorf("the key that isn't there is %q, %v", id, err)
	}
	sealed := seal(t, v, "s1", text)
	if id, err := v.KeyID(); err != nil || !strings.Contains(string(sealed), `"key":"`+id+`"`) || id == "" {
		t.Errorf("the key is %q, %v; sealed is %s", id, err, sealed)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key's file is %v, %v", info, err)
	}
	made, err := os.ReadFile(file)
	if err != nil || len(made) < 50 {
		t.Fatalf("the key is %d bytes, %v", len(made), err)
	}
	wantOpen(t, v, "s1", sealed, text)
	wantOpen(t, with(string(made)), "s1", sealed, text)
	seal(t, v, "s2", text)
	if again, err := os.ReadFile(file); err != nil || !bytes.Equal(made, again) {
		t.Errorf("the key was written again: %v", err)
	}
	if list, err := os.ReadDir(filepath.Dir(file)); err != nil || len(list) != 1 {
		t.Errorf("beside the key stand %v, %v", list, err)
	}
	key = one // configured since
	wantOpen(t, v, "s1", sealed, text)
	wantOpen(t, with(one), "s3", seal(t, v, "s3", text), text)
}

// TestOneKeyOfMany: whoever is first makes the key, and all use it.
func TestOneKeyOfMany(t *testing.T) {
	file := vault.File(t.TempDir(), "acme")
	sealed := make([][]byte, 20)
	var all sync.WaitGroup
	for i := range sealed {
		all.Go(func() {
			v := vault.New(func() (string, error) { return "", nil }, file)
			var err error
			if sealed[i], err = v.Seal("s", []byte(text)); err != nil {
				t.Errorf("seal: %v", err)
			}
		})
	}
	all.Wait()
	made, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sealed {
		wantOpen(t, with(string(made)), "s", s, text)
	}
	if list, err := os.ReadDir(filepath.Dir(file)); err != nil || len(list) != 1 {
		t.Errorf("beside the key stand %v, %v", list, err)
	}
}

func TestBadKeyFiles(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.key")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sealed := seal(t, with(one), "s1", text)
	for _, tt := range []struct{ file, hint string }{
		{empty, "put it back from a backup"},
		{dir, "let the user that runs syncd read " + dir},
		{filepath.Join(dir, "none", "acme.key"), "or set state.key"},
	} {
		v := vault.New(func() (string, error) { return "", nil }, tt.file)
		if _, err := v.Seal("s1", nil); !fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), tt.hint) {
			t.Errorf("%s: %v, hint %q", tt.file, err, fault.HintOf(err))
		}
		if _, err := v.Open("s1", sealed); !fault.Is(err, fault.Refused) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v, hint %q", tt.file, err, fault.HintOf(err))
		}
		if id, err := v.KeyID(); id != "" || (err == nil) != (filepath.Base(filepath.Dir(tt.file)) == "none") || err != nil && !fault.Is(err, fault.Refused) {
			t.Errorf("%s: the key is %q, %v", tt.file, id, err)
		}
		// What a configured key opens doesn't need the file.
		wantOpen(t, vault.New(func() (string, error) { return one, nil }, tt.file), "s1", sealed, text)
	}
}

// TestPromise13VaultTellsNothing prints a vault, and what it sealed, in every way.
func TestPromise13VaultTellsNothing(t *testing.T) {
	v := with(one)
	told := fmt.Sprintf("%v %+v %#v %v %+v %#v %s", v, v, v, *v, *v, *v, seal(t, v, "s1", text))
	for _, secret := range []string{one, fmt.Sprintf("%x", one), "s3cret"} {
		if strings.Contains(told, secret) {
			t.Errorf("%s is told: %s", secret, told)
		}
	}
}

// FuzzOpen: no bytes panic, and none but ours open.
func FuzzOpen(f *testing.F) {
	v := with(one)
	ours := seal(f, v, "s1", text)
	f.Add(ours)
	for _, s := range []string{"", "{}", "null", "[]", `{"v":1}`, `{"v":9}`, `{"v":1,"key":"000000000000","nonce":"AAAAAAAAAAAAAAAA","text":""}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, sealed []byte) {
		plain, err := v.Open("s1", sealed)
		if err != nil && (plain != nil || !fault.Is(err, fault.Refused)) || err == nil && string(plain) != text {
			t.Fatalf("%q gives %q, %v", sealed, plain, err)
		}
	})
}
