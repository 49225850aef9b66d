package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	"github.com/omnisync/omnisync/internal/sim/pusher"
	"github.com/omnisync/omnisync/state/statetest"
)

const scimToken = "token-0123456789-0123456789"

// endpointed is a replica that Okta pushes to.
type endpointed struct {
	*replica
	address string
}

// pushed writes the configuration of a syncd with a SCIM endpoint; without pull it
// has no credential for Okta.
func (f *fleet) pushed(name string, pull bool) *endpointed {
	f.t.Helper()
	r := f.replica(name)
	address, err := freeAddress()
	if err != nil {
		f.t.Fatal(err)
	}
	e := &endpointed{replica: r, address: address}
	config := e.configuration()
	if !pull {
		config = strings.Replace(config, `, auth: {api_token: "${env:OKTA_API_TOKEN}"}`, "", 1)
	}
	// A team that is pushed one by one doubles again and again.
	config = strings.Replace(config, "guard: {", "guard: {creations: {count: 1000, percent: 100}, ", 1)
	config += fmt.Sprintf("scim: {listen: %q, bearer_tokens: [\"${file:%s}\"]}\n", address, e.tokenFile())
	e.write(r.config(), config)
	e.write(e.tokenFile(), scimToken)
	return e
}

func (e *endpointed) tokenFile() string { return filepath.Join(e.fleet.dir, e.name, "token") }
func (e *endpointed) url() string       { return "http://" + e.address + "/scim/v2" }

func (e *endpointed) write(file, text string) {
	e.fleet.t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		e.fleet.t.Fatal(err)
	}
}

func (e *endpointed) configuration() string {
	e.fleet.t.Helper()
	text, err := os.ReadFile(e.config())
	if err != nil {
		e.fleet.t.Fatal(err)
	}
	return string(text)
}

// okta is a client of Okta's.
func (e *endpointed) okta(style pusher.Style) *pusher.Client {
	return &pusher.Client{BaseURL: e.url(), Token: scimToken, Style: style}
}

// takes reports whether the endpoint's own /readyz answers 200.
func (e *endpointed) takes() bool { return e.get("/readyz", "") == http.StatusOK }

// get asks the endpoint's listener, and gives the status, 0 for no answer.
func (e *endpointed) get(path, token string) int {
	e.fleet.t.Helper()
	request, err := http.NewRequestWithContext(e.fleet.t.Context(), http.MethodGet, "http://"+e.address+path, http.NoBody)
	if err != nil {
		e.fleet.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// up starts the daemon and waits until it takes pushes.
func (e *endpointed) up() {
	e.fleet.t.Helper()
	e.start()
	e.fleet.until(20*time.Second, e.name+" takes pushes", e.takes)
}

// drain lets Okta push all that is queued.
func (f *fleet) drain(okta *pusher.Client, patience time.Duration) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	if err := okta.Run(ctx); err != nil {
		f.t.Fatal(err)
	}
	for _, task := range okta.Failed() {
		f.t.Errorf("%+v", task)
	}
}

// crew is n people whom Okta pushes.
func crew(n int) []pusher.Person {
	list := make([]pusher.Person, n)
	for i := range list {
		name := fmt.Sprintf("crew%03d", i)
		list[i] = pusher.Person{OktaID: fmt.Sprintf("00u%017d", i), UserName: name + "@example.com", GivenName: name, FamilyName: "Example"}
	}
	return list
}

func namesOf(people ...pusher.Person) []string {
	var names []string
	for _, p := range people {
		names = append(names, identity.FoldUserName(p.UserName))
	}
	slices.Sort(names)
	return names
}

// activeUsers are those in Omni.
func (f *fleet) activeUsers() []string {
	var names []string
	for _, u := range f.omni.Users() {
		if u.Active {
			names = append(names, identity.FoldUserName(u.UserName))
		}
	}
	slices.Sort(names)
	return names
}

func (f *fleet) wantActive(people ...pusher.Person) {
	f.t.Helper()
	f.until(20*time.Second, fmt.Sprintf("active in Omni are %v", namesOf(people...)), func() bool {
		return slices.Equal(f.activeUsers(), namesOf(people...))
	})
}

func (f *fleet) wantIn(group string, people ...pusher.Person) {
	f.t.Helper()
	f.until(20*time.Second, fmt.Sprintf("in %s are %v", group, namesOf(people...)), func() bool {
		return slices.Equal(f.activeIn(group), namesOf(people...))
	})
}

// TestPushAlone has Okta push through a day, to a daemon without a credential for
// Okta, which is restarted in the middle.
func TestPushAlone(t *testing.T) {
	for name, style := range map[string]pusher.Style{"classic": pusher.Classic(), "catalogue": pusher.Catalog(), "entra": pusher.Entra()} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, "bolt://"+filepath.Join(t.TempDir(), "ledger.db"))
			e := f.pushed("one", false)
			e.up()
			okta, all := e.okta(style), crew(5)
			f.day(okta, all)
			ids := []string{okta.ExternalID(all[0].OktaID), okta.ExternalID(all[2].OktaID), okta.GroupID("00g1")}

			e.stop()
			for _, command := range [][]string{{"plan", "--detailed-exitcode"}, {"reconcile", "--dry-run", "--detailed-exitcode"}, {"status"}, {"reconcile"}} {
				if status, out := e.run(command...); status != exitDone {
					t.Errorf("%v without a daemon exits with %d:\n%s", command, status, out)
				}
			}
			if _, out := e.run("history", all[0].UserName); !strings.Contains(out, "push POST /Users request ") {
				t.Errorf("the history doesn't tell the push:\n%s", out)
			}
			e.up()
			all[0].FamilyName = "Afterwards"
			okta.Update(all[0])
			okta.SetMembers("00g1", all[2].OktaID)
			f.drain(okta, 20*time.Second)
			f.wantIn("Crew", all[2])
			if again := []string{okta.ExternalID(all[0].OktaID), okta.ExternalID(all[2].OktaID), okta.GroupID("00g1")}; !slices.Equal(ids, again) {
				t.Errorf("the ids were %v and are %v", ids, again)
			}
			f.wroteOnce()
			f.quiet(e.replica)
			f.wantActive(all...)
		})
	}
}

// day has everybody come, change, leave and return. In the end all are active, and
// the first and the third are in Crew.
func (f *fleet) day(okta *pusher.Client, all []pusher.Person) {
	f.t.Helper()
	for _, who := range all {
		okta.Assign(who)
	}
	okta.PushGroup(pusher.Group{OktaID: "00g1", Name: "Crew", Members: []string{all[0].OktaID, all[1].OktaID}})
	f.drain(okta, 20*time.Second)
	f.wantActive(all...)
	f.wantIn("Crew", all[0], all[1])

	all[1].UserName = "renamed@example.com"
	okta.Update(all[1])
	okta.Unassign(all[3].OktaID)
	okta.SetMembers("00g1", all[0].OktaID, all[2].OktaID)
	f.drain(okta, 20*time.Second)
	f.wantActive(all[0], all[1], all[2], all[4])
	f.wantIn("Crew", all[0], all[2])

	okta.Assign(all[3])
	f.drain(okta, 20*time.Second)
	f.wantActive(all...)
}

// TestPushSpec does Okta's published tests of an endpoint on the real process.
func TestPushSpec(t *testing.T) {
	f := newFleet(t, "bolt://"+filepath.Join(t.TempDir(), "ledger.db"))
	e := f.pushed("one", false)
	e.up()
	okta := e.okta(pusher.Catalog())
	okta.Assign(crew(1)[0])
	f.drain(okta, 20*time.Second)
	if status, out := e.run("status"); status != 0 || !strings.Contains(out, "push: 2 requests\n") {
		t.Errorf("status exits with %d:\n%s", status, out)
	}
	server := pusher.Server{BaseURL: e.url(), Auth: "Bearer " + scimToken}
	for _, finding := range pusher.Spec(t.Context(), server) {
		t.Error(finding)
	}
	if status, out := e.run("status"); status != 0 || !strings.Contains(out, "push: 14 requests, 1 without a right token\n") {
		t.Errorf("status exits with %d:\n%s", status, out)
	}
	if status, out := e.run("status", "--json"); status != 0 || !strings.Contains(out, `"waiting": {`) {
		t.Errorf("status exits with %d:\n%s", status, out)
	}
	for _, finding := range pusher.CRUD(t.Context(), server, e.okta(pusher.Classic())) {
		t.Error(finding)
	}
}

// TestPushTokensRotate replaces the token while the daemon runs.
func TestPushTokensRotate(t *testing.T) {
	f := newFleet(t, "bolt://"+filepath.Join(t.TempDir(), "ledger.db"))
	e := f.pushed("one", false)
	e.up()
	const path, newer = "/scim/v2/Users?startIndex=1&count=2", "token-of-next-year-0123456789"
	e.write(e.tokenFile(), newer)
	if status := e.get(path, scimToken); status != http.StatusOK {
		t.Errorf("before SIGHUP the token is answered %d", status)
	}
	e.signal(syscall.SIGHUP)
	f.until(20*time.Second, "the new token counts", func() bool { return e.get(path, newer) == http.StatusOK })
	if status := e.get(path, scimToken); status != http.StatusUnauthorized {
		t.Errorf("the old token is answered %d", status)
	}
}

// TestPushAtStandby pushes to the one that stands by.
func TestPushAtStandby(t *testing.T) {
	f := newFleet(t, statetest.Redis(t))
	one, two := f.pushed("one", false), f.pushed("two", false)
	one.up()
	two.start()
	f.until(20*time.Second, "the second listens", func() bool { return two.get("/healthz", "") == http.StatusOK })
	if status := two.get("/readyz", ""); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz of a standby answers %d", status)
	}
	okta, all := two.okta(pusher.Classic()), crew(3)
	for _, who := range all {
		okta.Assign(who)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := okta.Run(ctx); err == nil {
		t.Fatal("a standby did what Okta pushed")
	}
	for _, x := range okta.Exchanges() {
		if x.Status != http.StatusTooManyRequests || x.Replied.Get("Retry-After") != "2" {
			t.Errorf("%s %s is answered %d, to come again in %s", x.Method, x.Path, x.Status, x.Replied.Get("Retry-After"))
		}
	}
	if n := len(okta.Exchanges()); n == 0 {
		t.Error("nothing was pushed")
	}
	okta.Point(one.url(), scimToken) // a balancer has noticed
	f.drain(okta, 20*time.Second)
	f.wantActive(all...)
	f.wroteOnce()
	f.quiet(one.replica)
}

// TestPushBesidePull has Okta push what the daemon also reads.
func TestPushBesidePull(t *testing.T) {
	f := newFleet(t, "bolt://"+filepath.Join(t.TempDir(), "ledger.db"))
	e := f.pushed("one", true)
	e.up()
	f.converges(e.replica, 20*time.Second)
	okta, all := e.okta(pusher.Catalog()), []pusher.Person{}
	for _, id := range f.people {
		name := f.names[id]
		all = append(all, pusher.Person{OktaID: id, UserName: name + "@example.com", GivenName: name, FamilyName: "Example"})
		okta.Assign(all[len(all)-1])
	}
	f.drain(okta, 20*time.Second)
	f.wroteOnce()
	leaver := all[0]
	f.okta.Unassign(leaver.OktaID)
	okta.Unassign(leaver.OktaID)
	f.drain(okta, 20*time.Second)
	f.wantActive(all[1:]...)
	f.okta.Assign(leaver.OktaID, simokta.AssignOptions{})
	okta.Assign(leaver)
	f.drain(okta, 20*time.Second)
	f.converges(e.replica, 20*time.Second)
	f.wantActive(all...)
	f.wroteOnce()
	f.quiet(e.replica)
}

// TestPromise4PushKilled kills the leader in the middle of many pushes. Okta finds
// whoever leads, as through a balancer.
func TestPromise4PushKilled(t *testing.T) {
	interrupted(t, func(e *endpointed) { e.kill() })
}

// TestPushWhileTheLeaderEnds tells the leader to end in the middle of many pushes.
func TestPushWhileTheLeaderEnds(t *testing.T) {
	interrupted(t, func(e *endpointed) { e.stop() })
}

// interrupted ends the leader in the middle of many pushes.
func interrupted(t *testing.T, end func(*endpointed)) {
	t.Helper()
	f := newFleet(t, statetest.Redis(t))
	one, two := f.pushed("one", false), f.pushed("two", false)
	one.up()
	two.start()
	okta, all := one.okta(pusher.Classic()), crew(60)
	okta.HTTP = &http.Client{Transport: &balancer{to: []*endpointed{one, two}}}
	members := make([]string, len(all))
	for i, who := range all {
		okta.Assign(who)
		members[i] = who.OktaID
	}
	okta.PushGroup(pusher.Group{OktaID: "00g1", Name: "Crew", Members: members})
	ended := make(chan error, 1)
	go func() { ended <- okta.Run(t.Context()) }()
	f.until(20*time.Second, "pushes are under way", func() bool { return f.omni.Writes() > 10 })
	end(one)
	if n := len(f.omni.Users()); n == len(all) {
		t.Error("all was done before the leader ended")
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if failed := okta.Failed(); len(failed) > 4 { // those whose connection broke: Okta repeats none of them by itself
		t.Errorf("%d tasks failed: %+v", len(failed), failed)
	}
	okta.RetryFailed() // the button of that name
	f.drain(okta, 20*time.Second)
	okta.SetMembers("00g1", members...) // with those who came after it
	f.drain(okta, 20*time.Second)
	f.wantActive(all...)
	f.wantIn("Crew", all...)
	f.wroteOnce()
	f.quiet(two.replica)
}

// balancer sends a request to whoever calls itself ready, and while nobody does to
// any who is there.
type balancer struct{ to []*endpointed }

// RoundTrip implements http.RoundTripper.
func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	for _, path := range []string{"/readyz", "/healthz"} {
		for _, e := range b.to {
			if e.get(path, "") == http.StatusOK {
				sent := r.Clone(r.Context())
				sent.URL.Host = e.address
				return http.DefaultTransport.RoundTrip(sent)
			}
		}
	}
	return nil, errors.New("nobody is there")
}
