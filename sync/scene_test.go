package sync

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Scenes are worlds in words, one object a line, so that a table of decisions
// reads as the table in the doc comment that it proves.
//
// What Okta says:
//
//	all users | all groups | empty | doubt            of the lists as wholes
//	ada assigned|staged|suspended|unassigned|doubtful [name=] [display=] [region=] [team=] [outside] [fault=] [external=] [account=]
//	ada same                                          assigned, as they were
//	#sales [name=] [mapping=] [joined=a,b] [left=a,b] [certain] [read] [paused] [gone]
//
// What the ledger knows:
//
//	ada active|inactive|intended [name=] [display=] [region=] [team=] [kept=] [admin] [hand] [since=-1h] [account=] [seen]
//	#sales linked|intended|unlinked [title=] [name=] [mapping=] [open] ada:P bob:e ...
//	+o9 active|inactive [name=] ...                   an account of Omni's that is linked to nothing
//	+#t9 [title=] o9 ...                              a group of Omni's that is linked to nothing
//	missing                                           Omni's list could not be believed
//
// Ada's username is ada@x.co and her display name Ada unless the line says more;
// her account is o-ada, the group t-sales. A value is text unless it reads as JSON; '3' is text. A member's letter is as the ledger
// spells it: capital where Okta has them, a(bsent) p(resent) f(ound) e(nded) in Omni.
type scene struct{ okta, ledger string }

var word = regexp.MustCompile(`[^\s="]+="[^"]*"|\S+`)

// line is one object of a scene.
type line struct {
	id     string
	flags  []string
	values map[string]string
}

func lines(text string) []line {
	var list []line
	for one := range strings.SplitSeq(text, "\n") {
		words := word.FindAllString(one, -1)
		if len(words) == 0 {
			continue
		}
		l := line{id: words[0], values: map[string]string{}}
		for _, w := range words[1:] {
			if k, v, ok := strings.Cut(w, "="); ok {
				l.values[k] = strings.Trim(v, `"`)
			} else {
				l.flags = append(l.flags, w)
			}
		}
		list = append(list, l)
	}
	return list
}

func (l line) is(flag string) bool { return slices.Contains(l.flags, flag) }

func (l line) or(key, otherwise string) string { return cmp.Or(l.values[key], otherwise) }

func (l line) ids(key string) []identity.OktaID {
	var ids []identity.OktaID
	for id := range strings.SplitSeq(l.values[key], ",") {
		if id != "" {
			ids = append(ids, identity.OktaID(id))
		}
	}
	return ids
}

// title is the name of somebody whose id is theirs in small letters.
func title(id string) string { return strings.ToUpper(id[:1]) + id[1:] }

func (l line) user() identity.User {
	u := identity.User{UserName: l.or("name", l.id+"@x.co"), DisplayName: l.or("display", title(l.id))}
	for _, name := range []string{"region", "team"} {
		text, there := l.values[name]
		if !there {
			continue
		}
		v := identity.Value(text)
		if !json.Valid([]byte(text)) {
			v = identity.Value(`"` + strings.Trim(text, "'") + `"`)
		}
		if u.Attributes == nil {
			u.Attributes = map[string]identity.Value{}
		}
		u.Attributes[name] = v
	}
	return u
}

// desired is what Okta says in the scene.
func (s scene) desired() Desired {
	d := Desired{Users: map[identity.OktaID]Person{}, Same: map[identity.OktaID]int32{}, Groups: map[identity.GroupID]Crowd{}}
	for _, l := range lines(s.okta) {
		switch {
		case l.id == "all":
			d.AllUsers, d.AllGroups = d.AllUsers || l.is("users"), d.AllGroups || l.is("groups")
		case l.id == "empty":
			d.Empty = true
		case l.id == "doubt":
			d.Doubts = append(d.Doubts, "something could not be believed")
		case l.is("same"):
			d.Same[identity.OktaID(l.id)] = 0
		case strings.HasPrefix(l.id, "#"):
			d.Groups[identity.GroupID(l.id[1:])] = l.crowd()
		default:
			d.Users[identity.OktaID(l.id)] = l.person()
		}
	}
	return d
}

func (l line) crowd() Crowd {
	c := Crowd{Name: l.or("name", title(l.id[1:])), Mapping: l.values["mapping"], Joined: l.ids("joined"), Left: l.ids("left"),
		Paused: l.is("paused"), Gone: l.is("gone"), Certain: l.is("certain"), Read: l.is("read")}
	if l.is("read") {
		c.AsOf = noon
	}
	return c
}

func (l line) person() Person {
	p := Person{User: l.user(), InScope: !l.is("outside"), Fault: l.values["fault"], External: identity.OmniID(l.values["external"]), Account: l.values["account"]}
	known := false
	for _, s := range []identity.Standing{identity.Doubtful, identity.Assigned, identity.Unassigned, identity.Suspended, identity.Staged} {
		if l.is(s.String()) {
			p.Standing, known = s, true
		}
	}
	if !known {
		panic(fmt.Sprintf("%s has no standing", l.id))
	}
	return p
}

// books is the ledger of the scene.
func (s scene) books() *Ledger {
	l := newLedger()
	l.Strangers, l.StrangerTeams = map[string]identity.Account{}, map[string]identity.Team{}
	n := newNotes()
	for _, row := range lines(s.ledger) {
		id := row.id
		switch {
		case id == "missing":
			l.KeepMissing = true
		case strings.HasPrefix(id, "+#"):
			t := identity.Team{ID: identity.OmniGroupID(id[2:]), DisplayName: row.or("title", title(id[2:]))}
			for _, m := range row.flags {
				t.Members = append(t.Members, identity.OmniID(m))
			}
			l.StrangerTeams[identity.FoldName(t.DisplayName)] = t
		case strings.HasPrefix(id, "+"):
			row.id = id[1:]
			a := identity.Account{ID: identity.OmniID(id[1:]), User: row.user(), Active: row.is("active"), OrgAdmin: row.is("admin")}
			l.Strangers[identity.FoldUserName(a.UserName)] = a
		case strings.HasPrefix(id, "#"):
			row.group(n, identity.GroupID(id[1:]))
		default:
			n.user(identity.OktaID(id), row.record())
		}
	}
	n.count(l)
	l.Take(n)
	return l
}

func (l line) record() state.User {
	u := state.User{User: l.user(), Active: l.is("active"), OrgAdmin: l.is("admin"), Account: l.values["account"], Link: state.Created, ByHand: l.is("hand")}
	if l.is("intended") {
		u.Intent, u.Link = "run0", ""
	} else {
		u.Omni = identity.OmniID("o-" + l.id)
	}
	if kept := l.values["kept"]; kept != "" {
		u.Kept = strings.Split(kept, ",")
	}
	if since := l.values["since"]; since != "" {
		d, err := time.ParseDuration(since)
		if err != nil {
			panic(err)
		}
		at := noon.Add(d)
		u.Unassigned = &at
	}
	if l.is("seen") {
		u.Seen = identity.PrintOf([]byte(l.id))
	}
	return u
}

var presences = map[byte]state.Presence{'a': state.Absent, 'p': state.Present, 'f': state.Found, 'e': state.Ended}

func (l line) group(n Notes, id identity.GroupID) {
	g := state.Group{Name: l.or("name", title(string(id))), Mapping: l.values["mapping"], Open: l.is("open")}
	switch {
	case l.is("linked"):
		g.Omni, g.DisplayName, g.Link = identity.OmniGroupID("t-"+string(id)), l.or("title", g.Name), state.Created
	case l.is("intended"):
		g.Intent = "run0"
	case !l.is("unlinked"):
		panic(fmt.Sprintf("%s is neither linked, intended nor unlinked", l.id))
	}
	if l.is("known") {
		g.AsOf = noon
	}
	n.group(id, g)
	for _, f := range l.flags {
		if u, letter, ok := strings.Cut(f, ":"); ok {
			n.member(id, identity.OktaID(u), state.Member{Okta: letter == strings.ToUpper(letter), Omni: presences[strings.ToLower(letter)[0]]})
		}
	}
}

// plan plans the scene, after what is seen in Okta was noted.
func (s scene) plan(p Policy) []Change {
	l, d := s.books(), s.desired()
	d.recallSame(l)
	l.Take(observe(d, l, noon))
	return Plan(d, l, p)
}

// told prints changes, one a line: state unless planned, kind, subject, what
// differs, what comes first, the guard, and the reason.
func told(changes []Change) string {
	var b strings.Builder
	for _, c := range changes {
		if c.State != state.Planned {
			b.WriteString(string(c.State) + " ")
		}
		b.WriteString(string(c.Kind) + " " + strings.TrimPrefix(strings.TrimPrefix(c.subject(), "user:"), "group:"))
		b.WriteString(differences(c))
		for _, need := range c.Needs {
			b.WriteString(" after " + strings.TrimPrefix(strings.TrimPrefix(need, "user:"), "group:"))
		}
		if c.Guard != "" {
			b.WriteString(" [" + c.Guard + "]")
		}
		if c.Reason != "" {
			b.WriteString(" | " + c.Reason)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func differences(c Change) string {
	var parts []string
	if c.Group != "" {
		if c.Kind == Rename || c.Kind == Create || c.Kind == Adopt {
			parts = append(parts, fmt.Sprintf("%q", c.Title))
		}
		for _, id := range c.Add {
			parts = append(parts, "+"+string(id))
		}
		for _, id := range c.Drop {
			parts = append(parts, "-"+string(id))
		}
	} else {
		parts = patchWords(c)
	}
	if len(c.Kept) > 0 {
		parts = append(parts, "keeps "+strings.Join(c.Kept, " "))
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

func patchWords(c Change) []string {
	var parts []string
	if c.Patch.UserName != nil {
		parts = append(parts, fmt.Sprintf("name %s -> %s", c.Before.UserName, c.After.UserName))
	}
	if c.Patch.DisplayName != nil {
		parts = append(parts, fmt.Sprintf("display %s -> %s", c.Before.DisplayName, c.After.DisplayName))
	}
	if c.Patch.Active != nil {
		parts = append(parts, fmt.Sprintf("active %t -> %t", *c.Before.Active, *c.After.Active))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Patch.Attributes)) {
		parts = append(parts, fmt.Sprintf("%s %s -> %s", name, valueWord(c.Before.Attributes[name]), valueWord(c.After.Attributes[name])))
	}
	return parts
}

func valueWord(v *identity.Value) string {
	if v == nil {
		return "(none)"
	}
	return string(*v)
}

// sameLines fails unless both texts have the same lines, spaces at their ends aside.
func sameLines(t *testing.T, what, got, want string) {
	t.Helper()
	if diff := gocmp.Diff(trimmed(want), trimmed(got)); diff != "" {
		t.Errorf("%s (- wanted, + got):\n%s", what, diff)
	}
}

func trimmed(text string) []string {
	list := []string{}
	for one := range strings.SplitSeq(text, "\n") {
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, one)
		}
	}
	return list
}
