package sync_test

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/sync"
)

// Names are found by their beginning, in any case of letters: users and groups, what
// fails, what is held, the newest runs.
func TestKnownNames(t *testing.T) {
	p := defaults()
	p.Guard.Deactivations = sync.Limit{Count: 1, Percent: 1}
	simulated(t, p, func(c *company) {
		t := c.t
		ids := c.join("Ann@acme.co", "anton@acme.co", "bob@acme.co", "cat@acme.co", "dan@acme.co")
		c.push("Analysts", ids[0])
		c.push("Sales EMEA", ids[1])
		first := c.run(sync.Full)
		known := sync.NewKnown(c.store)
		names := func(of, prefix string, limit int) []string {
			list, err := known.Names(t.Context(), sync.NamesQuery{Of: of, Prefix: prefix, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, n := range list {
				got = append(got, n.Name+" "+n.About)
			}
			return got
		}
		want := func(got []string, want ...string) {
			t.Helper()
			if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
				t.Error(diff)
			}
		}
		want(names(sync.NamesOfAll, "AN", 0), "Analysts group", "Ann@acme.co user", "anton@acme.co user")
		want(names(sync.NamesOfUsers, "an", 0), "Ann@acme.co user", "anton@acme.co user")
		want(names(sync.NamesOfAll, "", 2), "Analysts group", "Ann@acme.co user")
		want(names(sync.NamesOfAll, "sales e", 0), "Sales EMEA group")
		want(names(sync.NamesOfAll, "x", 0))
		want(names(sync.NamesOfHeld, "", 0))
		want(names(sync.NamesOfFailing, "", 0))

		c.spoil("bob@acme.co", refused)
		c.okta.UpdateProfile(ids[2], map[string]any{"department": "Legal"})
		for _, id := range ids[3:] {
			c.okta.Unassign(id)
		}
		<-time.After(time.Hour)
		second := c.run(sync.Full)
		want(names(sync.NamesOfFailing, "b", 0), "bob@acme.co failed once")
		want(names(sync.NamesOfHeld, "", 0), second.Run+" 2 held, deactivations")
		want(names(sync.NamesOfRuns, "", 0), second.Run+" full, failed", first.Run+" full, done")
		if _, err := known.Names(t.Context(), sync.NamesQuery{Of: "things"}); !fault.Is(err, fault.Refused) {
			t.Errorf("names of things: %v", err)
		}
	})
}

// scanned counts how often all users are read.
type scanned struct {
	state.Store
	times int
	slow  time.Duration
}

func (s *scanned) Scan(ctx context.Context, b state.Bucket) iter.Seq2[state.Entry, error] {
	if b == state.Users {
		s.times++
		<-time.After(s.slow)
	}
	return s.Store.Scan(ctx, b)
}

// The ledger is read once for many questions, anew at most once a minute and only when it
// was written to, and nobody who has names waits for newer ones.
func TestKnownNamesAreKept(t *testing.T) {
	c := newCompany(t, lenient())
	synctest.Test(t, func(t *testing.T) {
		c.t = t
		c.start()
		c.join("ann@acme.co")
		c.run(sync.Full)
		s := &scanned{Store: c.store, slow: 3 * time.Second}
		known := sync.NewKnown(s)
		count := func(ctx context.Context) int {
			list, err := known.Names(ctx, sync.NamesQuery{Of: sync.NamesOfAll})
			if err != nil {
				return -1
			}
			return len(list)
		}
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if n := count(soon); n != -1 {
			t.Errorf("who doesn't wait gets %d names", n)
		}
		for range 3 {
			if n := count(t.Context()); n != 1 || s.times != 1 {
				t.Errorf("%d names, read %d times", n, s.times)
			}
		}
		c.join("bob@acme.co")
		c.run(sync.Full)
		if n := count(t.Context()); n != 1 || s.times != 1 {
			t.Errorf("within a minute %d names, read %d times", n, s.times)
		}
		<-time.After(time.Minute)
		began := time.Now()
		if n := count(t.Context()); n != 1 || time.Since(began) > 0 {
			t.Errorf("after a minute %d names within %s", n, time.Since(began))
		}
		<-time.After(4 * time.Second)
		if n := count(t.Context()); n != 2 || s.times != 2 {
			t.Errorf("then %d names, read %d times", n, s.times)
		}
		<-time.After(time.Hour)
		if count(t.Context()); s.times != 2 {
			t.Errorf("a ledger that nobody wrote to is read %d times", s.times)
		}
	})
}

// BenchmarkKnownNames reads the names of 100,000 users from a ledger in a file, and then
// looks one up in memory.
func BenchmarkKnownNames(b *testing.B) {
	store := benchLedger(b)
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			lookUp(b, sync.NewKnown(store))
		}
	})
	known := sync.NewKnown(store)
	lookUp(b, known)
	b.Run("then", func(b *testing.B) {
		for b.Loop() {
			lookUp(b, known)
		}
	})
}

func lookUp(b *testing.B, k *sync.Known) {
	b.Helper()
	names, err := k.Names(b.Context(), sync.NamesQuery{Of: sync.NamesOfAll, Prefix: "person0999", Limit: 200})
	if err != nil || len(names) != 100 {
		b.Fatalf("%d names, %v", len(names), err)
	}
}

func benchLedger(b *testing.B) store {
	b.Helper()
	s, err := bolt.Open(filepath.Join(b.TempDir(), "ledger.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	fence, err := s.Acquire(b.Context(), "bench", time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	region := identity.Value(`"emea"`)
	for part := range 50 {
		var batch state.Batch
		for i := range 2000 {
			n := part*2000 + i
			state.PutUser(&batch, identity.OktaID(fmt.Sprintf("00u%07d", n)), state.User{Omni: identity.OmniID(fmt.Sprintf("d5688a52-d55a-42ec-8aea-%012d", n)), Active: true,
				User: identity.User{UserName: fmt.Sprintf("person%06d@acme.co", n), DisplayName: "A Name", Attributes: map[string]identity.Value{"region": region, "department": region}}})
		}
		if err := s.Apply(b.Context(), fence, batch); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// What was being read when the names were dropped isn't believed: one of them isn't to be
// told any more.
func TestKnownNamesAreDropped(t *testing.T) {
	c := newCompany(t, lenient())
	synctest.Test(t, func(t *testing.T) {
		c.t = t
		c.start()
		c.join("ann@acme.co")
		c.run(sync.Full)
		s := &scanned{Store: c.store, slow: 3 * time.Second}
		known := sync.NewKnown(s)
		names := func(patience time.Duration) int {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			list, err := known.Names(ctx, sync.NamesQuery{Of: sync.NamesOfAll})
			if err != nil {
				return -1
			}
			return len(list)
		}
		if n := names(time.Second); n != -1 {
			t.Fatalf("%d names at once", n)
		}
		known.Drop()
		<-time.After(4 * time.Second) // the reading that began before is over
		if n := names(time.Second); n != -1 {
			t.Errorf("what was dropped is told: %d names", n)
		}
		if n := names(time.Minute); n != 1 || s.times != 2 {
			t.Errorf("then %d names, read %d times", n, s.times)
		}
	})
}
