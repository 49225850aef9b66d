package omni_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// TestManyUsersStayQuick would take minutes if a look-up or a removal walked the list.
func TestManyUsersStayQuick(t *testing.T) {
	const n = 100_000
	o := &simomni.Org{Knobs: simomni.Knobs{RealLimit: -1}}
	ids := make([]string, n)
	for i := range n {
		ids[i] = o.AddUser(fmt.Sprintf("u%d@b.co", i), "U")
	}
	o.AddGroup("All", ids...)
	for i := range 1000 {
		w := ask(o, "key", users+fmt.Sprintf("?filter=userName+eq+%%22U%d@b.co%%22", i*100))
		if w.Code != 200 {
			t.Fatal(w.Code)
		}
	}
	for _, id := range ids[1:] {
		o.RemoveUser(id)
	}
	equal(t, "users", len(o.Users()), 1)
	equal(t, "members", members(o), "[u0@b.co]")
}

func TestManyAtOnce(t *testing.T) {
	o := &simomni.Org{}
	o.Knobs.RealLimit = -1
	team := o.AddGroup("All")
	write := func(method, path, text string) string {
		return send(o, "key", httptest.NewRequest(method, path, strings.NewReader(text))).Body.String()
	}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			write("POST", users, `{"userName":"same@b.co","displayName":"x"}`)
			name := fmt.Sprintf("u%d@b.co", i)
			write("POST", users, fmt.Sprintf(`{"userName":%q,"displayName":"x"}`, name))
			made, _ := o.User(name)
			write("PATCH", groups+"/"+team, patch(fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]}`, made.ID)))
			write("GET", users, "")
			o.Users()
			o.SetKnobs(simomni.Knobs{RealLimit: -1})
		})
	}
	group.Wait()
	equal(t, "users", len(o.Users()), 21)
	equal(t, "members", len(members(o)), 20)
	equal(t, "writes", o.Writes(), 41)
}
