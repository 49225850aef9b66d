package pusher_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/internal/sim/pusher"
)

// Everything that a Client is told waits in its queue; Run pushes it.
func Example() {
	closed := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"detail":"no such token"}`)
	})
	okta := &pusher.Client{
		BaseURL: "https://syncd.example/scim/v2", Token: "wrong",
		HTTP: &http.Client{Transport: sim.Transport(closed)}, Style: pusher.Catalog(),
	}
	okta.Assign(pusher.Person{OktaID: "00u1", UserName: "ada@example.com", GivenName: "Ada", FamilyName: "Lovelace"})
	okta.PushGroup(pusher.Group{OktaID: "00g1", Name: "Crew", Members: []string{"00u1"}})
	if err := okta.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	for _, task := range okta.Failed() {
		fmt.Println(task.Object, task.Error)
	}
	// Output:
	// 00u1 Error while verifying if user ada@example.com exists: Unauthorized. Errors reported by remote server: no such token
	// 00g1 Unable to update Group Push mapping target App group Crew: Unauthorized. Errors reported by remote server: no such token
}
