package sync

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// eraser gives records as they are once somebody is forgotten: ids, times and kinds stay.
// Its methods change what they are given, and are pure but for the vault.
type eraser struct {
	*traces
	ids   map[string]bool // in Okta; a key of our own from before Okta told its id is one too
	omnis map[string]bool // of the accounts that the person was linked to
	vault Vault           // nil: there is none
	now   time.Time
}

// about reports whether a change is one of the person.
func (x *eraser) about(c state.Change) bool {
	return c.Group == "" && (x.ids[c.OktaID] || c.OktaID == "" && x.omnis[c.OmniID])
}

func (x *eraser) change(c *state.Change) {
	switch {
	case x.about(*c):
		x.own(c)
	case c.Group == "" && x.omnis[c.OmniID]: // who took the account over: what it had before was the person's
		x.before(c.Before)
	}
	*c = texts(x, *c, c.Time)
}

func (x *eraser) own(c *state.Change) {
	if c.UserName != "" {
		c.UserName = x.address
	}
	c.Before, c.After = x.facts(c.Before), x.facts(c.After)
	c.Reason, c.Error = x.beside(c.Reason), x.beside(c.Error)
	for i := range c.Answers {
		c.Answers[i].Path, c.Answers[i].Error = x.beside(c.Answers[i].Path), x.beside(c.Answers[i].Error)
	}
	if c.Problem != nil {
		c.Problem.Advice = x.beside(c.Problem.Advice)
	}
}

func (x *eraser) facts(f *state.Facts) *state.Facts {
	if f == nil {
		return nil
	}
	if f.UserName != "" {
		f.UserName = x.address
	}
	if f.DisplayName != "" {
		f.DisplayName = x.pseudonym
	}
	for name, v := range f.Attributes {
		if v != nil {
			f.Attributes[name] = x.value()
		}
	}
	return f
}

// value stands in the place of an attribute's.
func (x *eraser) value() *identity.Value {
	v := identity.Value(`"` + x.pseudonym + `"`)
	return &v
}

// before takes out of another's facts what the person had.
func (x *eraser) before(f *state.Facts) {
	if f == nil {
		return
	}
	if x.names[f.DisplayName] || x.values[f.DisplayName] {
		f.DisplayName = x.pseudonym
	}
	for name, v := range f.Attributes {
		if v != nil && x.raw[*v] {
			f.Attributes[name] = x.value()
		}
	}
}

func (x *eraser) hold(h *state.Hold) {
	at := h.Change.Time
	if at.IsZero() {
		at = h.Since
	}
	x.change(&h.Change)
	if h.Why != nil {
		for _, n := range []*identity.Named{&h.Why.Actor, &h.Why.Group, &h.Why.Rule, &h.Why.Import} {
			if x.ids[n.ID] && n.Name != "" {
				n.Name = x.pseudonym
			}
		}
	}
	*h = texts(x, *h, at)
}

func (x *eraser) failure(f *state.Failure) {
	x.change(&f.Change)
	*f = texts(x, *f, f.Since)
}

func (x *eraser) run(r *state.Run) {
	for i, t := range r.Refused {
		if told := texts(x, t, r.Started); fmt.Sprint(told) != fmt.Sprint(t) { // the words may be about one of the names
			r.Refused[i].Words, r.Refused[i].Advice = x.beside(t.Words), x.beside(t.Advice)
		}
	}
	*r = texts(x, *r, r.Started)
}

// user is the person's own record.
func (x *eraser) user(u *state.User) {
	u.User = identity.User{UserName: x.address, DisplayName: x.pseudonym}
	u.Forgotten, u.Seen = true, identity.Print{}
	if u.Sent != nil {
		x.change(u.Sent)
	}
}

// theirs reports whether the subject is the person.
func (x *eraser) theirs(subject string) bool {
	id, user := cutSubject(subject)
	return user && x.ids[id]
}

// undone is how anybody or anything was kept after an undo.
func (x *eraser) undone(u *state.ArchivedUndone) {
	if x.theirs(u.Subject) && u.Run != "" {
		u.Name, u.UserName, u.DisplayName, u.Attributes = x.address, "", "", nil
	}
	*u = texts(x, *u, u.At)
}

// accepted is what the person's own push told.
func (x *eraser) accepted(u *state.PushedUser) {
	kept := identity.PushedUser{ID: u.ID, External: u.External, UserName: x.address, Active: u.Active, Created: u.Created, Changed: u.Changed}
	kept.DisplayName = x.pseudonym
	u.PushedUser = kept
}

// saved is what was saved of anybody: the person may be among those who get it. What can't
// be opened and isn't kept any more loses its sealed part.
func (x *eraser) saved(s *state.Saved) error {
	sealed := s.Sealed
	s.Sealed = nil
	if x.ids[string(s.Owner)] {
		s.UserName = x.address
		s.Name, s.Document = x.beside(s.Name), x.beside(s.Document)
	}
	*s = texts(x, *s, s.At)
	if len(sealed) == 0 {
		return nil
	}
	now, err := x.resealed(*s, sealed)
	if err != nil && s.Over(x.now) {
		return nil
	}
	s.Sealed = now
	return err
}

// resealed gives what is sealed without what it told of the person.
func (x *eraser) resealed(s state.Saved, sealed json.RawMessage) (json.RawMessage, error) {
	if x.vault == nil {
		return sealed, errNoVault
	}
	plain, err := x.vault.Open(s.ID, sealed)
	if err != nil {
		return sealed, err
	}
	now, err := x.plain(plain, s.At)
	if err != nil || bytes.Equal(now, plain) {
		return sealed, err
	}
	return x.vault.Seal(s.ID, now)
}

// plain is x over any text: each string of it where it is JSON, else the whole.
func (x *eraser) plain(text []byte, at time.Time) ([]byte, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if whole := d.Decode(&v) == nil && !d.More(); !whole {
		return []byte(x.text(string(text), at)), nil
	}
	touched := false
	v = walked(v, func(s string) string {
		now := x.text(s, at)
		touched = touched || now != s
		return now
	})
	if !touched {
		return text, nil
	}
	return json.Marshal(v)
}

// texts gives v with the person in none of its strings.
func texts[T any](x *eraser, v T, at time.Time) T {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("record %T: %v", v, err)) // records hold plain values only
	}
	now, err := x.plain(raw, at)
	if err != nil || bytes.Equal(now, raw) {
		return v
	}
	var told T
	if err := json.Unmarshal(now, &told); err != nil {
		panic(fmt.Sprintf("record %T: %v", v, err)) // strings were put in the place of strings
	}
	return told
}

// walked gives a JSON value with each of its strings replaced; keys stay.
func walked(v any, each func(string) string) any {
	switch v := v.(type) {
	case string:
		return each(v)
	case []any:
		for i := range v {
			v[i] = walked(v[i], each)
		}
	case map[string]any:
		for k := range v {
			v[k] = walked(v[k], each)
		}
	}
	return v
}
