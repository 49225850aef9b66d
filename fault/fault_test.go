package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/omnisync/omnisync/fault"
)

func TestKindsAndHints(t *testing.T) {
	inner := &fault.Error{Kind: fault.Unauthorized, Op: "list users", Detail: "401", Hint: "make a new key"}
	outer := fmt.Errorf("run: %w", &fault.Error{Kind: fault.Doubt, Op: "read", Err: inner})
	if got := fault.KindOf(outer); got != fault.Doubt {
		t.Errorf("the outermost kind is %s", got)
	}
	if got := fault.HintOf(outer); got != "make a new key" {
		t.Errorf("the hint is %q", got)
	}
	if got := outer.Error(); got != "run: read: list users: 401" {
		t.Errorf("it reads %q", got)
	}
	if plain := errors.New("x"); fault.KindOf(plain) != fault.Other || fault.HintOf(plain) != "" || fault.Is(nil, fault.Other) {
		t.Error("an error that nobody classified has a kind or a hint")
	}
	if got := fault.Limited.String() + " " + fault.Kind(99).String(); got != "limited Kind(99)" {
		t.Errorf("the words are %q", got)
	}
}
