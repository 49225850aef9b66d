package sync_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"pgregory.net/rapid"
)

// Promise 9 over drawn lives, in which Okta changes, both sides fail, and the process is killed
// anywhere: what Omni was before the first run, with each line of the log done once more, is
// what Omni is. Only what somebody did in Omni by hand is in no line: it is told to the
// replica apart. An overtaken process's last request, which its fence keeps out of the log, isn't drawn.
func TestPromise9TheLogReplaysToOmnisState(t *testing.T) {
	checks(t, audits)
	rapid.Check(t, func(rt *rapid.T) {
		h := drawHistory(rt)
		h.Action = rapid.SampledFrom([]string{"deactivate", "deactivate", "delete"}).Draw(rt, "action")
		for i := range h.Acts {
			h.Acts[i].Pause = false
		}
		for range rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(rt, "hands") {
			at := rapid.IntRange(0, len(h.Acts)).Draw(rt, "at")
			hand := act{Do: "by hand", A: rapid.IntRange(0, 9).Draw(rt, "a"), B: rapid.IntRange(0, 3).Draw(rt, "b")}
			h.Acts, h.LastRunWhole = slices.Insert(h.Acts, at, hand), true // else nobody sees it
		}
		r := &replaying{}
		h.watch, h.byHand = r.watch, r.byHand
		if err := live(t, h, mistake{}); err != nil {
			rt.Fatal(err)
		}
	})
}

// replaying replays the log of a world at each look.
type replaying struct {
	hands []hand
}

// hand is something that somebody did in Omni, when the log had so many lines.
type hand struct {
	lines int
	do    func(*replica)
}

// watch replays the log. While a change is under way, or somebody has done something in Omni that
// no run has met, nobody knows what Omni is like: then it waits for the next look.
func (r *replaying) watch(w *world, over bool) error {
	if !over && (len(r.hands) > 0 || w.underWay()) {
		return nil
	}
	lines := oldestFirst(w.ctx, w.store)
	if err := wellTold(lines); err != nil {
		return err
	}
	made, hands := w.beginning.clone(), r.hands
	made.learn(lines)
	for i, c := range lines {
		for len(hands) > 0 && hands[0].lines <= i {
			hands[0].do(made)
			hands = hands[1:]
		}
		if err := made.replay(c); err != nil {
			return fmt.Errorf("line %d of the log: %w", i+1, err)
		}
	}
	for _, h := range hands {
		h.do(made)
	}
	ledger, err := w.ledger()
	if err != nil {
		return err
	}
	return made.differs(w.omni, func(id string) bool { return ledger.owners[id] != "" })
}

// replays replays the log of a life with pushes.
func (d *duet) replays() error { return d.replayed(d.beginning) }

// replayed fails where the log makes of how Omni was at the beginning something else than it is.
func (c *company) replayed(beginning *replica) error {
	lines := oldestFirst(c.t.Context(), c.store)
	if err := wellTold(lines); err != nil {
		return err
	}
	made, linked := beginning, map[string]bool{}
	made.learn(lines)
	for i, line := range lines {
		if err := made.replay(line); err != nil {
			return fmt.Errorf("line %d of the log: %w", i+1, err)
		}
	}
	for e, err := range state.All[state.User](c.t.Context(), c.store, state.Users) {
		if err != nil {
			return err
		}
		linked[string(e.Value.Omni)] = true
	}
	for e, err := range state.All[state.Group](c.t.Context(), c.store, state.Groups) {
		if err != nil {
			return err
		}
		linked[string(e.Value.Omni)] = true
	}
	return made.differs(c.omni, func(id string) bool { return linked[id] })
}

// oldestFirst is the whole log.
func oldestFirst(ctx context.Context, s store) []state.Change {
	lines, err := state.Newest[state.Change](ctx, s, state.Log, state.Log.Keep())
	if err != nil {
		panic(err) // it is in memory
	}
	slices.Reverse(lines)
	return lines
}

// wellTold fails where a line doesn't tell which run did it, why and when.
func wellTold(lines []state.Change) error {
	for i, c := range lines {
		said := slices.Contains([]string{"pause", "resume", "end_grace", "let_go", "link", "unlink", "forget"}, c.Kind) // a person's word, of which no run need tell
		if !said && (c.Run == "" || c.OktaID == "") || c.Cause == "" || c.Time.IsZero() || c.Kind == "" || c.State == "" {
			return fmt.Errorf("line %d of the log doesn't tell all: %+v", i+1, c)
		}
		asked := slices.Contains([]string{"create", "update", "reactivate", "deactivate", "delete", "rename"}, c.Kind) && c.OmniID != ""
		found := strings.HasPrefix(c.Reason, "Omni had done it when") // by a run that ended before it had an answer
		if c.State == state.Applied && asked && !found && len(c.Answers) == 0 {
			return fmt.Errorf("line %d of the log lacks Omni's answers: %+v", i+1, c)
		}
	}
	return nil
}

// underWay reports whether Omni was asked for something whose answer isn't known.
func (w *world) underWay() bool {
	r, err := w.ledger()
	if err != nil {
		return true // which the checks of the world tell
	}
	for _, u := range r.users {
		if u.Sent != nil || u.Intent != "" {
			return true
		}
	}
	for _, g := range r.groups {
		if g.Sent != nil || g.Intent != "" {
			return true
		}
	}
	return false
}

// byHand edits somebody, or the members of a group, in Omni.
func (r *replaying) byHand(w *world, a act) {
	users := slices.DeleteFunc(w.omni.Users(), func(u simomni.User) bool { return u.UserName == "bot@acme.co" || u.UserName == anchorName })
	if len(users) == 0 || w.underWay() { // which comes first, nobody could tell
		return
	}
	u := users[a.A%len(users)]
	h := hand{lines: len(oldestFirst(w.ctx, w.store))}
	switch a.B {
	case 0:
		w.omni.EditUser(u.ID, func(u *simomni.User) { u.DisplayName = "By Hand" })
		h.do = func(r *replica) { r.users[u.ID].display = "By Hand" }
	case 1:
		w.omni.EditUser(u.ID, func(u *simomni.User) { u.Attributes["department"] = []string{"Elsewhere"} })
		h.do = func(r *replica) { r.users[u.ID].department = "Elsewhere" }
	case 2:
		w.left++ // as often as by Okta, or once more
		w.omni.EditUser(u.ID, func(u *simomni.User) { u.Active = false })
		h.do = func(r *replica) { r.users[u.ID].active = false }
	default:
		h.do = w.editMembers(u)
	}
	w.look()
	if h.do != nil {
		r.hands = append(r.hands, h)
	}
}

// editMembers takes somebody out of their first group, else puts them into one.
func (w *world) editMembers(u simomni.User) func(*replica) {
	for _, g := range w.omni.Groups() {
		if g.DisplayName == "Board" || g.DisplayName == "Anchors" {
			continue
		}
		out := slices.Contains(g.Members, u.UserName)
		members := slices.DeleteFunc(g.Members, func(name string) bool { return name == u.UserName })
		if !out {
			members = append(members, u.UserName)
		}
		ids := idsOf(w.omni)
		for i, name := range members {
			members[i] = ids[name]
		}
		w.omni.EditGroup(g.ID, g.DisplayName, members...)
		return func(r *replica) {
			delete(r.teams[g.ID].members, u.ID)
			if !out {
				r.teams[g.ID].members[u.ID] = true
			}
		}
	}
	return nil
}

// A log that lacks any line that did something doesn't replay to what Omni is: the test above
// would notice.
func TestPromise9AMissingLineIsNoticed(t *testing.T) {
	simulated(t, lenient(), func(c *company) {
		beginning := replicaOf(c.omni)
		ids := c.join(staff(4)...)
		sales, _ := c.push("Sales", ids...)
		c.want(c.run(sync.Full), sync.Done)
		c.okta.UpdateProfile(ids[0], map[string]any{"department": "Legal"})
		c.okta.SetUserName(ids[1], "renamed@acme.co")
		c.okta.RemoveMember(sales, ids[2])
		c.okta.Unassign(ids[3])
		c.okta.RenameGroup(sales, "Trade")
		c.want(c.run(sync.Full), sync.Done)
		lines := oldestFirst(t.Context(), c.store)
		if err := replayed(c, beginning.clone(), lines); err != nil || len(lines) < 9 {
			t.Fatalf("%d lines: %v", len(lines), err)
		}
		for i, left := range lines {
			if err := replayed(c, beginning.clone(), slices.Delete(slices.Clone(lines), i, i+1)); err == nil {
				t.Errorf("nobody misses line %d: %s of %s", i+1, left.Kind, left.UserName+left.Group)
			}
		}
	})
}

func replayed(c *company, r *replica, lines []state.Change) error {
	r.learn(lines)
	for _, line := range lines {
		if err := r.replay(line); err != nil {
			return err
		}
	}
	return r.differs(c.omni, func(string) bool { return true })
}
