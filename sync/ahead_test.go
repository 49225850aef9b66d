package sync

import (
	"errors"
	"iter"
	"slices"
	"testing"
)

// numbers gives 0 to n-1, then err where there is one, and counts who was asked for.
func numbers(n int, err error, asked *int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			*asked++
			if !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(0, err)
		}
	}
}

func TestAheadGivesTheSame(t *testing.T) {
	broken := errors.New("broken")
	for _, n := range []int{0, 1, 5, 100} {
		var got []int
		var last error
		asked := 0
		for v, err := range ahead(numbers(n, broken, &asked), 3) {
			if last = err; err == nil {
				got = append(got, v)
			}
		}
		if !slices.IsSorted(got) || len(got) != n || !errors.Is(last, broken) {
			t.Errorf("%d numbers: got %v and %v", n, got, last)
		}
	}
}

// Who leaves early isn't followed: the list is asked for a few more at most.
func TestAheadStops(t *testing.T) {
	asked := 0
	for v := range ahead(numbers(1_000_000, nil, &asked), 3) {
		if v == 10 {
			break
		}
	}
	if asked > 10+1+3+2 {
		t.Errorf("%d were asked for after the reader had left at 10", asked)
	}
}
