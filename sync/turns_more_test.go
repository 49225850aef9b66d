package sync

import (
	"context"
	"testing"
	"testing/synctest"
)

// Who holds a group and needs its members goes before who waits for the group and
// stands first in the members' lines: else each would wait for the other.
func TestTurnsForMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turns turns
		ctx := context.Background()
		free, err := turns.take(ctx, "group")
		if err != nil {
			t.Fatal(err)
		}
		order := make(chan string, 2)
		go func() {
			done, err := turns.take(ctx, "group", "ada")
			if err == nil {
				order <- "the run"
				done()
			}
		}()
		synctest.Wait()
		more, err := turns.takeMore(ctx, "ada", "bob")
		if err != nil {
			t.Fatal(err)
		}
		order <- "the push"
		more()
		free()
		if first, second := <-order, <-order; first != "the push" || second != "the run" || len(turns.lines) != 0 {
			t.Errorf("%s came before %s, lines %v", first, second, turns.lines)
		}
	})
}
