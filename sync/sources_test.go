package sync_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// choosing is a policy with a source of groups.
func choosing(from string, match ...string) sync.Policy {
	p := lenient()
	p.Groups = sync.Selection{From: from, Match: match}
	return p
}

// plain switches off what the app can do.
func plain(c *company) {
	c.okta.SetKnobs(func(k *simokta.Knobs) { k.Features = []string{} })
}

// teams are the names of Omni's groups, sorted.
func teams(c *company) []string {
	names := []string{}
	for _, g := range c.omni.Groups() {
		names = append(names, g.DisplayName)
	}
	slices.Sort(names)
	return names
}

// managed are the names of the groups that the ledger links, sorted.
func managed(c *company) []string {
	c.t.Helper()
	names := []string{}
	for g, err := range state.All[state.Group](c.t.Context(), c.store, state.Groups) {
		if err != nil {
			c.t.Fatal(err)
		}
		if g.Value.Omni != "" {
			names = append(names, g.Value.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (c *company) wantNames(what string, got []string, want ...string) {
	c.t.Helper()
	if !slices.Equal(got, want) {
		c.t.Fatalf("%s are %q, want %q", what, got, want)
	}
}

// tells fails unless one of the lines has the text.
func tells(t *testing.T, lines []string, text string) {
	t.Helper()
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, text) }) {
		t.Errorf("nothing tells of %q: %q", text, lines)
	}
}

// org is a company with groups of every kind, each with two members.
//
//	Sales, omni/data  pushed and assigned to the app
//	omni-ops          pushed, its mapping in error
//	omni-law          pushed, its mapping paused
//	Staff             assigned to the app
//	omni-ad           brought by a directory
//	omni-own          brought by the app itself
//	Everyone          built in
//	idle              nothing
func groupsOfEveryKind(c *company) map[string]string {
	ids := map[string]string{}
	people := c.join(staff(6)...)
	add := func(name, kind string) string {
		ids[name] = c.okta.AddGroup(name, kind)
		c.okta.AddMembers(ids[name], people[:2]...)
		return ids[name]
	}
	for _, name := range []string{"Sales", "omni/data"} {
		c.okta.Push(add(name, ""))
		c.okta.AssignGroup(ids[name])
	}
	c.okta.SetMappingStatus(c.okta.Push(add("omni-ops", "")), "ERROR", "Linked group is missing")
	c.okta.SetMappingStatus(c.okta.Push(add("omni-law", "")), "INACTIVE", "")
	c.okta.AssignGroup(add("Staff", ""))
	add("omni-ad", "APP_GROUP")
	add("Everyone", "BUILT_IN")
	add("idle", "")
	ids["omni-own"] = c.okta.ImportGroup("omni-own")
	c.okta.AddMembers(ids["omni-own"], people[:2]...)
	return ids
}

func TestSourcesOfGroups(t *testing.T) {
	for _, row := range []struct {
		name   string
		groups sync.Selection
		plain  bool // the app can't push groups
		want   []string
		note   string
	}{
		{"auto, pushing", sync.Selection{}, false, []string{"Sales", "omni-ops", "omni/data"}, "state ERROR in Okta: Linked group is missing"},
		{"auto, pushing, with match", sync.Selection{From: "auto", Match: []string{"idle"}}, false, []string{"Sales", "omni-ops", "omni/data"}, ""},
		{"auto, not pushing", sync.Selection{}, true, []string{}, ""},
		{"auto, not pushing, with match", sync.Selection{From: "auto", Match: []string{"idle"}}, true, []string{"idle"}, ""},
		{"push_mappings", sync.Selection{From: "push_mappings"}, false, []string{"Sales", "omni-ops", "omni/data"}, ""},
		{"push_mappings, not pushing", sync.Selection{From: "push_mappings"}, true, []string{}, "doesn't announce GROUP_PUSH"},
		{"app_groups", sync.Selection{From: "app_groups"}, false, []string{"Sales", "Staff", "omni/data"}, "Okta advises against"},
		{"match: nothing", sync.Selection{From: "match"}, false, []string{}, "names no group"},
		{"match: a name", sync.Selection{From: "match", Match: []string{"idle"}}, false, []string{"idle"}, ""},
		{"match: names", sync.Selection{From: "match", Match: []string{"idle", "Everyone", "omni-ad"}}, false, []string{"Everyone", "idle", "omni-ad"}, ""},
		{"match: a glob", sync.Selection{From: "match", Match: []string{"omni-*"}}, false, []string{"omni-ad", "omni-law", "omni-ops"}, ""},
		{"match: a glob over slashes", sync.Selection{From: "match", Match: []string{"omni*"}}, false, []string{"omni-ad", "omni-law", "omni-ops", "omni/data"}, ""},
		{"match: all but the built-in", sync.Selection{From: "match", Match: []string{"*"}}, false,
			[]string{"Sales", "Staff", "idle", "omni-ad", "omni-law", "omni-ops", "omni/data"}, ""},
		{"match: the app's own", sync.Selection{From: "match", Match: []string{"omni-own", "idle"}}, false, []string{"idle"}, `"omni-own" was imported from the app itself`},
		{"match: capital letters", sync.Selection{From: "match", Match: []string{"sales", "S*"}}, false, []string{"Sales", "Staff"}, `by "sales": capital letters count, and there is "Sales"`},
		{"match: nobody", sync.Selection{From: "match", Match: []string{"Purchase"}}, false, []string{}, `no group is selected by "Purchase"`},
		{"match: nobody by a glob", sync.Selection{From: "match", Match: []string{"E*", "idle"}}, false, []string{"idle"}, `no group is selected by "E*"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := lenient()
			p.Groups = row.groups
			simulated(t, p, func(c *company) {
				groupsOfEveryKind(c)
				if row.plain {
					plain(c)
				}
				r := c.run(sync.Full)
				c.want(r, sync.Done)
				c.wantNames("Omni's groups", teams(c), row.want...)
				for _, name := range row.want {
					c.wantNames("members of "+name, c.teamOf(name), staff(2)...)
				}
				if row.note != "" {
					tells(t, r.Notes, row.note)
				} else if len(r.Notes) > 1 || row.groups.From == "match" && len(r.Notes) > 0 {
					t.Errorf("told needlessly: %q", r.Notes)
				}
				c.silent()
			})
		})
	}
}

// What groups.from: app_groups means is told once, not in every run.
func TestAppGroupsAreWarnedOfOnce(t *testing.T) {
	simulated(t, choosing("app_groups"), func(c *company) {
		groupsOfEveryKind(c)
		tells(t, c.run(sync.Full).Notes, "Okta advises against")
		if notes := c.run(sync.Full).Notes; len(notes) > 0 {
			t.Errorf("told again: %q", notes)
		}
	})
}

// lacking leaves what has this text in it out of a list.
func lacking(text string) sim.Effect {
	return edited(func(items []json.RawMessage) []json.RawMessage {
		return slices.DeleteFunc(items, func(i json.RawMessage) bool { return bytes.Contains(i, []byte(text)) })
	})
}

// edited changes the lists in answers.
func edited(edit func([]json.RawMessage) []json.RawMessage) sim.Effect {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := httptest.NewRecorder()
			next.ServeHTTP(a, r)
			maps.Copy(w.Header(), a.Header())
			w.WriteHeader(a.Code)
			body := a.Body.Bytes()
			var items []json.RawMessage
			if json.Unmarshal(body, &items) == nil {
				body, _ = json.Marshal(edit(items))
			}
			_, _ = w.Write(body)
		})
	}
}

// sourceLists are the sources, with the path of the list that each reads.
var sourceLists = map[string]struct {
	groups sync.Selection
	path   string
}{
	"push_mappings":  {sync.Selection{From: "push_mappings"}, "/api/v1/apps/*/group-push/mappings"},
	"app_groups":     {sync.Selection{From: "app_groups"}, "/api/v1/apps/*/groups"},
	"match by globs": {sync.Selection{From: "match", Match: []string{"S*", "omni/*"}}, "/api/v1/group[s]"}, // the list alone
}

const forbidden = `{"errorCode":"E0000006","errorSummary":"You do not have permission to perform the requested action","errorLink":"E0000006","errorId":"oae1","errorCauses":[]}`

// Whatever goes wrong with the list of a source, nothing is let go (promise 2);
// and when it comes right again, all is as it was.
func TestPromise2SourceListsThatCantBeBelieved(t *testing.T) {
	for source, list := range sourceLists {
		for name, spoil := range map[string]func(c *company, group string){
			"fails": func(c *company, _ string) {
				c.oktaFaults.Add(sim.Fault{Path: list.path, Do: sim.Status(500, "{}", nil)})
			},
			"forbidden": func(c *company, _ string) {
				c.oktaFaults.Add(sim.Fault{Path: list.path, Do: sim.Status(403, forbidden, nil)})
			},
			"not Okta's": func(c *company, _ string) {
				c.oktaFaults.Add(sim.Fault{Path: list.path, Do: sim.Body(200, "text/html", "<html>Sign in</html>")})
			},
			"denied in silence": func(c *company, _ string) {
				c.okta.SetKnobs(func(k *simokta.Knobs) { k.Denied, k.DeniedPath = simokta.DeniedSilence, list.path })
			},
			"all denied in silence, but the app": func(c *company, _ string) {
				c.okta.SetKnobs(func(k *simokta.Knobs) { k.Denied, k.DeniedPath = simokta.DeniedSilence, "/api/v1/groups*" })
				c.oktaFaults.Add(sim.Fault{Path: list.path, Do: sim.Body(200, "application/json", "[]")})
				c.oktaFaults.Add(sim.Fault{Path: "/api/v1/groups/*", Do: sim.Status(403, forbidden, nil)})
			},
			"loops": func(c *company, _ string) {
				c.okta.SetKnobs(func(k *simokta.Knobs) { k.LoopPath = list.path })
			},
			"lacks one": func(c *company, group string) {
				c.oktaFaults.Add(sim.Fault{Path: list.path, Do: lacking(group)})
			},
		} {
			t.Run(source+"/"+name, func(t *testing.T) {
				p := lenient()
				p.Groups, p.OnUnpush = list.groups, "delete"
				simulated(t, p, func(c *company) {
					ids := groupsOfEveryKind(c)
					c.want(c.run(sync.Full), sync.Done)
					was, linked := teams(c), managed(c)
					spoil(c, ids["Sales"])
					for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
						c.want(c.run(kind), sync.Doubtful)
						c.wantNames("Omni's groups", teams(c), was...)
						c.wantNames("the managed groups", managed(c), linked...)
					}
					c.oktaFaults.Clear()
					c.okta.SetKnobs(func(k *simokta.Knobs) { *k = simokta.Knobs{} })
					c.want(c.run(sync.Full), sync.Done)
					c.silent()
				})
			})
		}
	}
}

// The source's list tells enough of the groups, so that they aren't read again,
// and names alone need no list.
func TestSourcesAskLittle(t *testing.T) {
	const groups, group = "/api/v1/groups", "/api/v1/groups/*"
	for _, row := range []struct {
		name            string
		groups          sync.Selection
		kind            sync.RunKind
		path            string
		lists, pages    int // of path, and of all groups
		single, members int
	}{
		{"push_mappings", sync.Selection{From: "push_mappings"}, sync.Full, "/api/v1/apps/*/group-push/mappings", 1, 0, 4, 0},
		{"app_groups", sync.Selection{From: "app_groups"}, sync.Full, "/api/v1/apps/*/groups", 1, 0, 0, 0},
		{"match by globs", sync.Selection{From: "match", Match: []string{"S*"}}, sync.Full, groups, 1, 1, 0, 0},
		{"match by names", sync.Selection{From: "match", Match: []string{"Sales", "idle"}}, sync.Full, groups, 0, 0, 2, 0},
		{"match by names, one idle", sync.Selection{From: "match", Match: []string{"Sales", "Purchase"}}, sync.Full, groups, 1, 1, 0, 0},
		{"match by names, reconcile", sync.Selection{From: "match", Match: []string{"Sales", "idle"}}, sync.Reconcile, groups, 3, 3, 0, 2}, // one list, and each group once more with its usersCount
		{"match by nothing", sync.Selection{From: "match"}, sync.Full, groups, 0, 0, 0, 0},
	} {
		p := lenient()
		p.Groups = row.groups
		simulated(t, p, func(c *company) {
			groupsOfEveryKind(c)
			c.want(c.run(sync.Full), sync.Done)
			c.oktaAsked.Reset()
			c.want(c.run(row.kind), sync.Done)
			asked := [...]int{c.oktaAsked.Count("", row.path), c.oktaAsked.Count("", groups), c.oktaAsked.Count("", group), c.oktaAsked.Count("", group+"/users")}
			if want := [...]int{row.lists, row.pages, row.single, row.members}; asked != want {
				t.Errorf("%s: asked %v (list, all groups, single groups, members), want %v", row.name, asked, want)
			}
		})
	}
}

// A group that joins the selection is found: by a name that no group had, by a
// name that another group takes over, by a rename into a glob.
func TestGroupsComeIntoTheSelection(t *testing.T) {
	simulated(t, choosing("match", "Sales", "Purchase"), func(c *company) {
		ids := groupsOfEveryKind(c)
		c.run(sync.Full)
		c.wantNames("Omni's groups", teams(c), "Sales")
		c.okta.RenameGroup(ids["idle"], "Purchase")
		c.want(c.run(sync.Full), sync.Done)
		c.wantNames("Omni's groups", teams(c), "Purchase", "Sales")
		c.okta.RenameGroup(ids["idle"], "Buying")
		c.okta.RenameGroup(ids["Staff"], "Purchase")
		c.want(c.run(sync.Full), sync.Done)
		c.wantNames("the managed groups", managed(c), "Purchase", "Sales")
		c.policy.Groups.Match = []string{"Sales", "P*", "B*"}
		c.start()
		c.run(sync.Full)
		c.wantNames("the managed groups", managed(c), "Buying", "Purchase", "Sales")
	})
}

// Two groups of one name: the linked one keeps it. The other is told of once a
// reconcile has seen it, also by runs that know groups by id.
func TestTwoGroupsOfOneName(t *testing.T) {
	simulated(t, choosing("match", "Sales"), func(c *company) {
		groupsOfEveryKind(c)
		c.want(c.run(sync.Full), sync.Done)
		c.okta.AddGroup("Sales", "APP_GROUP")
		c.want(c.run(sync.Full), sync.Done)
		for _, kind := range []sync.RunKind{sync.Reconcile, sync.Full, sync.Full} {
			r := c.run(kind)
			c.want(r, sync.Failing)
			c.wantNames("the managed groups", managed(c), "Sales")
			if !strings.Contains(printed(r), "several pushed groups have this name") {
				t.Errorf("%s: the second group isn't told of\n%s", kind, printed(r))
			}
		}
	})
}

// A group of which Okta suddenly doesn't tell who brought it is left as it is.
func TestUnclearGroupsAreLeftAsTheyAre(t *testing.T) {
	for what, spoil := range map[string]func(string) string{
		"no source": func(s string) string { return strings.ReplaceAll(s, `"source"`, `"was"`) },
		"no name":   func(s string) string { return strings.ReplaceAll(s, `"omni-ad"`, `""`) },
		"new type":  func(s string) string { return strings.ReplaceAll(s, `"APP_GROUP"`, `"TEAM"`) },
	} {
		for _, match := range []string{"omni-a*", "omni-ad"} {
			t.Run(what+"/"+match, func(t *testing.T) {
				p := choosing("match", match)
				p.OnUnpush = "delete"
				simulated(t, p, func(c *company) {
					ids := groupsOfEveryKind(c)
					c.run(sync.Full)
					c.okta.RemoveMember(ids["omni-ad"], c.okta.MembersOf(ids["omni-ad"])[0])
					c.oktaFaults.Add(sim.Fault{Path: "/api/v1/groups", Do: edited(func(items []json.RawMessage) []json.RawMessage {
						for i := range items {
							items[i] = json.RawMessage(spoil(string(items[i])))
						}
						return items
					})})
					r := c.run(sync.Reconcile)
					c.wantNames("the managed groups", managed(c), "omni-ad")
					c.wantNames("the members", c.teamOf("omni-ad"), staff(2)...)
					tells(t, r.Notes, "left as it is")
					c.oktaFaults.Clear()
					c.want(c.run(sync.Full), sync.Done)
					c.wantNames("the members", c.teamOf("omni-ad"), staff(2)[1:]...)
				})
			})
		}
	}
}
