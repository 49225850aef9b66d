package omni

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRollIsAnOrderedSet plays the same steps on a roll and on a plain slice.
func TestRollIsAnOrderedSet(t *testing.T) {
	const n = 60
	elements := make([]int, n)
	random := rand.New(rand.NewPCG(1, 2))
	var r roll[int]
	var plain []*int
	for step := range 20_000 {
		x := &elements[random.IntN(n)]
		at := slices.Index(plain, x)
		if random.IntN(2) == 0 {
			if at < 0 {
				plain = append(plain, x)
			}
			if r.add(x) != (at < 0) {
				t.Fatalf("step %d: add tells the wrong thing", step)
			}
		} else {
			if at >= 0 {
				plain = slices.Delete(plain, at, at+1)
			}
			if r.remove(x) != (at >= 0) {
				t.Fatalf("step %d: remove tells the wrong thing", step)
			}
		}
		if r.has(x) != slices.Contains(plain, x) || r.len() != len(plain) {
			t.Fatalf("step %d: %d elements, want %d", step, r.len(), len(plain))
		}
		if step%7 == 0 && !slices.Equal(r.list(), plain) {
			t.Fatalf("step %d: order differs", step)
		}
	}
}

func TestRollCanChangeWhileItIsWalked(t *testing.T) {
	elements := make([]int, 50)
	var r roll[int]
	for i := range elements {
		elements[i] = i
		r.add(&elements[i])
	}
	var walked []int
	for x := range r.all() {
		walked = append(walked, *x)
		r.remove(x)
		if len(walked) == 20 {
			break
		}
	}
	if got := fmt.Sprint(walked[0], walked[19], r.len()); got != "0 19 30" {
		t.Errorf("walked %s, want 0 19 30", got)
	}
	for x := range r.all() {
		r.remove(x)
	}
	if r.len() != 0 || len(r.list()) != 0 {
		t.Errorf("%d elements are left", r.len())
	}
}
