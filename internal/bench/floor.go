package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/sync/errgroup"
)

// inFlight is how many requests the engine's reader sends at once, and readers
// how many groups it reads at once.
const (
	inFlight = 4
	readers  = 8
)

// floor asks of Okta what a run asks, in the same order and as many at once, and
// does nothing with it.
type floor struct {
	client *http.Client
	at     string
	decode bool
	slots  chan struct{}

	mu    sync.Mutex
	pages int
	bytes int64
}

func runFloor(ctx context.Context, t task) (taken, error) {
	f := &floor{client: &http.Client{Transport: newTransport()}, at: t.At, decode: t.Decode, slots: make(chan struct{}, inFlight)}
	m, err := newMeter()
	if err != nil {
		return taken{}, err
	}
	if err := f.read(ctx, t.Company, t.Members); err != nil {
		return taken{}, err
	}
	return m.read(taken{Pages: f.pages, Bytes: f.bytes})
}

// read asks for the app, then for the users beside the groups.
func (f *floor) read(ctx context.Context, c company, members bool) error {
	app := "/api/v1/apps/" + appID
	if err := f.list(ctx, app, one[appRecord]); err != nil {
		return err
	}
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return f.list(ctx, app+"/users?expand=user&limit=500", many[assignmentRecord]) })
	both.Go(func() error {
		if err := f.list(ctx, app+"/group-push/mappings?limit=1000", many[mappingRecord]); err != nil {
			return err
		}
		if err := f.list(ctx, "/api/v1/groups?limit=200", many[groupRecord]); err != nil || !members {
			return err
		}
		return f.readMembers(ctx, c)
	})
	return both.Wait()
}

// readMembers asks for the members of every group, and then for the groups again,
// which tells whether one moved meanwhile.
func (f *floor) readMembers(ctx context.Context, c company) error {
	all, within := errgroup.WithContext(ctx)
	all.SetLimit(readers)
	for g := range c.Groups {
		all.Go(func() error {
			return f.list(within, "/api/v1/groups/"+string(groupID(g))+"/users?limit=1000", many[idRecord])
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	return f.list(ctx, "/api/v1/groups?limit=200", many[groupRecord])
}

// list walks through the pages of a list. The next page is asked for before this
// one is decoded.
func (f *floor) list(ctx context.Context, path string, decode func([]byte) error) error {
	var decoding errgroup.Group
	decoding.SetLimit(1)
	for next := f.at + path; next != ""; {
		body, after, err := f.get(ctx, next)
		if err != nil {
			return err
		}
		next = after
		if f.decode {
			decoding.Go(func() error { return decode(body) })
		}
	}
	return decoding.Wait()
}

var nextLink = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// get downloads one page, and gives the address of the one after it.
func (f *floor) get(ctx context.Context, at string) (body []byte, next string, err error) {
	f.slots <- struct{}{}
	defer func() { <-f.slots }()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "SSWS bench")
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.ContentLength < 0 {
		return nil, "", fmt.Errorf("%s: %s, %d bytes", at, resp.Status, resp.ContentLength)
	}
	b := bytes.NewBuffer(make([]byte, 0, resp.ContentLength+bytes.MinRead))
	if _, err := io.Copy(b, resp.Body); err != nil {
		return nil, "", err
	}
	f.mu.Lock()
	f.pages, f.bytes = f.pages+1, f.bytes+int64(b.Len())
	f.mu.Unlock()
	for _, value := range resp.Header.Values("Link") {
		if m := nextLink.FindStringSubmatch(value); m != nil {
			next = m[1]
		}
	}
	return b.Bytes(), next, nil
}

func one[T any](body []byte) error {
	var v T
	return json.Unmarshal(body, &v)
}

func many[T any](body []byte) error { return one[[]T](body) }

// The records have the fields that okta/records.go reads.

type appRecord struct {
	ID       string   `json:"id"`
	Label    string   `json:"label"`
	Status   string   `json:"status"`
	Features []string `json:"features"`
	Settings struct {
		Implicit bool `json:"implicitAssignment"`
	} `json:"settings"`
}

type assignmentRecord struct {
	ID          string `json:"id"`
	ExternalID  string `json:"externalId"`
	Status      string `json:"status"`
	Scope       string `json:"scope"`
	Credentials struct {
		UserName string `json:"userName"`
	} `json:"credentials"`
	Profile  jsontext.Value `json:"profile"`
	Embedded struct {
		User struct {
			ID      string         `json:"id"`
			Status  string         `json:"status"`
			Profile jsontext.Value `json:"profile"`
		} `json:"user"`
	} `json:"_embedded"`
}

type idRecord struct {
	ID string `json:"id"`
}

type mappingRecord struct {
	ID     string `json:"id"`
	Source string `json:"sourceGroupId"`
	Status string `json:"status"`
	Error  string `json:"errorSummary"`
}

type groupRecord struct {
	ID                string    `json:"id"`
	Type              string    `json:"type"`
	MembershipUpdated time.Time `json:"lastMembershipUpdated"`
	Profile           struct {
		Name string `json:"name"`
	} `json:"profile"`
	Origin jsontext.Value `json:"source"`
	Links  struct {
		Source jsontext.Value `json:"source"`
	} `json:"_links"`
	Embedded struct {
		Stats struct {
			Users *int `json:"usersCount"`
		} `json:"stats"`
	} `json:"_embedded"`
}
