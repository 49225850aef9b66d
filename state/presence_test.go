package state_test

import (
	"testing"
	"testing/quick"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// Checksums narrow a search: equal names and ids have equal ones, none has 0,
// and no id has the one that stands for none.
func TestSums(t *testing.T) {
	if err := quick.Check(func(name, id string) bool {
		sum := state.NameSum(name)
		return sum != 0 && sum == state.NameSum(" "+identity.FoldUserName(name)+" ") && (state.IDSum(identity.OmniID(id)) == 0) == (id == "")
	}, nil); err != nil {
		t.Error(err)
	}
	if state.IDSum("a") == state.IDSum("b") || state.IDSum("A") == state.IDSum("a") {
		t.Error("ids that differ share a checksum")
	}
}

// Each group's members have a bucket of their own, which is no other kind's.
func TestMembersBucket(t *testing.T) {
	seen := map[state.Bucket]bool{state.Meta: true, state.Users: true, state.Marks: true, state.Groups: true, state.Holds: true, state.Failing: true}
	for _, id := range []identity.GroupID{"00g1", "00g2", "00G1", "users", "meta"} {
		if b := state.Members(id); seen[b] {
			t.Errorf("the members of %s are kept in %s, with others", id, b)
		} else {
			seen[b] = true
		}
	}
}
