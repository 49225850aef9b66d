package okta_test

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/okta"
)

const (
	org = "https://acme.okta.test/behind/a/gateway" // a path prefix finds addresses that are put together wrongly
	app = "0oa1"
)

// inProcess answers requests from a handler, without a socket, so that it works
// in a synctest bubble. Like a real transport it ends when the context does.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.ServeHTTP(w, req)
	}()
	select {
	case <-done:
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

// roundTrip is a transport in one function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func token() (string, error) { return "s3cret", nil }

// newReader asks h, without its path prefix, as much as it likes.
func newReader(t testing.TB, h http.Handler) *okta.Reader {
	t.Helper()
	return newReaderOver(t, inProcess{http.StripPrefix("/behind/a/gateway", h)}, 1)
}

func newReaderOver(t testing.TB, transport http.RoundTripper, share float64) *okta.Reader {
	t.Helper()
	r, err := okta.New(okta.Options{OrgURL: org, AppID: app, Token: token, RateShare: share, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// collect reads a list to its end.
func assignments(list iter.Seq2[identity.Sighting, error]) ([]identity.Assignment, error) {
	sightings, err := collect(list)
	all := []identity.Assignment{}
	for _, s := range sightings {
		a, err := s.Whole()
		if err != nil {
			return all, err
		}
		all = append(all, a)
	}
	return all, err
}

func collect[T any](list iter.Seq2[T, error]) ([]T, error) {
	all := []T{}
	for v, err := range list {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}

// question is any of the Reader's methods, asked as one line, such as "Members 00g1".
type question string

func (q question) ask(ctx context.Context, r *okta.Reader) (any, error) {
	words := strings.Fields(string(q))
	arg := strings.Join(words[1:], " ")
	switch words[0] {
	case "App":
		return r.App(ctx)
	case "Assignments":
		return assignments(r.Assignments(ctx))
	case "Mappings":
		return collect(r.Mappings(ctx))
	case "Members":
		members, err := collect(r.Members(ctx, identity.GroupID(arg)))
		ids := []identity.OktaID{}
		for _, m := range members {
			ids = append(ids, m.User)
		}
		return ids, err
	case "Groups", "CountedGroups":
		var ids []identity.GroupID
		for _, id := range words[1:] {
			ids = append(ids, identity.GroupID(id))
		}
		read := r.Groups
		if words[0] == "CountedGroups" {
			read = r.CountedGroups
		}
		groups, err := read(ctx, ids)
		maps.DeleteFunc(groups, func(_ identity.GroupID, g identity.Group) bool { return g.Gone() })
		return groups, err
	case "GroupSize":
		return r.GroupSize(ctx, identity.GroupID(arg))
	case "GroupsOf":
		groups, _, err := r.GroupsOf(ctx, identity.OktaID(arg))
		return groups, err
	case "Assignment":
		return r.Assignment(ctx, identity.OktaID(arg))
	case "FindAssignment":
		return r.FindAssignment(ctx, arg)
	case "Account":
		return r.Account(ctx, identity.OktaID(arg))
	case "Departed":
		event, _, err := r.Departed(ctx, identity.OktaID(arg))
		return event != "", err
	case "AllGroups":
		return collect(r.AllGroups(ctx))
	case "AppGroups":
		return collect(r.AppGroups(ctx))
	case "AppGroup":
		_, err := r.AppGroup(ctx, identity.GroupID(arg))
		return "assigned", err
	case "Mapping":
		return r.Mapping(ctx, arg)
	case "Touches":
		page, err := r.Touches(ctx, identity.LogPlace{Since: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)})
		return page.Touches, err
	default:
		panic("no such question: " + string(q))
	}
}

// questions has each of the Reader's methods once.
var questions = []question{
	"App", "Assignments", "Mappings", "Members 00g1", "Groups 00g1", "CountedGroups 00g1", "GroupSize 00g1",
	"GroupsOf 00u1", "Assignment 00u1", "FindAssignment a@b.c", "Account 00u1", "Departed 00u1", "Mapping gPm1",
	"AllGroups", "AppGroups", "AppGroup 00g1", "Touches",
}

// lists are the questions whose answer is a list.
var lists = []question{"Assignments", "Mappings", "Members 00g1", "GroupSize 00g1", "GroupsOf 00u1", "Departed 00u1", "AllGroups", "AppGroups", "Touches"}

func isList(q question) bool { return slices.Contains(lists, q) }

// wantKind fails the test unless err is of that kind.
func wantKind(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("got %v (%v), want a fault that is %q", err, fault.KindOf(err), kind)
	}
}

// answer writes status and body in Okta's form.
func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// always answers each request alike.
func always(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w, status, body) })
}
