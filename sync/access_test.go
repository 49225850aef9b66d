package sync

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// logged writes lines of a log: "kind name state", each an hour after the other.
func logged(lines ...string) (list []state.Change) {
	for i, line := range lines {
		word := strings.Fields(line)
		c := state.Change{Kind: word[0], UserName: word[1] + "@acme.co", OktaID: word[1], OmniID: "o-" + word[1], State: state.ChangeState(word[2]), Time: noon.Add(time.Duration(i) * time.Hour)}
		if word[1] == "-" {
			c.UserName, c.OktaID, c.OmniID = "", "", ""
		}
		if len(word) > 3 && word[3] == "was" {
			yes := true
			c.Before = &state.Facts{Active: &yes}
		} else if len(word) > 3 {
			c.Answers = []identity.Answer{{Method: "PATCH", Status: len(word[3])}}
		}
		list = append(list, c)
	}
	return list
}

// What the log tells of a person, at a moment between two lines.
func TestAccessFromTheLog(t *testing.T) {
	active, inactive := state.User{Omni: "o-ann", Active: true}, state.User{Omni: "o-ann"}
	for name, row := range map[string]struct {
		lines []string
		now   *state.User
		from  int // the line from which on the log is whole
		at    float64
		want  string
	}{
		"made":                              {[]string{"create ann applied"}, &active, 0, 0.5, "yes create"},
		"at the very time":                  {[]string{"create ann applied"}, &active, 0, 0, "yes create"},
		"not yet made":                      {[]string{"update bob applied", "create ann applied"}, &active, 0, 0.5, "no " + knownByNext},
		"ended":                             {[]string{"create ann applied", "deactivate ann applied"}, &inactive, 0, 1.5, "no deactivate"},
		"deleted":                           {[]string{"create ann applied", "delete ann applied"}, nil, 0, 1.5, "no delete"},
		"back":                              {[]string{"deactivate ann applied", "reactivate ann applied"}, &active, 0, 1.5, "yes reactivate"},
		"only the end is told":              {[]string{"update bob applied", "deactivate ann applied"}, &inactive, 0, 0.5, "yes " + knownByNext},
		"never told, there today":           {[]string{"update bob applied"}, &active, 0, 0.5, "yes " + knownByLedger},
		"never told, inactive today":        {[]string{"update bob applied"}, &inactive, 0, 0.5, "no " + knownByLedger},
		"before it was adopted":             {[]string{"update bob applied", "adopt ann applied"}, &active, 0, 0.5, "unknown " + stoodBefore},
		"adopted":                           {[]string{"adopt ann applied"}, &active, 0, 0.5, "yes adopt"},
		"what is about other matters":       {[]string{"create ann applied", "transfer ann applied", "save ann applied", "stay ann kept", "restore ann applied", "end_grace ann applied", "forget ann applied"}, &active, 0, 6.5, "yes create"},
		"held, kept":                        {[]string{"create ann applied", "deactivate ann held", "deactivate ann kept"}, &active, 0, 2.5, "yes create"},
		"by hand in between":                {[]string{"create ann applied", "reactivate ann applied"}, &active, 0, 0.5, "unknown create " + notAsLogged},
		"by hand since":                     {[]string{"create ann applied"}, &inactive, 0, 0.5, "unknown create " + notAsLogged},
		"refused":                           {[]string{"create ann applied", "deactivate ann failed " + strings.Repeat("x", 400)}, &active, 0, 1.5, "yes create"},
		"no answer, and it was done":        {[]string{"create ann applied", "deactivate ann failed " + strings.Repeat("x", 503)}, &inactive, 0, 1.5, "no " + knownByLedger},
		"no answer, and it wasn't":          {[]string{"create ann applied", "deactivate ann failed " + strings.Repeat("x", 503), "deactivate ann applied"}, &inactive, 0, 1.5, "yes " + knownByNext},
		"under way":                         {[]string{"create ann applied"}, &state.User{Omni: "o-ann", Active: true, Sent: &state.Change{Kind: "deactivate", Time: noon}}, 0, 0.5, "unknown create " + underWay},
		"under way later":                   {[]string{"create ann applied"}, &state.User{Omni: "o-ann", Active: true, Sent: &state.Change{Kind: "deactivate", Time: noon.Add(time.Hour)}}, 0, 0.5, "yes create"},
		"being made":                        {[]string{"update bob applied"}, &state.User{Intent: "20260302-120000-abc123"}, 0, 0.5, "unknown " + underWay},
		"being made later":                  {[]string{"update bob applied"}, &state.User{Intent: "20260302-180000-abc123"}, 0, 0.5, "no " + knownByLedger},
		"before the log":                    {[]string{"update bob applied", "deactivate ann applied"}, &inactive, 1, 0.5, "unknown " + tooLongAgo},
		"there is no log":                   {nil, &active, 0, 0.5, "unknown " + tooLongAgo},
		"linked to another account by hand": {[]string{"create ann applied", "link ann applied was"}, &active, 0, 0.5, "yes create"},
		"after a link by hand":              {[]string{"create ann applied", "link ann applied was"}, &active, 0, 1.5, "yes link"},
		"before a link by hand":             {[]string{"update bob applied", "link ann applied was"}, &active, 0, 0.5, "yes " + knownByNext},
		"before a first link by hand":       {[]string{"update bob applied", "link ann applied"}, &active, 0, 0.5, "unknown " + stoodBefore},
		"before an unlinking":               {[]string{"create ann applied", "unlink ann applied was"}, nil, 0, 0.5, "yes create"},
		"only the unlinking is told":        {[]string{"update bob applied", "unlink ann applied was"}, nil, 0, 0.5, "yes " + knownByNext},
		"unlinked":                          {[]string{"create ann applied", "unlink ann applied was"}, nil, 0, 1.5, "unknown unlink " + unlinkedThen},
		"unlinked, and adopted later":       {[]string{"create ann applied", "unlink ann applied was", "adopt ann applied"}, &active, 0, 1.5, "unknown unlink " + unlinkedThen},
		"unlinked, and adopted since":       {[]string{"create ann applied", "unlink ann applied was", "adopt ann applied"}, &active, 0, 2.5, "yes adopt"},
		"before other sides":                {[]string{"create ann applied", "rebind - applied"}, nil, 0, 0.5, "yes create"},
		"before other sides, not told":      {[]string{"update bob applied", "rebind - applied", "create ann applied"}, &active, 0, 0.5, "unknown " + boundSince},
		"of other sides, not again":         {[]string{"create ann applied", "rebind - applied"}, nil, 0, 1.5, "no " + knownByLedger},
		"of other sides, adopted later":     {[]string{"create ann applied", "rebind - applied", "adopt ann applied"}, &active, 0, 1.5, "unknown " + stoodBefore},
		"adopted since":                     {[]string{"create ann applied", "rebind - applied", "adopt ann applied"}, &active, 0, 2.5, "yes adopt"},
		"the archive tells":                 {[]string{"create ann applied", "update bob applied"}, &active, 1, 0.5, "yes create"},
		"the archive has a hole, perhaps":   {[]string{"create ann applied", "update bob applied"}, &inactive, 1, 1.5, "no " + knownByLedger},
		"the archive doesn't tell of later": {[]string{"update bob applied", "create ann applied", "update bob applied"}, &active, 2, 0.5, "unknown " + tooLongAgo},
	} {
		p := past{lines: logged(row.lines...), now: map[identity.OktaID]state.User{}}
		if row.now != nil {
			p.now["ann"] = *row.now
		}
		if len(p.lines) > 0 {
			p.since = p.lines[row.from].Time
		}
		got := "nobody"
		for _, a := range p.accesses(noon.Add(time.Duration(row.at * float64(time.Hour)))) {
			if a.OktaID == "ann" {
				got = strings.Join(strings.Fields(fmt.Sprint(a.Access, " ", a.Kind, " ", a.Reason)), " ")
			}
		}
		if got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}

// Names are those of the time; a name finds everybody who ever had it, and what a push made
// before Okta told whose it is belongs to who it is.
func TestAccessKnowsPeopleByTheirNames(t *testing.T) {
	p := past{lines: logged("create scim-1 applied", "update ann applied", "update ann applied"), since: noon,
		now: map[identity.OktaID]state.User{"ann": {Omni: "o-ann", Active: true, User: identity.User{UserName: "ann.b@acme.co"}}}}
	p.lines[0].OmniID, p.lines[0].UserName = "o-ann", "a@acme.co"
	p.lines[2].UserName, p.lines[2].Before = "ann.b@acme.co", &state.Facts{UserName: "ann@acme.co"}
	for hours, want := range map[int]string{0: "a@acme.co", 1: "ann@acme.co", 2: "ann.b@acme.co"} {
		list := p.accesses(noon.Add(time.Duration(hours)*time.Hour + time.Minute))
		if len(list) != 1 || list[0].OktaID != "ann" || list[0].UserName != want || list[0].Access != HadAccess {
			t.Errorf("after %d h: %+v, want %s", hours, list, want)
		}
	}
	for _, name := range []string{"A@acme.co", "ann@acme.co", "Ann.B@acme.co", "ann", "o-ann"} {
		if who := p.identified(name); !who.ids["ann"] {
			t.Errorf("%s isn't found: %v", name, who.ids)
		}
	}
}
