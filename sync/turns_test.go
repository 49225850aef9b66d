package sync

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// empty makes sure that nobody is left in a line.
func (t *turns) empty(r interface{ Errorf(string, ...any) }) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) != 0 {
		r.Errorf("lines are left: %v", t.lines)
	}
}

// Whoever comes first has an object first, also where somebody needs several.
func TestTurnsInOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var line turns
		var mu sync.Mutex
		var order []string
		work := func(name string, subjects ...string) {
			go func() {
				done, err := line.take(t.Context(), subjects...)
				if err != nil {
					t.Error(err)
					return
				}
				defer done()
				<-time.After(time.Second)
				mu.Lock()
				defer mu.Unlock()
				order = append(order, name)
			}()
			synctest.Wait()
		}
		work("first", "a")
		work("both", "a", "b", "a")
		work("third", "b")
		work("aside", "c")
		work("last", "a")
		<-time.After(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if got := fmt.Sprint(order); got != "[first aside both third last]" && got != "[aside first both third last]" &&
			got != "[first aside both last third]" && got != "[aside first both last third]" {
			t.Errorf("they were done in the order %s", got)
		}
		line.empty(t)
	})
}

// Who goes away leaves no gap, whether its turn had come or not.
func TestTurnsOfWhoGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var line turns
		first, err := line.take(t.Context(), "a", "b")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := line.take(ctx, "a"); err == nil {
			t.Fatal("two have one object")
		}
		first()
		first() // a second time is nothing
		done, err := line.take(t.Context(), "b", "a")
		if err != nil {
			t.Fatal(err)
		}
		done()
		line.empty(t)
	})
}

// Drawn crowds: nobody shares an object, everybody gets their turn.
func TestTurnsExclude(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		claims := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 1, 4), 1, 20).Draw(r, "claims")
		var line turns
		var mu sync.Mutex
		held, wrong := map[string]int{}, []string{}
		var all sync.WaitGroup
		for i, subjects := range claims {
			all.Go(func() {
				done, err := line.take(context.Background(), subjects...)
				if err != nil {
					return
				}
				mu.Lock()
				for _, s := range slices.Compact(slices.Sorted(slices.Values(subjects))) {
					if by, taken := held[s]; taken {
						wrong = append(wrong, fmt.Sprintf("%d and %d share %s", by, i, s))
					}
					held[s] = i
				}
				mu.Unlock()
				mu.Lock()
				for _, s := range subjects {
					delete(held, s)
				}
				mu.Unlock()
				done()
			})
		}
		all.Wait()
		if len(wrong) > 0 {
			r.Fatal(wrong)
		}
		line.empty(r)
	})
}

// Who has a turn and needs more goes before those who wait for both: otherwise each
// would wait for the other.
func TestTurnsForWhoHasOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var line turns
		group, err := line.take(t.Context(), "group")
		if err != nil {
			t.Fatal(err)
		}
		second := make(chan error, 1)
		go func() {
			done, err := line.take(t.Context(), "group", "user")
			if err == nil {
				done()
			}
			second <- err
		}()
		synctest.Wait()
		user, err := line.takeMore(t.Context(), "user")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := line.takeMore(ctx, "user"); err == nil {
			t.Error("two have one object")
		}
		user()
		group()
		if err := <-second; err != nil {
			t.Error(err)
		}
		line.empty(t)
	})
}

// Among those who have a turn and need more, who comes first is first.
func TestTurnsForWhoHaveOneInOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var line turns
		first, err := line.take(t.Context(), "user")
		if err != nil {
			t.Fatal(err)
		}
		order := make(chan int, 5)
		for i := range cap(order) {
			go func() {
				done, err := line.takeMore(t.Context(), "user")
				if err != nil {
					t.Error(err)
					return
				}
				order <- i
				<-time.After(time.Second)
				done()
			}()
			synctest.Wait()
		}
		first()
		<-time.After(time.Minute)
		for i := range cap(order) {
			if got := <-order; got != i {
				t.Errorf("the turn %d was of %d", i, got)
			}
		}
		line.empty(t)
	})
}
