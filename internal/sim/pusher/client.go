// Package pusher is a stand-in for Okta's SCIM 2.0 client: the part of Okta that pushes one app's users and groups
// to a SCIM endpoint, as Okta's documents and captured traffic tell it. It has the headers, the order of requests,
// the strictness about answers and the one rule of repetition that Okta has, and styles for the kinds of
// integrations and for the forms that other servers were seen to receive.
//
// A Client is changed by methods named after what happens in Okta. Each puts a task into the queue; Run works until
// the queue is empty. What became of each task, and every request with its answer, can be asked for.
//
//	okta := &pusher.Client{BaseURL: "https://syncd.example/scim/v2", Token: token, HTTP: client, Style: pusher.Classic()}
//	okta.Assign(pusher.Person{OktaID: "00u1", UserName: "ada@example.com", GivenName: "Ada", FamilyName: "Lovelace"})
//	okta.PushGroup(pusher.Group{OktaID: "00g1", Name: "Crew", Members: []string{"00u1"}})
//	err := okta.Run(ctx)   // the users and groups are there, or okta.Failed() tells why not
//
// All waiting is by timers, so that in a testing/synctest bubble, with an in-process transport, it takes no time.
//
// Flows has captured exchanges to replay against any endpoint; Spec and CRUD are Okta's published tests of one.
package pusher

import (
	"net/http"
	"sync"
	"time"
)

// Timeout is how long Okta waits for an answer before it closes the socket.
const Timeout = 60 * time.Second

// Client is the provisioning of one app. Set the exported fields before the first use; SetStyle and Point change
// them later. All methods may be called from several goroutines.
type Client struct {
	BaseURL string       // of the endpoint, such as https://syncd.example/scim/v2
	Token   string       // what Style.Auth sends
	HTTP    *http.Client // nil is a client of its own
	Style   Style

	// Parallel is how many objects are worked on at once by Run; 0 is 4. The tasks of one object run in order in any
	// case. How many Okta has in flight is not known.
	Parallel int

	mu       sync.Mutex
	ready    bool
	running  bool
	wake     chan struct{} // one token: there is work that Run may not know of
	users    map[string]*appUser
	groups   map[string]*pushed
	objects  map[string]*object
	due      dueHeap
	tasks    []*task
	log      []Exchange
	imported map[string][]Resource // by collection
}

// appUser is what Okta keeps of a person who is, or was, assigned to the app.
type appUser struct {
	person   Person
	assigned bool
	scimID   string // the app user's externalId; "" while there is none
	sent     Person // what was pushed last
	password string // to sync with the next task
}

// pushed is a group under Push Groups.
type pushed struct {
	group  Group
	scimID string // "" while it isn't linked
	sent   map[string]member
	paused bool
}

// lock locks and makes a zero value ready: defer c.lock()().
func (c *Client) lock() (unlock func()) {
	c.mu.Lock()
	if !c.ready {
		c.ready = true
		c.wake = make(chan struct{}, 1)
		c.users = map[string]*appUser{}
		c.groups = map[string]*pushed{}
		c.objects = map[string]*object{}
		c.imported = map[string][]Resource{}
		if c.HTTP == nil {
			c.HTTP = &http.Client{}
		}
	}
	return c.mu.Unlock
}

// Point lets the app push to another endpoint. Links stay as they are: that is how a company moves over.
func (c *Client) Point(baseURL, token string) {
	defer c.lock()()
	c.BaseURL, c.Token = baseURL, token
}

// SetStyle changes the style while the client is in use.
func (c *Client) SetStyle(s Style) {
	defer c.lock()()
	c.Style = s
}

func (c *Client) style() Style {
	defer c.lock()()
	return c.Style
}

// ExternalID is the SCIM id that the app user of this person is linked to; "" is none.
func (c *Client) ExternalID(oktaID string) string {
	defer c.lock()()
	if u := c.users[oktaID]; u != nil {
		return u.scimID
	}
	return ""
}

// GroupID is the SCIM id that this Okta group is linked to; "" is none.
func (c *Client) GroupID(oktaID string) string {
	defer c.lock()()
	if g := c.groups[oktaID]; g != nil {
		return g.scimID
	}
	return ""
}

// Link makes p an assigned app user that is linked to scimID already, without a request: what an earlier
// provisioning left behind.
func (c *Client) Link(p Person, scimID string) {
	defer c.lock()()
	c.users[p.OktaID] = &appUser{person: p, sent: p, assigned: true, scimID: scimID}
}

// LinkGroup makes g a pushed group that is linked to scimID already, without a request. The members that are linked
// are taken for pushed.
func (c *Client) LinkGroup(g Group, scimID string) {
	defer c.lock()()
	p := &pushed{group: g, scimID: scimID}
	p.sent = c.eligible(p)
	c.groups[g.OktaID] = p
}

// mustUser and mustGroup find what the caller named before: another id is a mistake in the caller.
func (c *Client) mustUser(oktaID string) *appUser {
	if u := c.users[oktaID]; u != nil {
		return u
	}
	panic("pusher: user " + oktaID + " was never assigned")
}

func (c *Client) mustGroup(oktaID string) *pushed {
	if g := c.groups[oktaID]; g != nil {
		return g
	}
	panic("pusher: group " + oktaID + " was never pushed")
}
