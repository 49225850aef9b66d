package sync_test

import "testing"

// What stands in Omni under an open intent is found again although the process was
// killed right after it renamed it, and Okta wants nothing of it any more.
func TestKilledAfterRenamingWhatWasIntended(t *testing.T) {
	for _, tt := range []struct{ rename, last string }{
		{"rename", "suspend"}, {"rename", "unassign"}, {"rename group", "unpush"},
	} {
		for made := 9; made <= 20; made++ {
			for stop := 1; stop <= 14; stop++ {
				h := history{People: 1, Groups: 1, Suspended: "keep", OnUnpush: "delete", AdoptGroups: "ask", AdoptValues: "replace", Workers: 1, LastRunWhole: true,
					Acts: []act{{Do: "run", Kind: "reconcile", Stop: made}, {Do: tt.rename}, {Do: "run", Kind: "reconcile", Stop: stop}, {Do: tt.last}}}
				if err := live(t, h, mistake{}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// A group that was intended, and is renamed, is linked as it stands: whoever joins it
// isn't counted as there before Omni was asked.
func TestKilledAfterLinkingWhatWasIntended(t *testing.T) {
	for made := 17; made <= 27; made++ {
		for stop := 1; stop <= 14; stop++ {
			h := history{People: 2, Groups: 1, Suspended: "keep", OnUnpush: "delete", AdoptGroups: "ask", AdoptValues: "replace", Workers: 1, LastRunWhole: true,
				Acts: []act{{Do: "run", Kind: "reconcile", Stop: made}, {Do: "rename group"}, {Do: "join", A: 1}, {Do: "join"}, {Do: "run", Kind: "reconcile", Stop: stop}}}
			if err := live(t, h, mistake{}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
