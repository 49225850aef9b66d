package sync_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/mapping"
	"github.com/omnisync/omnisync/okta"
	"github.com/omnisync/omnisync/omniclient"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/sync"
	"github.com/omnisync/omnisync/vault"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"
)

// company is both stand-ins and an engine between them, in one process, for
// simulated time.
type company struct {
	t          *testing.T
	okta       *simokta.Org
	omni       *simomni.Org
	oktaFaults sim.Faults
	omniFaults sim.Faults
	oktaAsked  sim.Requests
	policy     sync.Policy
	rules      mapping.Rules
	store      store
	source     *okta.Reader
	target     *omniclient.Client
	fence      state.Fence
	perMinute  int
	engine     *sync.Engine
	archive    sync.Archive  // nil: none
	outlet     sync.Outlet   // nil: none
	keep       time.Duration // of the log; 0: nobody says
	bare       bool          // there is no vault
	vault      sync.Vault    // nil: one whose key is known
	keyOwners  []string
	canary     sync.Canary
	sides      sync.Identity // that the configuration names; zero: those that are there
	meters     metered       // told by the engine
	logs       *zap.Logger   // nil: the test's, of errors alone
}

type store interface {
	state.Store
	state.Leaser
}

// defaults is the policy of the default configuration, with no grace to wait for.
func defaults() sync.Policy {
	return sync.Policy{AdoptAttributes: "keep", OnUsername: "rename", OnRecycled: "hold", OnManual: "restore", Suspended: "keep", OnUnpush: "keep", AdoptGroups: "ask",
		Action: "deactivate", Settle: 10 * time.Second,
		Guard: sync.Guard{Window: 24 * time.Hour,
			Deactivations: sync.Limit{Count: 25, Percent: 5}, MemberRemovals: sync.Limit{Count: 200, Percent: 10}, PerGroup: 50,
			GroupDeletions: sync.Limit{Count: 1, Percent: 5}, AttributeLosses: sync.Limit{Count: 25, Percent: 5}, PolicyChange: sync.Limit{Count: 25, Percent: 5},
			Creations: sync.Limit{Count: 500, Percent: 50}}}
}

// lenient lets removals through, for tests that are about something else.
func lenient() sync.Policy {
	p := defaults()
	all := sync.Limit{Count: 1_000_000, Percent: 100}
	p.Guard = sync.Guard{Window: 24 * time.Hour, Deactivations: all, MemberRemovals: all, PerGroup: all.Count, GroupDeletions: all, AttributeLosses: all, PolicyChange: all,
		Creations: sync.Limit{Count: 1_000_000, Percent: 1e9}}
	return p
}

// simulated founds a company with an embedded ledger and plays the scenario in
// simulated time. What keeps goroutines for good (Okta's SDK) is made outside it.
func simulated(t *testing.T, policy sync.Policy, play func(c *company)) {
	t.Helper()
	simulatedOn(t, newCompany(t, policy), play)
}

func simulatedOn(t *testing.T, c *company, play func(c *company)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c.t = t
		c.start()
		play(c)
	})
}

func newCompany(t *testing.T, policy sync.Policy) *company {
	t.Helper()
	return newCompanyOn(t, policy, embedded(t), 60)
}

// embedded opens a new ledger in a file.
func embedded(t *testing.T) store {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newCompanyOn(t *testing.T, policy sync.Policy, s store, requestsPerMinute int) *company {
	t.Helper()
	c := &company{t: t, okta: &simokta.Org{}, omni: &simomni.Org{}, policy: policy, store: s, perMinute: requestsPerMinute}
	c.omni.DefineAttribute(simomni.Definition{Reference: "department"})
	c.rules = mapping.Rules{Scope: "true", Attributes: map[string]string{"department": "user.department"}}
	c.connect()
	return c
}

// connect builds the two clients.
func (c *company) connect() {
	c.t.Helper()
	var err error
	c.source, err = okta.New(okta.Options{OrgURL: "http://127.0.0.1", AppID: c.okta.ID(), RateShare: 1,
		Token:     func() (string, error) { return "token", nil },
		Transport: sim.Transport(c.oktaAsked.Wrap(c.oktaFaults.Wrap(c.okta)))})
	if err != nil {
		c.t.Fatal(err)
	}
	c.target, err = omniclient.New(omniclient.Options{BaseURL: "http://127.0.0.1", RequestsPerMinute: c.perMinute,
		Keys:      []func() (string, error){func() (string, error) { return "key", nil }},
		Transport: sim.Transport(c.omniFaults.Wrap(c.omni))})
	if err != nil {
		c.t.Fatal(err)
	}
}

// start builds the engine anew, as a restart of the daemon does.
func (c *company) start() { c.restartOn(c.source) }

// restartOn is start, with another Okta.
func (c *company) restartOn(okta sync.Okta) {
	c.t.Helper()
	mapper, problems := mapping.Compile(c.rules)
	if len(problems) > 0 {
		c.t.Fatal(problems)
	}
	if c.fence == "" {
		var err error
		if c.fence, err = c.store.Acquire(c.t.Context(), "test", 10*365*24*time.Hour); err != nil {
			c.t.Fatal(err)
		}
	}
	box := c.vault
	if box == nil && !c.bare {
		box = vault.New(func() (string, error) { return "the key of tests", nil }, "")
	}
	sides := c.sides
	if sides.Name == "" {
		sides = sync.Identity{Name: "acme", Org: "http://127.0.0.1", App: c.okta.ID(), Omni: "http://127.0.0.1"}
	}
	c.engine = sync.New(sync.Options{Identity: sides,
		Policy: c.policy, Okta: okta, Canary: c.canary, Omni: c.target, Mapper: mapper, Store: c.store, Fence: c.fence, Archive: c.archive, Outlet: c.outlet, Keep: c.keep, Vault: box, KeyOwners: c.keyOwners, Log: c.logger(), Ran: c.meters.ran, Logged: c.meters.logged})
}

func (c *company) logger() *zap.Logger {
	if c.logs != nil {
		return c.logs
	}
	return zaptest.NewLogger(c.t, zaptest.Level(zap.ErrorLevel))
}

// join adds people to Okta and assigns them.
func (c *company) join(names ...string) []string {
	ids := make([]string, len(names))
	for i, name := range names {
		ids[i] = c.okta.AddUser(simokta.User{Login: name, Email: name, FirstName: "First", LastName: strings.SplitN(name, "@", 2)[0],
			Profile: map[string]any{"department": "Sales"}})
		c.okta.Assign(ids[i], simokta.AssignOptions{})
	}
	return ids
}

// staff is n addresses.
func staff(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("person%03d@acme.co", i)
	}
	return names
}

// push adds a group with members and puts it under Push Groups.
func (c *company) push(name string, members ...string) (group, mapping string) {
	id := c.okta.AddGroup(name, "")
	c.okta.AddMembers(id, members...)
	return id, c.okta.Push(id)
}

func (c *company) run(kind sync.RunKind) sync.Report {
	c.t.Helper()
	return c.pass(sync.Request{Kind: kind, Cause: "test", Insist: kind == sync.Reconcile})
}

func (c *company) pass(r sync.Request) sync.Report {
	c.t.Helper()
	report, err := c.engine.Pass(c.t.Context(), r)
	if err != nil {
		c.t.Fatalf("%s: %v", r.Kind, err)
	}
	return report
}

// want fails unless the report has the outcome.
func (c *company) want(r sync.Report, outcome sync.Outcome) {
	c.t.Helper()
	if r.Outcome != outcome {
		c.t.Fatalf("the run ended %q, want %q; doubts %v, notes %v\n%s", r.Outcome, outcome, r.Doubts, r.Notes, printed(r))
	}
}

// printed lists a report's changes.
func printed(r sync.Report) string {
	var b strings.Builder
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "  %-10s %-28s %-8s %s %s\n", c.Kind, c.UserName+c.Group, c.State, c.Reason, c.Error)
	}
	return b.String()
}

// silent fails unless one more run of each kind writes nothing to Omni.
func (c *company) silent() {
	c.t.Helper()
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile} {
		c.omni.ResetLog()
		r := c.run(kind)
		if n := c.omni.Writes(); n != 0 {
			c.t.Fatalf("a %s run with nothing to do wrote %d times\n%s", kind, n, printed(r))
		}
	}
}

// inStep fails unless Omni has exactly those whom Okta assigns, and its pushed
// groups have exactly those members.
func (c *company) inStep() {
	c.t.Helper()
	c.converged()
	c.silent()
}

func (c *company) converged() {
	c.t.Helper()
	want := map[string]bool{}
	for _, name := range c.okta.Assigned() {
		want[identity.FoldUserName(name)] = true
	}
	got := map[string]bool{}
	for _, u := range c.omni.Users() {
		if u.Active {
			got[identity.FoldUserName(u.UserName)] = true
		}
	}
	if !maps.Equal(want, got) {
		c.t.Fatalf("Okta assigns %v\nOmni has      %v", sorted(want), sorted(got))
	}
	assigned := c.okta.Assigned()
	names := c.okta.Groups()
	for id := range c.okta.Pushed() {
		var members []string
		for _, u := range c.okta.MembersOf(id) {
			if name, ok := assigned[u]; ok {
				members = append(members, identity.FoldUserName(name))
			}
		}
		slices.Sort(members)
		if in := c.teamOf(names[id]); !slices.Equal(members, in) {
			c.t.Fatalf("Okta's group %s has %v\nOmni's has %v", names[id], members, in)
		}
	}
}

// teamOf lists the active members of an Omni group, folded and sorted.
func (c *company) teamOf(name string) []string {
	c.t.Helper()
	g, ok := c.omni.Group(name)
	if !ok {
		c.t.Fatalf("Omni has no group %q", name)
	}
	var in []string
	for _, m := range g.Members {
		if u, ok := c.omni.User(m); ok && u.Active {
			in = append(in, identity.FoldUserName(m))
		}
	}
	slices.Sort(in)
	return in
}

func sorted(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

// snapshot tells Omni's whole state in one line.
func snapshot(c *company) string {
	var b strings.Builder
	for _, u := range c.omni.Users() {
		fmt.Fprintf(&b, "%s %q active=%v %v; ", u.UserName, u.DisplayName, u.Active, u.Attributes)
	}
	for _, g := range c.omni.Groups() {
		fmt.Fprintf(&b, "%s %v; ", g.DisplayName, g.Members)
	}
	return b.String()
}

// active counts Omni's active users.
func active(c *company) int {
	n := 0
	for _, u := range c.omni.Users() {
		if u.Active {
			n++
		}
	}
	return n
}

func omniUser(c *company, name string) simomni.User {
	c.t.Helper()
	u, ok := c.omni.User(name)
	if !ok {
		c.t.Fatalf("Omni has no user %q", name)
	}
	return u
}

func team(c *company, name string) simomni.Group {
	c.t.Helper()
	g, ok := c.omni.Group(name)
	if !ok {
		c.t.Fatalf("Omni has no group %q", name)
	}
	return g
}

// memberIDs are the Omni ids of a group's members.
func (c *company) memberIDs(name string) []string {
	var ids []string
	for _, m := range team(c, name).Members {
		ids = append(ids, omniUser(c, m).ID)
	}
	return ids
}
