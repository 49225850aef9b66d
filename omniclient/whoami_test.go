package omniclient_test

import (
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/internal/sim"
	simomni "github.com/omnisync/omnisync/internal/sim/omni"
	"github.com/omnisync/omnisync/omniclient"
)

// Each key is asked about with that key, and a refusal sets none aside.
func TestKeyOwners(t *testing.T) {
	org := &simomni.Org{}
	ann := org.AddUser("ann@acme.test", "Ann")
	org.SetKnobs(simomni.Knobs{Keys: []string{"k1", "k2"}, UserKeys: []string{"k3"}, ForeignKeys: []string{"k4"}, KeyOwners: map[string]string{"k2": ann, "k3": ann}, BadKeyStatus: 403})
	c := client(t, omniclient.Options{Transport: sim.Transport(org), BaseURL: "https://acme.omniapp.test", Keys: keys("k1", "k2", "k3", "k4", "bad", "")})
	for key := 1; key <= c.Keys(); key++ {
		got, err := c.KeyOwner(t.Context(), key)
		if key > 4 {
			wantFault(t, err, fault.Unauthorized, map[int]string{5: "bearer token", 6: "key 6"}[key])
			continue
		}
		want := identity.KeyOwner{Key: key, Scope: "organization", Organization: got.Organization}
		if key == 2 || key == 3 {
			want.Owner = identity.OmniID(ann)
		}
		if key == 3 {
			want.Scope = "user"
		}
		if err != nil || got != want || got.Organization == "" {
			t.Errorf("key %d: %+v, %v", key, got, err)
		}
	}
	_, err := c.KeyOwner(t.Context(), 7)
	wantFault(t, err, fault.Unauthorized, "key 7")
	if k := c.Limits().RefusedKeys; len(k) > 0 || c.Keys() != 6 {
		t.Errorf("%d keys, set aside: %v", c.Keys(), k)
	}
}

// An older Omni doesn't know the question, and an answer without a scope is none.
func TestKeyOwnerUntold(t *testing.T) {
	for _, row := range []struct {
		status int
		answer string
		kind   fault.Kind
	}{{404, `{"detail":"Not found"}`, fault.NotFound}, {200, `{}`, fault.Doubt}, {200, `[]`, fault.Doubt}, {200, ``, fault.Doubt}} {
		_, c := estate(t, simomni.Knobs{}, sim.Fault{Do: sim.Body(row.status, "application/json", row.answer)})
		if _, err := c.KeyOwner(t.Context(), 1); !fault.Is(err, row.kind) {
			t.Errorf("%d %s: %v", row.status, row.answer, err)
		}
	}
}
