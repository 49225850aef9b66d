package main

import (
	"bytes"
	"strings"
	"testing"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// The demo's day ends with its checked summary.
func TestDemo(t *testing.T) {
	var out, errs bytes.Buffer
	a := &app{shell: shell{Out: &out, Err: &errs}}
	if err := a.demo(t.Context(), found(), 0); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), errs.String())
	}
	for _, want := range []string{"held", "approved 6 held", "ok     the last run wrote nothing", "nothing to do, nothing written"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the story doesn't say %q:\n%s", want, out.String())
		}
	}
}

// A difference that somebody plants behind the demo's back is found.
func TestDemoFindsADifference(t *testing.T) {
	c := found()
	d := &day{company: c, out: &bytes.Buffer{}, schedules: len(c.omni.Schedules())}
	u, _ := c.omni.User(c.guest.UserName)
	c.omni.EditUser(u.ID, func(u *simomni.User) { u.DisplayName = "Somebody else" })
	failed := 0
	for _, check := range d.check() {
		if !check.OK {
			failed++
		}
	}
	if failed == 0 {
		t.Error("the outsider was changed and nobody assigned is there, but every check passes")
	}
}
