package bolt_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
)

// otherPath names the file that a second process of this test binary holds.
const otherPath = "BOLT_TEST_HOLD"

// TestMain is also the second process: it opens the file, says so, and waits
// for the end of its input, or to be killed.
func TestMain(m *testing.M) {
	path := os.Getenv(otherPath)
	if path == "" {
		os.Exit(m.Run())
	}
	if _, err := bolt.Open(path); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// TestCrash has another process hold the file and crash.
func TestCrash(t *testing.T) {
	path := ledgerPath(t)
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), otherPath+"="+path)
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	_, err = bolt.Open(path)
	if !fault.Is(err, fault.Fenced) || !strings.Contains(err.Error(), fmt.Sprintf("pid %d on ", other.Process.Pid)) {
		t.Errorf("error %v is %q, want the other's pid", err, fault.KindOf(err))
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait()
	if pid := ownerPID(t, path); pid != other.Process.Pid {
		t.Errorf("the owner is %d, want the dead %d", pid, other.Process.Pid)
	}
	open(t, path)
	if pid := ownerPID(t, path); pid != os.Getpid() {
		t.Errorf("the owner is %d, want %d", pid, os.Getpid())
	}
}

func TestSecondOpen(t *testing.T) {
	path := ledgerPath(t)
	first := open(t, path)
	begun := time.Now()
	_, err := bolt.Open(path)
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Fenced || e.Hint == "" {
		t.Fatalf("error %v is %q", err, fault.KindOf(err))
	}
	host, _ := os.Hostname()
	if want := fmt.Sprintf("pid %d on %s has it since 2", os.Getpid(), host); !strings.HasPrefix(e.Detail, want) {
		t.Errorf("detail %q, want %q...", e.Detail, want)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s to be refused", took)
	}
	if ownerPID(t, path) != os.Getpid() {
		t.Error("the refused one changed the owner")
	}
	if err := os.Remove(path + ".owner"); err != nil {
		t.Fatal(err)
	}
	if _, err = bolt.Open(path); !fault.Is(err, fault.Fenced) {
		t.Errorf("without the owner's file: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Errorf("close without the owner's file: %v", err)
	}
	open(t, path)
}

func TestCloseTwiceLeavesTheNextOwner(t *testing.T) {
	path := ledgerPath(t)
	first := open(t, path)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".owner"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the owner's file after Close: %v", err)
	}
	open(t, path)
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	ownerPID(t, path)
}

func TestModes(t *testing.T) {
	path := ledgerPath(t)
	open(t, path)
	for _, p := range []string{path, path + ".owner"} {
		info, err := os.Stat(p)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v; want 0600", p, info.Mode(), err)
		}
	}
}

// TestReopen shows what a restart keeps: all but the lease.
func TestReopen(t *testing.T) {
	path := ledgerPath(t)
	s := open(t, path)
	f := acquire(t, s)
	if err := s.Apply(t.Context(), f, oneUser()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	if v, ok, err := s.Get(t.Context(), state.Users, "00u1"); err != nil || !ok || string(v) != "x" {
		t.Errorf("the record is %q, %t, %v", v, ok, err)
	}
	if list, err := s.Tail(t.Context(), state.Log, 5); err != nil || len(list) != 1 {
		t.Errorf("the log is %q, %v", list, err)
	}
	if h, err := s.Holder(t.Context()); h != "" || err != nil {
		t.Errorf("the holder is %q, %v", h, err)
	}
	if err := s.Apply(t.Context(), f, oneUser()); !fault.Is(err, fault.Fenced) {
		t.Errorf("the old fence gives %v", err)
	}
	g := acquire(t, s)
	epoch, one, _ := strings.Cut(string(f), ":")
	if string(f) != epoch+":"+one || one != "1" || string(g) != epoch+":2" {
		t.Errorf("the fences are %q and %q, want one epoch and counts 1 and 2", f, g)
	}
}

func TestEpochsDiffer(t *testing.T) {
	f, g := acquire(t, open(t, ledgerPath(t))), acquire(t, open(t, ledgerPath(t)))
	if f == g {
		t.Errorf("two ledgers have the fence %q", f)
	}
}

// TestNoLedger opens what isn't a ledger: each is refused, with advice, and left as it is.
func TestNoLedger(t *testing.T) {
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"a short text":        {[]byte("syncd:\n  name: x\n"), "not a ledger"},
		"a long text":         {bytes.Repeat([]byte("some text\n"), 10_000), "not a ledger"},
		"one page":            {bytes.Repeat([]byte{1}, 4096), ""},
		"two pages of zeroes": {make([]byte, 8192), "not a ledger"},
		"somebody's bbolt":    {boltFile(t, "things", "k", "v"), "not a ledger"},
		"a newer form":        {boltFile(t, "ledger", "form", "3"), "the ledger has form 3, which needs a later syncd; this one reads forms up to 2"},
		"no form":             {boltFile(t, "ledger", "form", "x"), "no syncd writes"},
		"no epoch":            {boltFile(t, "ledger", "form", "1"), "no epoch"},
	} {
		t.Run(name, func(t *testing.T) {
			path := ledgerPath(t)
			if err := os.WriteFile(path, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 { // a failed Open keeps no lock
				s, err := bolt.Open(path)
				if err == nil {
					_ = s.Close()
					t.Fatal("it opened")
				}
				if fault.Is(err, fault.Fenced) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.says) || fault.HintOf(err) == "" {
					t.Errorf("error %v (%s), hint %q; want the path and %q", err, fault.KindOf(err), fault.HintOf(err), c.says)
				}
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, c.content) {
				t.Errorf("the file was changed: %d bytes, %v", len(after), err)
			}
			if _, err := os.Stat(path + ".owner"); err == nil {
				t.Error("an owner's file was left")
			}
		})
	}
}

func TestEmptyFileBecomesALedger(t *testing.T) {
	path := ledgerPath(t)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	acquire(t, open(t, path))
}

func TestBadPlaces(t *testing.T) {
	dir := t.TempDir()
	if _, err := bolt.Open(filepath.Join(dir, "none", "ledger.db")); fault.HintOf(err) != "make its directory first" {
		t.Errorf("a missing directory gives %v, hint %q", err, fault.HintOf(err))
	}
	if s, err := bolt.Open(dir); err == nil {
		_ = s.Close()
		t.Error("a directory was opened")
	}
	path := filepath.Join(dir, "ledger.db")
	if err := os.Mkdir(path+".owner", 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := bolt.Open(path); err == nil || fault.Is(err, fault.Fenced) {
			t.Errorf("an owner's file that can't be written gives %v", err)
		}
	}
}

// boltFile is a bbolt file with one key in one bucket, besides the empty
// buckets that a ledger has.
func boltFile(t *testing.T, bucket, key, value string) []byte {
	t.Helper()
	path := ledgerPath(t)
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range []string{"buckets", "streams", bucket} {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return tx.Bucket([]byte(bucket)).Put([]byte(key), []byte(value))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func ownerPID(t *testing.T, path string) int {
	t.Helper()
	raw, err := os.ReadFile(path + ".owner")
	if err != nil {
		t.Fatal(err)
	}
	var o struct {
		PID   int       `json:"pid"`
		Host  string    `json:"host"`
		Since time.Time `json:"since"`
	}
	if err := json.Unmarshal(raw, &o); err != nil || o.Host == "" || o.Since.IsZero() {
		t.Fatalf("the owner's file has %s: %v", raw, err)
	}
	return o.PID
}

func acquire(t testing.TB, s *bolt.Store) state.Fence {
	t.Helper()
	f, err := s.Acquire(t.Context(), "me", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func oneUser() state.Batch {
	return state.Batch{
		Writes:  []state.Write{{Bucket: state.Users, Key: "00u1", Value: []byte("x")}},
		Appends: []state.Append{{Stream: state.Log, Value: []byte("x")}},
	}
}
