package omni_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

func sameJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(x) == string(y)
}

// crowd has n users named u001@b.co on, and as many groups.
func crowd(n int) *simomni.Org {
	o := &simomni.Org{}
	for i := range n {
		o.AddUser(fmt.Sprintf("u%03d@b.co", i+1), "U")
		o.AddGroup(fmt.Sprintf("g%03d", i+1))
	}
	return o
}

func TestListsAreCutIntoPages(t *testing.T) {
	o := crowd(105)
	for _, tt := range []struct {
		query                string
		max                  int
		start, page          int
		firstUser, firstTeam string
	}{
		{"", 0, 1, 100, "u001@b.co", "g001"},
		{"?startIndex=101", 0, 101, 5, "u101@b.co", "g101"},
		{"?count=3&startIndex=2", 0, 2, 3, "u002@b.co", "g002"},
		{"?count=500", 0, 1, 105, "u001@b.co", "g001"},
		{"?count=500", 50, 1, 50, "u001@b.co", "g001"},
		{"?startIndex=51", 50, 51, 50, "u051@b.co", "g051"},
		{"?startIndex=106", 0, 106, 0, "<nil>", "<nil>"},
		{"?startIndex=-4&count=1", 0, 1, 1, "u001@b.co", "g001"},
		{"?count=0", 0, 1, 0, "<nil>", "<nil>"},
		{"?count=-1", 0, 1, 0, "<nil>", "<nil>"},
	} {
		o.Knobs = simomni.Knobs{PageMax: tt.max}
		c := start(t, o)
		for path, want := range map[string]string{users: "userName " + tt.firstUser, groups: "displayName " + tt.firstTeam} {
			b := c.want(200, "GET", path+tt.query, "")
			what := fmt.Sprintf("%s%s of at most %d", path, tt.query, tt.max)
			equal(t, what+": total", b["totalResults"], 105)
			equal(t, what+": start", b["startIndex"], tt.start)
			equal(t, what+": page", b["itemsPerPage"], tt.page)
			resources := c.elements(b, "Resources")
			equal(t, what+": resources", len(resources), tt.page)
			field, first, _ := strings.Cut(want, " ")
			if len(resources) > 0 {
				equal(t, what+": first", resources[0][field], first)
			}
		}
	}
	c := start(t, o)
	for _, query := range []string{"?count=x", "?startIndex=x", "?count=1e300"} {
		c.want(400, "GET", users+query, "")
		c.want(400, "GET", groups+query, "")
	}
}

func TestListsFollowCreationAfterDeletions(t *testing.T) {
	o := crowd(40)
	for i, u := range o.Users() {
		if i%4 != 0 {
			o.RemoveUser(u.ID)
		}
	}
	o.AddUser("a@b.co", "A")
	c := start(t, o)
	equal(t, "users", c.want(200, "GET", users, "").list("Resources", "userName"),
		"u001@b.co u005@b.co u009@b.co u013@b.co u017@b.co u021@b.co u025@b.co u029@b.co u033@b.co u037@b.co a@b.co")
}

func TestFilters(t *testing.T) {
	o := &simomni.Org{}
	o.AddUser("Ann@b.co", "A")
	o.AddUser("joann@b.co", "J")
	o.AddUser(`o"neil@b.co`, "O")
	o.AddGroup("Sales")
	o.AddGroup("Sales North")
	c := start(t, o)
	for _, tt := range []struct{ path, filter, loose, exact string }{
		{users, `userName eq "ann@b.co"`, "Ann@b.co", ""},
		{users, `USERNAME EQ "Ann@b.co"`, "Ann@b.co", "Ann@b.co"},
		{users, `userName  eq  "Ann@b.co" `, "Ann@b.co", "Ann@b.co"},
		{users, `userName eq "nobody@b.co"`, "", ""},
		{users, `userName eq " ann@b.co"`, "", ""},
		{users, `userName eq "o\"neil@b.co"`, `o"neil@b.co`, `o"neil@b.co`},
		{users, `userName co "ANN@"`, "Ann@b.co joann@b.co", ""},
		{users, `userName co "nn@"`, "Ann@b.co joann@b.co", "Ann@b.co joann@b.co"},
		{groups, `displayName eq "sales"`, "Sales", ""},
		{groups, `displayName eq "Sales North"`, "Sales North", "Sales North"},
		{groups, `displayName eq "North"`, "", ""},
	} {
		field := map[string]string{users: "userName", groups: "displayName"}[tt.path]
		for sensitive, want := range map[bool]string{false: tt.loose, true: tt.exact} {
			o.SetKnobs(simomni.Knobs{RealLimit: -1, FilterCaseSensitive: sensitive})
			b := c.want(200, "GET", tt.path+"?filter="+url.QueryEscape(tt.filter), "")
			equal(t, fmt.Sprint(tt.filter, " sensitive ", sensitive), b.list("Resources", field), want)
		}
	}
	for _, tt := range []struct{ path, filter string }{
		{users, `active eq "true"`}, {users, `userName sw "a"`}, {users, `userName eq a`}, {users, `userName pr`},
		{users, `userName eq "a" or userName eq "b"`}, {users, `x`}, {users, `displayName eq "A"`},
		{groups, `displayName co "S"`}, {groups, `userName eq "S"`},
	} {
		c.want(400, "GET", tt.path+"?filter="+url.QueryEscape(tt.filter), "")
	}
}
