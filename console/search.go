package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/omnisync/omnisync/sync"
)

// Searcher finds people and groups by the beginning of a word of their names.
type Searcher interface {
	People(ctx context.Context, s sync.Search) (found []sync.FoundPerson, more bool, err error)
	Groups(ctx context.Context, s sync.Search) (found []sync.FoundGroup, more bool, err error)
}

// PeopleAnswer is the answer to a search for people.
type PeopleAnswer struct {
	People []sync.FoundPerson `json:"people"`
	More   bool               `json:"more"` // there are others, too
}

// GroupsAnswer is the answer to a search for groups.
type GroupsAnswer struct {
	Groups []sync.FoundGroup `json:"groups"`
	More   bool              `json:"more"`
}

const (
	// usuallyFound is how many are told where nobody says how many.
	usuallyFound = 50
	// mostFound is how many are told at most: each is read by itself.
	mostFound = 200
)

// searchIn reads a query.
func searchIn(q url.Values) (sync.Search, error) {
	limit, err := countIn(q, "limit")
	return sync.Search{Prefix: q.Get("prefix"), Limit: min(cmp.Or(limit, usuallyFound), mostFound)}, err
}

func (a *api) people(w http.ResponseWriter, r *http.Request) {
	v, err := a.peopleIn(r)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, v)
}

func (a *api) peopleIn(r *http.Request) (v PeopleAnswer, err error) {
	s, err := searchIn(r.URL.Query())
	if err == nil {
		v.People, v.More, err = a.Search.People(r.Context(), s)
	}
	return v, err
}

func (a *api) groups(w http.ResponseWriter, r *http.Request) {
	v, err := a.groupsIn(r)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, v)
}

func (a *api) groupsIn(r *http.Request) (v GroupsAnswer, err error) {
	s, err := searchIn(r.URL.Query())
	if err == nil {
		v.Groups, v.More, err = a.Search.Groups(r.Context(), s)
	}
	return v, err
}

// People asks for people by the beginning of a word of their names.
func (c Client) People(ctx context.Context, s sync.Search) (answer PeopleAnswer, err error) {
	err = c.search(ctx, "/api/v1/people", s, &answer)
	return answer, err
}

// Groups asks for groups, likewise.
func (c Client) Groups(ctx context.Context, s sync.Search) (answer GroupsAnswer, err error) {
	err = c.search(ctx, "/api/v1/groups", s, &answer)
	return answer, err
}

func (c Client) search(ctx context.Context, at string, s sync.Search, into any) error {
	ctx, cancel := context.WithTimeout(ctx, shortAnswer)
	defer cancel()
	q := url.Values{"prefix": {s.Prefix}}
	if s.Limit > 0 {
		q.Set("limit", strconv.Itoa(s.Limit))
	}
	return c.once(ctx, http.MethodGet, at+"?"+q.Encode(), nil, into)
}
