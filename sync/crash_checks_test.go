package sync_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// violated keeps the first thing that must not be.
func (w *world) violated(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wrong == nil {
		w.wrong = fmt.Errorf(format, args...)
	}
}

// wrote is told of each write that the ledger took.
func (w *world) wrote(l *life) {
	l.mu.Lock()
	overtaken := l.overtaken
	l.mu.Unlock()
	if overtaken {
		w.violated("an overtaken writer wrote the ledger")
	}
}

// asked is told of each request that Omni got.
func (w *world) asked(l *life, r *http.Request, answer *http.Response) {
	if r.Method == http.MethodGet {
		return
	}
	l.mu.Lock()
	late := l.overtaken && answer != nil && answer.StatusCode < 300
	if late {
		l.late++
	}
	l.mu.Unlock()
	if late && r.Method == http.MethodPut {
		w.movedLate(r.URL.Path)
	}
	w.look()
	w.lookAtEstates()
}

// look remembers all that stands in Omni now.
func (w *world) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := map[string]string{}
	for _, u := range w.omni.Users() {
		ids[u.UserName] = u.ID
		w.facts[fmt.Sprint(u.ID, " is called ", u.UserName)] = true
		w.facts[fmt.Sprint(u.ID, " is active: ", u.Active)] = true
		w.facts[fmt.Sprint(u.ID, " is in ", department(u.Attributes["department"]))] = true
		if w.active[u.ID] && !u.Active {
			w.ended[u.ID]++
		}
		w.active[u.ID] = u.Active
	}
	for _, g := range w.omni.Groups() {
		w.facts[fmt.Sprint(g.ID, " is called ", g.DisplayName)] = true
		for _, name := range g.Members {
			w.facts[fmt.Sprint(g.ID, " has ", ids[name])] = true
		}
	}
}

func department(values []string) string {
	if len(values) == 0 {
		return "-"
	}
	return values[0]
}

// recorded is the ledger.
type recorded struct {
	users    map[string]state.User
	groups   map[string]state.Group
	members  map[string]map[string]state.Member
	owners   map[string]string // Okta ids by Omni id, users and groups
	intended map[string]bool   // folded names of open intents
}

func (w *world) ledger() (recorded, error) {
	r := recorded{map[string]state.User{}, map[string]state.Group{}, map[string]map[string]state.Member{}, map[string]string{}, map[string]bool{}}
	for e, err := range state.All[state.User](w.ctx, w.store, state.Users) {
		if err != nil {
			return r, err
		}
		r.users[e.Key] = e.Value
		if e.Value.Omni == "" {
			r.intended[fold(e.Value.UserName)] = true
			continue
		}
		if other := r.owners[string(e.Value.Omni)]; other != "" {
			return r, fmt.Errorf("%s and %s are both linked to Omni's %s", e.Key, other, e.Value.Omni)
		}
		r.owners[string(e.Value.Omni)] = e.Key
	}
	for e, err := range state.All[state.Group](w.ctx, w.store, state.Groups) {
		if err != nil {
			return r, err
		}
		r.groups[e.Key], r.owners[string(e.Value.Omni)] = e.Value, e.Key
		r.members[e.Key] = map[string]state.Member{}
		for m, err := range state.All[state.Member](w.ctx, w.store, state.Members(identity.GroupID(e.Key))) {
			if err != nil {
				return r, err
			}
			r.members[e.Key][m.Key] = m.Value
		}
	}
	return r, nil
}

// ahead fails where the ledger has what never stood in Omni, or takes for a
// stranger's what we made.
func (w *world) ahead() error {
	r, err := w.ledger()
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var facts []string
	for id, u := range r.users {
		if u.Omni == "" {
			continue
		}
		facts = append(facts, fmt.Sprint(u.Omni, " is called ", u.UserName), fmt.Sprint(u.Omni, " is active: ", u.Active))
		if v, ok := u.Attributes["department"]; ok {
			facts = append(facts, fmt.Sprint(u.Omni, " is in ", strings.Trim(string(v), `"`)))
		}
		if !w.history.Repeats && u.Link == state.Adopted && slices.Index(w.people, id) >= w.history.Accounts {
			return fmt.Errorf("%s, whom we made, is taken for one that stood in Omni before", u.UserName)
		}
	}
	for id, g := range r.groups {
		if g.Omni == "" {
			continue
		}
		facts = append(facts, fmt.Sprint(g.Omni, " is called ", g.DisplayName))
		for u, m := range r.members[id] {
			if m.Omni == state.Present {
				facts = append(facts, fmt.Sprint(g.Omni, " has ", r.users[u].Omni))
			}
		}
		if !w.history.Repeats && g.Link == state.Adopted && slices.Index(w.groups, id) >= w.history.Teams && !w.unpushed[id] {
			return fmt.Errorf("group %s, which we made, is taken for one that stood in Omni before", g.DisplayName)
		}
	}
	for _, fact := range facts {
		if !w.facts[fact] {
			return fmt.Errorf("the ledger is ahead of Omni: %s", fact)
		}
	}
	return w.wrong
}

// converged fails unless Omni has what Okta says, whatever isn't managed is as it
// was, and nothing was made or ended twice.
func (w *world) converged() error {
	r, err := w.ledger()
	if err != nil {
		return err
	}
	if now := w.unmanaged(); !slices.Equal(now, w.initial) {
		return fmt.Errorf("what isn't managed was %q and is %q", w.initial, now)
	}
	return errors.Join(w.ahead(), w.usersConverged(r), w.groupsConverged(r), w.endedOnce(), w.nothingLost())
}

// unmanaged tells what is nobody's business of ours.
func (w *world) unmanaged() []string {
	var list []string
	for _, u := range w.omni.Users() {
		if u.UserName == "bot@acme.co" {
			u.Groups = nil // they are looked at themselves, and may have other names now
			list = append(list, fmt.Sprint(u))
		}
	}
	board, _ := w.omni.Group("Board")
	return append(list, fmt.Sprint(board))
}

func (w *world) usersConverged(r recorded) error {
	assigned := w.okta.Assigned()
	for id, name := range assigned {
		u, ok := w.omni.User(name)
		if !ok || !u.Active || r.owners[u.ID] != id {
			return fmt.Errorf("Okta assigns %s, Omni has %+v, linked to %q", name, u, r.owners[u.ID])
		}
	}
	for _, u := range w.omni.Users() {
		id := r.owners[u.ID]
		_, wanted := assigned[id]
		switch {
		case u.UserName == "bot@acme.co" || wanted:
		case id == "" && (w.stranger(u.UserName) || r.intended[fold(u.UserName)]):
		case id == "":
			return fmt.Errorf("%s stands in Omni (active: %t) and is linked to nobody", u.UserName, u.Active)
		case u.Active && !(w.history.Suspended == "keep" && w.okta.Status(id) == "SUSPENDED"):
			return fmt.Errorf("%s is active in Omni; Okta says %s, not assigned", u.UserName, w.okta.Status(id))
		}
	}
	return nil
}

// stranger tells whether the name is of an account that stood in Omni before.
func (w *world) stranger(name string) bool {
	for i := range w.history.Accounts {
		if name == personName(i) {
			return true
		}
	}
	return false
}

func (w *world) groupsConverged(r recorded) error {
	names, pushed, assigned := w.okta.Groups(), w.okta.Pushed(), w.okta.Assigned()
	for id := range pushed {
		g, ok := w.omni.Group(names[id])
		if !ok || r.owners[g.ID] != id {
			return fmt.Errorf("Okta pushes group %s, Omni has %+v, linked to %q", names[id], g, r.owners[g.ID])
		}
		var want, have []string
		for _, u := range w.okta.MembersOf(id) {
			if name, ok := assigned[u]; ok {
				want = append(want, fold(name))
			}
		}
		for _, m := range g.Members {
			u, _ := w.omni.User(m)
			if _, ok := assigned[r.owners[u.ID]]; ok {
				have = append(have, fold(m))
			}
		}
		slices.Sort(want)
		slices.Sort(have)
		if !slices.Equal(want, have) {
			return fmt.Errorf("Okta's group %s has %v, Omni's has %v", names[id], want, have)
		}
		if i := slices.Index(w.groups, id); i < w.history.Teams && g.ID == w.teamBefore(i) && !slices.Contains(g.Members, "bot@acme.co") {
			return fmt.Errorf("the unmanaged member of %s is gone", names[id])
		}
	}
	return w.noSpareGroups(r, pushed)
}

func (w *world) teamBefore(i int) string { return w.before[fmt.Sprintf("G%d", i)] }

// noSpareGroups fails where a group stands in Omni that is neither pushed, nor
// was let go of, nor stood there before.
func (w *world) noSpareGroups(r recorded, pushed map[string]string) error {
	kept := w.history.OnUnpush == "keep" && len(w.unpushed) > 0
	for _, g := range w.omni.Groups() {
		id := r.owners[g.ID]
		if _, wanted := pushed[id]; wanted || kept || w.before[g.DisplayName] == g.ID {
			continue
		}
		return fmt.Errorf("group %s stands in Omni, is linked to %q, and nobody pushes it", g.DisplayName, id)
	}
	return nil
}

// endedOnce fails when memberships ended more often than Okta gave a reason.
func (w *world) endedOnce() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, times := range w.ended {
		n += times
	}
	if n > w.left && !w.overtook {
		return fmt.Errorf("Okta took access away %d times, Omni %d times: %v", w.left, n, w.ended)
	}
	return nil
}
