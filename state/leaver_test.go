package state_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/statetest"
)

var (
	leaver = state.Leaver{
		Okta: "00u1", Omni: "m1", UserName: "a@b.example", Began: noon, Step: state.InHandover, Since: noon,
		Policy: state.Handover{Schedules: state.Transfer, Documents: state.Save, Within: 168 * time.Hour, Same: []string{"region"}},
		Read:   noon, Run: "run-1", Cause: "schedule",
		To: []state.Candidate{
			{Entry: "user.managerEmail", Email: "c@b.example", Omni: "m2", Differs: []string{"region"}, Why: "another region"},
			{Entry: "d@b.example", Email: "d@b.example", Omni: "m3"},
		},
		Items: []state.Item{
			{Kind: state.Schedule, ID: "s1", Name: "Weekly & <all>", Detail: "0 8 ? * MON *", Recipients: 12, State: state.ItemTransferred, To: "d@b.example", Saved: true, At: noon,
				Tried: []state.Tried{{To: "c@b.example", Why: "may not see the dashboard"}}},
			{Kind: state.Document, ID: "d1", Name: "Pipeline", State: state.ItemWaiting},
		},
		Reason: "d1 waits", Attempts: 2, Next: noon.Add(time.Minute), Error: "503", Alerted: noon,
	}
	saved = state.Saved{
		ID: "s1", Kind: state.Schedule, Name: "Weekly & <all>", Owner: "00u1", Omni: "m1", UserName: "a@b.example", At: noon, Run: "run-1",
		Document: "Sales", Cron: "0 8 ? * MON *", Timezone: "UTC", Target: "email", Recipients: 12, Sealed: json.RawMessage(`{"v":1}`), Until: noon.Add(2160 * time.Hour),
		Restored: &state.Restored{To: "d@b.example", ID: "s2", At: noon, Problems: []string{"alert condition"}},
	}
)

// savedText is saved, as it is stored for ever.
const savedText = `{"id":"s1","kind":"schedule","name":"Weekly & <all>","owner":"00u1","omni":"m1","userName":"a@b.example","at":"2025-03-01T12:00:00.123456789Z",` +
	`"run":"run-1","document":"Sales","cron":"0 8 ? * MON *","timezone":"UTC","target":"email","recipients":12,"sealed":{"v":1},"until":"2025-05-30T12:00:00.123456789Z",` +
	`"restored":{"to":"d@b.example","id":"s2","at":"2025-03-01T12:00:00.123456789Z","problems":["alert condition"]}}`

// leaverText is leaver, as it is stored for ever.
const leaverText = `{"okta":"00u1","omni":"m1","userName":"a@b.example","began":"2025-03-01T12:00:00.123456789Z","step":"handover","since":"2025-03-01T12:00:00.123456789Z",` +
	`"policy":{"schedules":"transfer","documents":"save","within":604800000000000,"same":["region"]},"read":"2025-03-01T12:00:00.123456789Z",` +
	`"items":[{"kind":"schedule","id":"s1","name":"Weekly & <all>","detail":"0 8 ? * MON *","recipients":12,"state":"transferred","to":"d@b.example","saved":true,` +
	`"tried":[{"to":"c@b.example","why":"may not see the dashboard"}],"at":"2025-03-01T12:00:00.123456789Z"},{"kind":"document","id":"d1","name":"Pipeline","state":"waiting"}],` +
	`"run":"run-1","to":[{"entry":"user.managerEmail","email":"c@b.example","omni":"m2","differs":["region"],"why":"another region"},{"entry":"d@b.example","email":"d@b.example","omni":"m3"}],` +
	`"cause":"schedule","reason":"d1 waits","attempts":2,"next":"2025-03-01T12:01:00.123456789Z","error":"503","alerted":"2025-03-01T12:00:00.123456789Z"}`

func TestLeaversAreStoredAs(t *testing.T) {
	var b state.Batch
	state.Put(&b, state.Leavers, "00u1", leaver)
	state.Put(&b, state.Saves, "s1", saved)
	for i, want := range []string{leaverText, savedText} {
		if got := string(b.Writes[i].Value); got != "1"+want {
			t.Errorf("it is stored as\n%s\nwant\n%s", got, "1"+want)
		}
	}
	gone, err1 := state.Decode[state.Leaver](state.Entry{Value: []byte("1" + leaverText)}, state.Leavers)
	kept, err2 := state.Decode[state.Saved](state.Entry{Value: []byte("1" + savedText)}, state.Saves)
	if err1 != nil || err2 != nil || !reflect.DeepEqual(gone, leaver) || !reflect.DeepEqual(kept, saved) {
		t.Errorf("read as %+v, %v\nand %+v, %v", gone, err1, kept, err2)
	}
}

// TestLeaversOnBothStores: what both stores keep is what was written.
func TestLeaversOnBothStores(t *testing.T) {
	for name, l := range map[string]*ledger{"bolt": inFile(t), "redis": inRedis(t, statetest.Redis(t))} {
		var b state.Batch
		state.Put(&b, state.Leavers, "00u1", leaver)
		state.Put(&b, state.Saves, "s1", saved)
		l.write(t, b)
		gone, _, err1 := state.Read[state.Leaver](t.Context(), l, state.Leavers, "00u1")
		kept, _, err2 := state.Read[state.Saved](t.Context(), l, state.Saves, "s1")
		if err1 != nil || err2 != nil || !reflect.DeepEqual(gone, leaver) || !reflect.DeepEqual(kept, saved) {
			t.Errorf("%s: read as %+v, %v\nand %+v, %v", name, gone, err1, kept, err2)
		}
	}
}

// TestSavedComesBack: of the archive's lines the last counts, and only while it is kept.
func TestSavedComesBack(t *testing.T) {
	early, last := saved, saved
	early.Restored = nil
	other := early
	other.ID, other.Until = "s9", noon
	for _, tt := range []struct {
		now  time.Time
		want map[string]*state.Saved
	}{
		{noon.Add(-time.Second), map[string]*state.Saved{"s1": &last, "s9": &other}},
		{noon, map[string]*state.Saved{"s1": &last, "s9": nil}},
		{saved.Until, map[string]*state.Saved{"s1": nil, "s9": nil}},
	} {
		l := inFile(t)
		var b state.Batch
		for _, s := range []state.Saved{early, other, last} {
			s.PutArchived(&b, tt.now)
		}
		l.write(t, b)
		for id, want := range tt.want {
			got, ok, err := state.Read[state.Saved](t.Context(), l, state.Saves, id)
			if err != nil || ok != (want != nil) || ok && !reflect.DeepEqual(got, *want) {
				t.Errorf("at %s %s is %+v, %t, %v", tt.now, id, got, ok, err)
			}
		}
	}
}
