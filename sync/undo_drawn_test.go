package sync_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"pgregory.net/rapid"
)

// spoiling is a drawn mistake in Okta, and how its undoing is disturbed.
type spoiling struct {
	Before, Acts []spoil // before the run that is undone, and what it follows
	Revoked      int     // what Omni does with who is inactive
	Killed       int     // at which write of the undo the process dies; 0: it doesn't
	Lost         bool    // the answer to that write is lost, though it was done
	Twice        bool    // the undo itself is undone, and that too
}

// spoil is one thing that somebody does in Okta.
type spoil struct {
	Do   string
	A, B int
}

func drawSpoiling(t *rapid.T) spoiling {
	act := rapid.Custom(func(t *rapid.T) spoil {
		return spoil{Do: rapid.SampledFrom([]string{"join", "leave", "come back", "profile", "rename", "put in", "take out", "rename group", "push", "unpush"}).Draw(t, "do"),
			A: rapid.IntRange(0, 7).Draw(t, "a"), B: rapid.IntRange(0, 2).Draw(t, "b")}
	})
	return spoiling{Before: rapid.SliceOfN(act, 0, 6).Draw(t, "before"), Acts: rapid.SliceOfN(act, 1, 12).Draw(t, "acts"), Revoked: rapid.IntRange(0, 2).Draw(t, "revoked"),
		Killed: rapid.IntRange(0, 6).Draw(t, "killed"), Lost: rapid.Bool().Draw(t, "lost"), Twice: rapid.Bool().Draw(t, "twice")}
}

// firm is a company whose Okta is spoilt.
type firm struct {
	*company
	ids, groups []string
	mappings    map[string]string   // of those that are pushed
	called      map[string][]string // every name of a group
	news        int
}

func (f *firm) add(group, mapping, name string) {
	f.groups = append(f.groups, group)
	f.mappings[group], f.called[group] = mapping, []string{name}
}

func (f *firm) do(s spoil) {
	id, g := f.ids[s.A%len(f.ids)], f.groups[s.B%len(f.groups)]
	switch s.Do {
	case "join":
		f.news++
		f.ids = append(f.ids, f.join(fmt.Sprintf("new%02d@acme.co", f.news))...)
	case "leave":
		f.okta.Unassign(id)
	case "come back":
		f.okta.Assign(id, simokta.AssignOptions{})
	case "profile":
		f.okta.UpdateProfile(id, map[string]any{"department": []any{"Board", "Legal", nil}[s.B]})
	case "rename":
		f.news++
		f.okta.SetUserName(id, fmt.Sprintf("renamed%02d@acme.co", f.news))
	case "put in":
		f.okta.AddMembers(g, id)
	case "take out":
		f.okta.RemoveMember(g, id)
	case "rename group":
		f.news++
		name := fmt.Sprintf("Group %02d", f.news)
		f.okta.RenameGroup(g, name)
		f.called[g] = append(f.called[g], name)
	case "push":
		f.news++
		made, mapping := f.push(fmt.Sprintf("Group %02d", f.news), id)
		f.add(made, mapping, fmt.Sprintf("Group %02d", f.news))
	case "unpush":
		if mapping := f.mappings[g]; mapping != "" {
			f.okta.Unpush(mapping)
			delete(f.mappings, g)
		}
	}
}

// stands is Omni as people have it: who is active with which values, and who is in which group.
type stands struct {
	users map[string]string // by userName
	teams map[string][]string
}

func (f *firm) stands() stands {
	s := stands{users: map[string]string{}, teams: map[string][]string{}}
	active := map[string]bool{}
	for _, u := range f.omni.Users() {
		if u.Active {
			active[u.UserName] = true
			s.users[u.UserName] = fmt.Sprintf("%q %v", u.DisplayName, u.Attributes)
		}
	}
	for _, g := range f.omni.Groups() {
		s.teams[g.DisplayName] = slices.DeleteFunc(slices.Clone(g.Members), func(m string) bool { return !active[m] })
	}
	return s
}

// spared names whom and what an undo says that it leaves, by name and id.
func spared(r sync.Report) map[string]bool {
	names := map[string]bool{}
	for _, c := range r.Changes {
		if c.State == state.Kept && !strings.Contains(c.Reason, "deleted with the membership") || c.State == state.Failed { // such as where Omni brings nobody back
			names[identity.FoldUserName(c.UserName+c.Group)] = true
			for _, f := range []*state.Facts{c.Before, c.After} {
				if f != nil {
					names[identity.FoldUserName(f.UserName)], names[identity.FoldUserName(f.DisplayName)] = true, true
				}
			}
		}
	}
	delete(names, "")
	return names
}

// differs tells the first thing that isn't as it was and that nobody named.
func (was stands) differs(is stands, named map[string]bool) string {
	for name, values := range was.users {
		if is.users[name] != values && !named[name] {
			return fmt.Sprintf("%s was %s and is %s", name, values, is.users[name])
		}
	}
	for name := range is.users {
		if _, before := was.users[name]; !before && !named[name] {
			return name + " wasn't there"
		}
	}
	for name, members := range was.teams {
		there, is := is.teams[name]
		if named[identity.FoldUserName(name)] {
			continue
		}
		back := func(m string) bool { return named[m] }
		if !is || !slices.Equal(slices.DeleteFunc(slices.Clone(members), back), slices.DeleteFunc(slices.Clone(there), back)) {
			return fmt.Sprintf("group %s had %v and has %v", name, members, there)
		}
	}
	for name, members := range is.teams {
		if _, before := was.teams[name]; !before && named[identity.FoldUserName(name)] && len(members) > 0 && strings.HasPrefix(name, "Group") {
			return fmt.Sprintf("group %s wasn't there, and has %v", name, members)
		}
	}
	return ""
}

// undoing undoes the run, through the death of the process where one was drawn.
func (f *firm) undoing(s spoiling, run string) sync.Report {
	f.t.Helper()
	r := sync.Request{Kind: sync.Undo, Subject: run, By: "ann", Cause: sync.CauseCommand}
	if s.Killed > 0 {
		ctx, cancel := context.WithCancel(f.t.Context())
		fault := sim.Fault{Method: "PATCH", Skip: s.Killed - 1, Times: 1, Do: dies(cancel, s.Lost)}
		f.omniFaults.Add(fault)
		_, _ = f.engine.Pass(ctx, r)
		cancel()
		f.omniFaults.Clear()
		f.start()
		<-time.After(time.Minute)
	}
	return f.pass(r)
}

// dies ends the process with a request, which was done or not.
func dies(end func(), done bool) sim.Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if done {
				next.ServeHTTP(httptest.NewRecorder(), r)
			}
			end()
			panic(http.ErrAbortHandler)
		})
	}
}

// Whatever a run did is undone as far as Omni allows, what can't be is named, and the next
// runs change nothing; let go of, all becomes as Okta has it.
func TestUndoOfDrawnRuns(t *testing.T) {
	checks(t, drawnUndoes)
	undone := 0
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSpoiling(rt)
		var wrong error
		simulated(t, lenient(), func(c *company) {
			f := &firm{company: c, mappings: map[string]string{}, called: map[string][]string{}}
			var did bool
			if did, wrong = f.play(s); did {
				undone++
			}
		})
		if wrong != nil {
			rt.Fatal(wrong)
		}
	})
	t.Logf("%d runs undone", undone)
	if undone < drawnUndoes/3 {
		t.Errorf("only %d runs undone", undone)
	}
}

// did reports whether the log tells of anything that the run did.
func (f *firm) did(run string) bool {
	lines, err := f.engine.History(f.t.Context(), sync.HistoryFilter{Run: run, State: state.Applied})
	return err == nil && len(lines) > 0
}

func detailed(r sync.Report) string {
	var b strings.Builder
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "  %-10s %-28s %-8s %s -> %s %s %s\n", c.Kind, c.UserName+c.Group, c.State, facts(c.Before), facts(c.After), c.Reason, c.Error)
	}
	return b.String()
}

// play spoils Okta, lets a run follow it, and undoes that.
func (f *firm) play(s spoiling) (did bool, wrong error) {
	f.omni.SetKnobs(simomni.Knobs{RealLimit: -1, Revoked: simomni.Revoked(s.Revoked)})
	beginning := replicaOf(f.omni)
	f.ids = f.join(staff(8)...)
	for i, name := range []string{"Sales", "Board", "Staff"} {
		g, mapping := f.push(name, f.ids[i:i+3]...)
		f.add(g, mapping, name)
	}
	f.want(f.run(sync.Full), sync.Done)
	for _, act := range s.Before {
		f.do(act)
	}
	<-time.After(time.Hour)
	f.run(sync.Full)
	f.run(sync.Reconcile)
	was := f.stands()
	for _, g := range f.groups {
		if f.mappings[g] == "" { // not managed: who comes back may not come back there
			for _, name := range f.called[g] {
				delete(was.teams, name)
			}
		}
	}
	for _, act := range s.Acts {
		f.do(act)
	}
	<-time.After(time.Hour)
	run := f.run(sync.Full)
	if run.Counts[string(state.Applied)] == 0 {
		return false, nil
	}
	spoilt := f.stands()
	r := f.undoing(s, run.Run)
	last, named := run.Run, spared(r)
	told := func() string { return detailed(run) + "undone:\n" + detailed(r) }
	if s.Twice && f.did(r.Run) {
		again := f.undo(r.Run)
		last = again.Run
		if f.did(last) {
			back := f.undo(last)
			maps.Copy(named, spared(back))
			told = func() string {
				return detailed(run) + "undone:\n" + detailed(r) + "again:\n" + detailed(again) + "back:\n" + detailed(back)
			}
		}
	}
	if why := was.differs(f.stands(), named); why != "" {
		return true, fmt.Errorf("%s\n%s", why, told())
	}
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		f.omni.ResetLog()
		next := f.run(kind)
		if n := f.omni.Writes(); n != 0 && r.Counts[string(state.Failed)]+next.Counts[string(state.Failed)] == 0 {
			return true, fmt.Errorf("a %s run after it wrote %d times\n%snext:\n%s", kind, n, told(), detailed(next))
		}
	}
	for _, kept := range []string{run.Run, r.Run, last} {
		if _, err := f.engine.Pass(f.t.Context(), sync.Request{Kind: sync.Undo, Subject: kept, LetGo: true, By: "ben"}); err != nil && !fault.Is(err, fault.NotFound) {
			return true, err
		}
	}
	f.run(sync.Full)
	f.run(sync.Reconcile)
	if why := spoilt.differs(f.stands(), map[string]bool{}); why != "" {
		return true, fmt.Errorf("let go of: %s\n%s", why, told())
	}
	if s.Revoked == 0 { // else accounts go that no line deletes
		return true, f.replayed(beginning)
	}
	return true, nil
}
