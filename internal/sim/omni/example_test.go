package omni_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	simomni "github.com/omnisync/omnisync/internal/sim/omni"
)

// An organization that already knows one person gets a second one over HTTP.
func ExampleOrg() {
	org := &simomni.Org{Knobs: simomni.Knobs{Keys: []string{"omni_osk_1"}, Revoked: simomni.Gone}}
	org.AddGroup("Sales", org.AddUser("Ann@example.com", "Ann"))
	server := httptest.NewServer(org)
	defer server.Close()

	body := strings.NewReader(`{"userName":"bob@example.com","displayName":"Bob"}`)
	request, err := http.NewRequest("POST", server.URL+"/api/scim/v2/Users", body)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer omni_osk_1")
	response, err := server.Client().Do(request)
	if err != nil {
		panic(err)
	}
	response.Body.Close()

	for _, u := range org.Users() {
		fmt.Println(u.UserName, u.Active, u.Groups)
	}
	fmt.Println("writes:", org.Writes())
	// Output:
	// Ann@example.com true [Sales]
	// bob@example.com true []
	// writes: 1
}
