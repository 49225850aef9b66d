package sync

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Verdict is what a person says about what a run holds.
type Verdict struct {
	Run      string         `json:"run"`
	Decision state.Decision `json:"decision"`
	By       string         `json:"by"`
	Only     []string       `json:"only,omitempty"`   // whom and what it is about: names, ids, or globs over names; none: all that the run holds
	Except   []string       `json:"except,omitempty"` // whom and what it isn't about
	Hash     string         `json:"hash,omitempty"`   // of what the person saw, as HeldRun tells it; "": whatever the run holds

	// Preview tells what would be decided, and decides nothing. It is answered where it is
	// asked, and doesn't travel: who doesn't know it would decide.
	Preview bool `json:"-"`
}

// selects gives the keys, among those that its run showed, that the verdict is about.
// Nothing is decided where what waits isn't what the person saw, or a word of theirs
// means nothing.
func (v Verdict) selects(mine map[string]state.Hold, now time.Time) ([]string, error) {
	if len(mine) == 0 {
		return nil, &fault.Error{Kind: fault.NotFound, Op: fmt.Sprintf("run %q holds nothing", v.Run),
			Hint: "syncd status lists the runs that hold something"}
	}
	if hash := hashOf(mine, now); v.Hash != "" && v.Hash != hash {
		return nil, &fault.Error{Kind: fault.Conflict, Op: fmt.Sprintf("what run %q holds is no longer what you saw", v.Run),
			Detail: fmt.Sprintf("its hash is %s, not %s", hash, v.Hash), Hint: "nothing was decided; look again with syncd status"}
	}
	keys := slices.Sorted(maps.Keys(mine))
	var chosen []string
	for _, words := range [][]string{v.Only, v.Except} {
		for _, word := range words {
			if !slices.ContainsFunc(keys, func(key string) bool { return about(key, mine[key], word) }) {
				return nil, &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("run %q holds nothing about %q", v.Run, word),
					Hint: "nothing was decided; syncd status names what it holds"}
			}
		}
	}
	for _, key := range keys {
		is := func(word string) bool { return about(key, mine[key], word) }
		if (len(v.Only) == 0 || slices.ContainsFunc(v.Only, is)) && !slices.ContainsFunc(v.Except, is) {
			chosen = append(chosen, key)
		}
	}
	if len(chosen) == 0 {
		return nil, &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("of what run %q holds, nothing is left to decide", v.Run),
			Hint: "nothing was decided; --except leaves out all that --only names"}
	}
	return chosen, nil
}

// about reports whether a hold is about somebody or something of that name, or id: a
// removal of a member is about both.
func about(key string, h state.Hold, word string) bool {
	c := h.Change
	_, member, _ := memberOf(key)
	if word != "" && slices.Contains([]string{c.OktaID, c.OmniID, string(member)}, word) {
		return true
	}
	names := []string{c.UserName, c.Group}
	for _, f := range []*state.Facts{c.Before, c.After} {
		if f != nil {
			names = append(append(names, f.UserName), f.Members...)
		}
	}
	word = flat(strings.TrimSpace(word))
	return slices.ContainsFunc(names, func(name string) bool {
		name = flat(name)
		same, err := path.Match(word, name)
		return name != "" && (name == word || err == nil && same)
	})
}

// flat is a name to be compared without letter case, and of which a star takes slashes too.
func flat(name string) string { return strings.ReplaceAll(strings.ToLower(name), "/", "\x00") }

// hashOf digests what of a run's holds waits, and what is to be done then, so that a
// decision can be tied to what a person saw.
func hashOf(holds map[string]state.Hold, now time.Time) string {
	var seen []any
	for _, key := range slices.Sorted(maps.Keys(holds)) {
		if h := holds[key]; waiting(h, now) {
			seen = append(seen, key, h.Change.After)
		}
	}
	sum := sha256.Sum256([]byte(identity.FingerprintOf(seen)))
	return hex.EncodeToString(sum[:6])
}

// waiting reports whether a hold waits for a person: an approval that nothing came of
// within its time is over.
func waiting(h state.Hold, now time.Time) bool {
	return h.Decision == state.None || h.Decision == state.Approved && now.After(h.Until)
}

// joinMembers gives changes with those of one group's members, and of one reason, as one.
func joinMembers(list []state.Change) []state.Change {
	type group struct{ id, reason, run string }
	out, at := make([]state.Change, 0, len(list)), map[group]int{}
	for _, c := range list {
		g := group{c.OktaID, c.Reason, c.Run}
		i, known := at[g]
		switch {
		case c.Kind != string(Members) || c.Before == nil:
			out = append(out, c)
		case !known:
			at[g] = len(out)
			c.Before, c.After = ownMembers(c.Before), ownMembers(c.After)
			out = append(out, c)
		default:
			out[i].Before.Members = append(out[i].Before.Members, c.Before.Members...)
			if c.After != nil && out[i].After != nil {
				out[i].After.Members = append(out[i].After.Members, c.After.Members...)
			}
		}
	}
	for _, i := range at {
		for _, f := range []*state.Facts{out[i].Before, out[i].After} {
			if f != nil {
				slices.Sort(f.Members)
				f.Members = slices.Compact(f.Members)
			}
		}
	}
	return out
}

// ownMembers is a copy whose members are its own.
func ownMembers(f *state.Facts) *state.Facts {
	if f == nil {
		return nil
	}
	own := *f
	own.Members = slices.Clone(f.Members)
	return &own
}

// expire takes approvals whose time is over as what they are: still to be decided.
func (l *Ledger) expire(now time.Time) {
	for key, h := range l.Holds {
		if h.Decision == state.Approved && now.After(h.Until) {
			h.Decision = state.None
			l.Holds[key] = h
		}
	}
}

// narrowed is the change for the one member whom a hold is about, who goes or comes.
func narrowed(c state.Change, member string, comes bool) state.Change {
	c.Before, c.After = &state.Facts{Members: []string{member}}, &state.Facts{}
	if comes {
		c.Before, c.After = c.After, c.Before
	}
	return c
}

// ruled tells who said what, and when.
func ruled(h state.Hold) string {
	return fmt.Sprintf("%s by %s on %s", h.Decision, h.By, h.At.UTC().Format(time.DateOnly))
}
