package statetest

import (
	"fmt"
	"testing"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// benchUsers is how many users the benchmarks have in the ledger.
const benchUsers = 100_000

// Bench measures a store: reading and decoding a whole ledger of 100,000 users,
// one user's record, one small batch and one of 5,000 writes.
func Bench(b *testing.B, open func(b *testing.B) Store) {
	s := open(b)
	f, err := s.Acquire(b.Context(), "bench", long)
	if err != nil {
		b.Fatal(err)
	}
	batches := make([]state.Batch, benchUsers/5000)
	for i := range benchUsers {
		state.Put(&batches[i/5000], state.Users, benchKey(i), benchUser(i))
	}
	for _, batch := range batches {
		if err := s.Apply(b.Context(), f, batch); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("all 100000 users", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for _, err := range state.All[state.User](b.Context(), s, state.Users) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != benchUsers {
				b.Fatalf("%d users", n)
			}
		}
	})
	b.Run("scan of 100000 users", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, err := range s.Scan(b.Context(), state.Users) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := s.Get(b.Context(), state.Users, benchKey(benchUsers/2)); err != nil {
				b.Fatal(err)
			}
		}
	})
	one := state.Batch{}
	state.Put(&one, state.Users, benchKey(0), benchUser(0))
	state.Add(&one, state.Log, state.Change{Kind: "user.update", UserName: benchUser(0).UserName})
	benchApply(b, "apply of one", s, f, one)
	benchApply(b, "apply of 5000", s, f, batches[0])
}

func benchApply(b *testing.B, name string, s Store, f state.Fence, batch state.Batch) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			if err := s.Apply(b.Context(), f, batch); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchKey(i int) string { return fmt.Sprintf("00u%017d", i) }

func benchUser(i int) state.User {
	u := state.User{Omni: identity.OmniID(fmt.Sprintf("6f1f0f9e-0000-4000-8000-%012d", i)), Active: true, Link: state.Created, Account: "ACTIVE"}
	u.UserName = fmt.Sprintf("person.%d@example.com", i)
	u.DisplayName = fmt.Sprintf("Person %d", i)
	u.Attributes = map[string]identity.Value{"department": `"Sales"`, "region": `["emea","us"]`}
	return u
}
