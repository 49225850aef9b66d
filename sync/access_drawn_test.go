package sync_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/sync"
	"pgregory.net/rapid"
)

// auditor remembers who was active in Omni at each look, and asks who had access, then and
// afterwards.
type auditor struct {
	looks                  []look
	sure, unsure, unlogged int // answers
}

type look struct {
	at     time.Time
	active map[string]bool // by Omni's id
}

// watch looks, and asks about now; at the end about each moment, and those between.
func (a *auditor) watch(w *world, over bool) error {
	l := look{at: time.Now(), active: map[string]bool{}}
	for _, u := range w.omni.Users() {
		l.active[u.ID] = u.Active
	}
	a.looks = append(a.looks, l)
	if !over {
		return a.ask(w, l, false)
	}
	for _, l := range a.looks {
		for _, at := range []time.Time{l.at, l.at.Add(10 * time.Second)} { // nothing happens so soon after a look
			l.at = at
			if err := a.ask(w, l, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// ask fails where the answer isn't what was, or nobody says why it isn't known.
func (a *auditor) ask(w *world, l look, later bool) error {
	engine := w.engine(&life{ctx: w.ctx})
	if l.at.After(time.Now()) {
		return nil
	}
	got, err := engine.Access(w.ctx, sync.AccessQuery{At: l.at})
	if err != nil {
		return err
	}
	if got.Whole != (!got.Since.IsZero() && !l.at.Before(got.Since)) {
		return fmt.Errorf("the log begins at %s, and is whole at %s: %t", got.Since, l.at, got.Whole)
	}
	told := map[string]sync.Having{}
	for _, p := range got.People {
		told[p.OmniID] = p.Access
		switch {
		case p.Access == sync.NoAccess:
			return fmt.Errorf("who had none is listed: %+v", p)
		case p.Access == sync.HadAccess && !l.active[p.OmniID]:
			return fmt.Errorf("had no access at %s, and it is said: %+v", l.at, p)
		case p.Access == sync.HadAccess:
			a.sure++
		case p.Reason == "":
			return fmt.Errorf("nobody says why it isn't known: %+v", p)
		case later && !strings.Contains(p.Reason, "before it was adopted"):
			a.unsure++
		}
	}
	if !got.Whole {
		a.unlogged++
		return nil
	}
	return a.missed(w, l, told)
}

// missed fails where somebody whom this connection made had access, and isn't listed.
func (a *auditor) missed(w *world, l look, told map[string]sync.Having) error {
	if told[""] == sync.NotKnown { // an account that isn't known under its id yet
		return nil
	}
	for _, u := range w.omni.Users() {
		before := u.UserName == "bot@acme.co" || w.stood[u.ID]
		if l.active[u.ID] && !before && told[u.ID] == "" {
			return fmt.Errorf("%s (%s) had access at %s, and isn't listed: %v", u.UserName, u.ID, l.at, told)
		}
	}
	return nil
}

// Of drawn histories, in which the process is killed anywhere and answers are lost, the log
// tells at each moment who had access: at that moment and afterwards, and never wrongly.
func TestAccessAgreesWithOmni(t *testing.T) {
	checks(t, audits)
	sure, unsure, unlogged := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		h, a := drawHistory(rt), &auditor{}
		for i := range h.Acts {
			h.Acts[i].Pause = false // what an overtaken process sent last is in no log
		}
		h.watch = a.watch
		if err := live(t, h, mistake{}); err != nil {
			rt.Fatal(err)
		}
		sure, unsure, unlogged = sure+a.sure, unsure+a.unsure, unlogged+a.unlogged
	})
	t.Logf("%d times somebody had access, %d times it isn't known, %d times the log doesn't reach so far", sure, unsure, unlogged)
	if sure == 0 || unlogged == 0 || unsure*20 > sure {
		t.Errorf("of %d answers %d aren't known", sure+unsure, unsure)
	}
}
