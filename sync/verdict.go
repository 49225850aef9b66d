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
			if !slices.ContainsFunc(keys, func(key string) bool { return about(mine[key], word) }) {
				return nil, &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("run %q holds nothing about %q", v.Run, word),
					Hint: "nothing was decided; syncd status names what it holds"}
			}
		}
	}
	for _, key := range keys {
		is := func(word string) bool { return about(mine[key], word) }
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
func about(h state.Hold, word string) bool {
	c := h.Change
	if word == c.OktaID || word == c.OmniID && word != "" {
		return true
	}
	names := []string{c.UserName, c.Group}
	for _, f := range []*state.Facts{c.Before, c.After} {
		if f != nil {
			names = append(append(names, f.UserName), f.Members...)
		}
	}
	word = strings.ToLower(strings.TrimSpace(word))
	return slices.ContainsFunc(names, func(name string) bool {
		name = strings.ToLower(name)
		same, err := path.Match(word, name)
		return name != "" && (name == word || err == nil && same)
	})
}

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
	out := []state.Change{}
	for _, c := range list {
		i := slices.IndexFunc(out, func(o state.Change) bool {
			return c.Kind == string(Members) && o.Kind == c.Kind && o.OktaID == c.OktaID && o.Reason == c.Reason && o.Run == c.Run
		})
		if i < 0 {
			out = append(out, c)
			continue
		}
		before := *out[i].Before
		before.Members = slices.Compact(slices.Sorted(slices.Values(slices.Concat(before.Members, c.Before.Members))))
		out[i].Before = &before
	}
	return out
}

// narrowed is the change for the one member whom a hold is about.
func narrowed(c state.Change, member string) state.Change {
	c.Before, c.After = &state.Facts{Members: []string{member}}, &state.Facts{}
	return c
}

// ruled tells who said what, and when.
func ruled(h state.Hold) string {
	return fmt.Sprintf("%s by %s on %s", h.Decision, h.By, h.At.UTC().Format(time.DateOnly))
}
