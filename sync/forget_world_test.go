package sync_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/identity"
	simokta "github.com/omnisync/omnisync/internal/sim/okta"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/archive"
	"github.com/omnisync/omnisync/state/bolt"
	"github.com/omnisync/omnisync/state/outlet"
	"github.com/omnisync/omnisync/state/redis"
	"github.com/omnisync/omnisync/state/statetest"
	"github.com/omnisync/omnisync/sync"
	"github.com/omnisync/omnisync/vault"
	goredis "github.com/redis/go-redis/v9"
)

// All that is told of the one who is forgotten begins so, and nothing else does.
const (
	markNow   = "QuillAddr@acme.co"
	markThen  = "QuillAddrThen@acme.co"
	markName  = "Quillname Quilllast"
	markValue = "QuillValue"
	marks     = "quill" // in small letters
)

// oblivion is a company from which somebody left who is to be forgotten.
type oblivion struct {
	*company
	mark  string // Okta's id of theirs
	omniM string // Omni's
	other string // of who stays
	bytes func() string
	dir   string // of the archive
	audit string // the log's export
}

// oblivions open a ledger, and gives all its bytes.
var oblivions = map[string]func(t *testing.T) (store, func() string){
	"bolt": func(t *testing.T) (store, func() string) {
		path := filepath.Join(t.TempDir(), "ledger.db")
		s, err := bolt.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s, func() string {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
	},
	"redis": func(t *testing.T) (store, func() string) {
		url := statetest.Redis(t)
		s, err := redis.Open(redis.Options{URL: url, Name: statetest.Name()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s, func() string { return allKeys(t, url) }
	},
}

// allKeys is every key of a Redis with its value.
func allKeys(t *testing.T, url string) string {
	t.Helper()
	o, err := goredis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := goredis.NewClient(o)
	defer c.Close()
	var all strings.Builder
	keys, err := c.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		var v any
		switch c.Type(t.Context(), k).Val() {
		case "hash":
			v = c.HGetAll(t.Context(), k).Val()
		case "stream":
			v = c.XRange(t.Context(), k, "-", "+").Val()
		case "zset":
			v = c.ZRange(t.Context(), k, 0, -1).Val()
		default:
			v = c.Get(t.Context(), k).Val()
		}
		fmt.Fprintln(&all, k, v)
	}
	return all.String()
}

// newOblivion lives through all in which somebody leaves a trace, to the end of the
// membership.
func newOblivion(t *testing.T, s store, bytes func() string) *oblivion {
	t.Helper()
	policy := lenient()
	policy.Settle = 20 * time.Millisecond
	c := newCompanyOn(t, policy, s, 600_000)
	c.omni.SetKnobs(simomni.Knobs{RealLimit: -1})
	c.okta.SetKnobs(func(k *simokta.Knobs) {
		k.Limits = map[simokta.Bucket]int{simokta.BucketApp: -1, simokta.BucketApps: -1, simokta.BucketGroup: -1,
			simokta.BucketGroups: -1, simokta.BucketUser: -1, simokta.BucketUsers: -1, simokta.BucketLogs: -1, simokta.BucketRest: -1}
	})
	o := &oblivion{company: c, bytes: bytes, dir: t.TempDir(), audit: filepath.Join(t.TempDir(), "audit.jsonl")}
	c.vault = vault.New(func() (string, error) { return "the key", nil }, "")
	o.opens()
	people := c.join("ada@acme.co", "bob@acme.co")
	o.other = people[0]
	o.mark = c.okta.AddUser(simokta.User{Login: markThen, Email: "quill.login@acme.co", FirstName: "Quillname", LastName: "Quilllast",
		Profile: map[string]any{"department": markValue}})
	c.okta.Assign(o.mark, simokta.AssignOptions{})
	sales, _ := c.push("Sales", people[0], o.mark)
	c.want(c.run(sync.Full), sync.Done)
	c.okta.SetUserName(o.mark, markNow)
	c.want(c.run(sync.Full), sync.Done)
	c.okta.RemoveMember(sales, o.mark)
	c.want(c.run(sync.Full), sync.Done)
	u, there := c.omni.User(markNow)
	if !there {
		t.Fatal("Omni lacks the user")
	}
	o.omniM = u.ID
	c.okta.Unassign(o.mark)
	c.run(sync.Full)
	<-time.After(30 * time.Millisecond)
	c.want(c.run(sync.Full), sync.Done)
	c.wantActive("ada@acme.co", "bob@acme.co")
	o.plant()
	return o
}

// opens opens the archive, as a new process does.
func (o *oblivion) opens() {
	o.t.Helper()
	kept, err := archive.Open(o.dir, "acme")
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = kept.Close() })
	o.archive, o.outlet = kept, outlet.New(o.audit)
	o.start()
}

// plant leaves traces that take long histories to come about.
func (o *oblivion) plant() {
	o.t.Helper()
	var b state.Batch
	at := time.Now().UTC()
	region := identity.Value(`"` + markValue + `"`)
	told := state.Change{Kind: "update", UserName: markNow, OktaID: o.mark, OmniID: o.omniM, State: state.Failed, Time: at, Run: "r1",
		Reason: "department becomes " + markValue, Error: "Omni refuses " + markValue,
		Before:  &state.Facts{DisplayName: markName, Attributes: map[string]*identity.Value{"department": &region, "gone": nil}},
		Answers: []identity.Answer{{Method: "GET", Path: "/Users?filter=userName%20eq%20%22QuillAddr%40acme.co%22", Status: 400, Error: "no " + markValue}},
		Problem: &state.Problem{Cause: "x", Advice: "mend " + markValue}}
	run := state.Run{Run: "r1", Kind: "full", Outcome: "done", Started: at, Ended: at, Doubts: []string{"quilladdr@ACME.co: " + markValue + " is doubtful"},
		Refused: []state.Trouble{{Cause: "y", Words: "no " + markValue, Advice: "mend it", Count: 1, Names: []string{markNow}}}}
	hold := state.Hold{Change: state.Change{Kind: "deactivate", UserName: "bob@acme.co", OktaID: "00ubob", State: state.Held, Time: at}, Guard: "deactivations", Run: "r1", Since: at,
		Decision: state.Rejected, By: markNow, At: at,
		Why: &state.Because{Reason: state.ReasonUnassigned, Actor: identity.Named{ID: o.mark, Name: "Quillname"}}}
	renamed := hold
	renamed.Change.OktaID, renamed.Change.UserName, renamed.Why = o.mark, markThen, nil
	state.Add(&b, state.Log, told)
	state.Add(&b, state.Runs, run)
	state.Put(&b, state.Holds, "deactivate:00ubob", hold)
	renameKey := "rename:" + o.mark + ":" + identity.FoldUserName(markNow)
	state.Put(&b, state.Holds, renameKey, renamed)
	state.Put(&b, state.Failing, "user:"+o.mark, state.Failure{Change: told, Attempts: 1, Since: at, Next: at})
	state.Put(&b, state.PushedUsers, o.mark, state.PushedUser{PushedUser: identity.PushedUser{ID: o.omniM, External: o.mark, UserName: markNow,
		Profile: identity.Profile{DisplayName: markName, Title: "Quilltitle", Emails: []identity.Contact{{Value: "quillhome@example.com"}}, Phones: []identity.Contact{{Value: "quill-5551234"}}}}})
	state.Put(&b, state.Leavers, "00ueve", state.Leaver{Okta: "00ueve", UserName: "eve@acme.co", Step: state.InHandover, Began: at,
		To: []state.Candidate{{Entry: "user.managerEmail", Email: markNow, Why: markName + " is inactive"}}})
	mine, theirs := o.saved("s1", o.mark, markNow), o.saved("s2", o.other, "ada@acme.co")
	state.Put(&b, state.Saves, mine.ID, mine)
	state.Put(&b, state.Saves, theirs.ID, theirs)
	if err := o.store.Apply(o.t.Context(), o.fence, b); err != nil {
		o.t.Fatal(err)
	}
	for kind, v := range map[string]any{state.ArchivedChange: told, state.ArchivedRun: run, state.ArchivedDecision: state.ArchivedHold{Key: renameKey, Hold: renamed},
		state.ArchivedSaved: theirs, "another": map[string]string{"to": markNow}, "broken": nil} {
		text, err := json.Marshal(v)
		if kind == "broken" { // no run has this form
			kind, text = state.ArchivedRun, []byte(`["`+markNow+`"]`)
		}
		if err == nil {
			err = o.archive.Append(o.t.Context(), state.Archived{Kind: kind, Record: text})
		}
		if err != nil {
			o.t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(o.dir, "*.jsonl"))
	if err != nil || len(files) == 0 {
		o.t.Fatal(files, err)
	}
	f, err := os.OpenFile(files[0], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(`{"v":1,"connection":"acme","record":"` + markNow); err != nil {
		o.t.Fatal(err)
	}
	o.opens() // who left half a line is gone
	o.export()
	whole, err := os.ReadFile(o.audit)
	if err == nil {
		err = os.WriteFile(o.audit, append(whole, `{"kind":"update","userName":"`+markNow...), 0o600)
	}
	if err != nil {
		o.t.Fatal(err)
	}
}

// crowds leaves so many lines that a file keeps pages that nobody uses.
func (o *oblivion) crowds() {
	o.t.Helper()
	var b state.Batch
	for range 300 {
		state.Add(&b, state.Log, state.Change{Kind: "members", Group: "Sales", OktaID: "00gsales", State: state.Applied, Time: time.Now().UTC(),
			After: &state.Facts{Members: []string{"ada@acme.co", markNow}}})
	}
	if err := o.store.Apply(o.t.Context(), o.fence, b); err != nil {
		o.t.Fatal(err)
	}
}

// saved is a schedule that was saved, and goes to several people.
func (o *oblivion) saved(id, owner, userName string) state.Saved {
	o.t.Helper()
	sealed, err := o.vault.Seal(id, []byte(`{"recipients":["ada@acme.co","`+markNow+`"],"n":12345678901234567890}`))
	if err != nil {
		o.t.Fatal(err)
	}
	now := time.Now().UTC()
	return state.Saved{ID: id, Kind: state.Schedule, Name: markName + " weekly", Owner: identity.OktaID(owner), UserName: userName, At: now, Sealed: sealed, Until: now.Add(time.Hour)}
}

// unsealed is what the sealed parts hold of all that was saved.
func (o *oblivion) unsealed() string {
	o.t.Helper()
	var all strings.Builder
	open := func(s state.Saved) {
		plain, err := o.vault.Open(s.ID, s.Sealed)
		if err != nil {
			o.t.Fatal(err)
		}
		fmt.Fprintln(&all, s.ID, string(plain))
	}
	for e, err := range state.All[state.Saved](o.t.Context(), o.store, state.Saves) {
		if err != nil {
			o.t.Fatal(err)
		}
		open(e.Value)
	}
	for r, err := range archive.Read(o.dir, "acme") {
		var s state.Saved
		if err == nil && r.Kind == state.ArchivedSaved && json.Unmarshal(r.Record, &s) == nil {
			open(s)
		}
	}
	return all.String()
}

// everywhere is all that is kept, and what is made of it.
func (o *oblivion) everywhere() map[string]string {
	o.t.Helper()
	var export bytes.Buffer
	if _, err := state.Export(o.t.Context(), o.store, &export, "acme", time.Now()); err != nil {
		o.t.Fatal(err)
	}
	var kept strings.Builder
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(o.dir, e.Name()))
		if err != nil {
			o.t.Fatal(err)
		}
		kept.Write(text)
	}
	exported, err := os.ReadFile(o.audit)
	if err != nil {
		o.t.Fatal(err)
	}
	history, err := json.Marshal(o.history())
	if err != nil {
		o.t.Fatal(err)
	}
	group, err := o.engine.Explain(o.t.Context(), "Sales")
	if err != nil {
		o.t.Fatal(err)
	}
	explained, err := json.Marshal(group)
	if err != nil {
		o.t.Fatal(err)
	}
	names, err := sync.NewKnown(o.store).Names(o.t.Context(), sync.NamesQuery{Of: sync.NamesOfAll})
	if err != nil {
		o.t.Fatal(err)
	}
	return map[string]string{"store": o.bytes(), "export": export.String(), "archive": kept.String(), "exported": string(exported), "saved": o.unsealed(),
		"history": string(history), "explain": string(explained), "names": fmt.Sprint(names)}
}

// traceless fails where anything of the person is left, and where their ids aren't.
func (o *oblivion) traceless(when string) {
	o.t.Helper()
	for place, text := range o.everywhere() {
		small := strings.ToLower(text)
		for at := strings.Index(small, marks); at >= 0; at = -1 {
			o.t.Errorf("%s there is in %s: %.200q", when, place, text[max(0, at-100):min(len(text), at+100)])
		}
		if (place == "store" || place == "archive" || place == "export" || place == "exported") && !strings.Contains(text, o.mark) {
			o.t.Errorf("%s the id is gone from %s", when, place)
		}
	}
}

func (o *oblivion) forget(subject string) (sync.Forgotten, error) {
	return o.engine.Forget(o.t.Context(), sync.Forgetting{Subject: subject, By: "grace"})
}
