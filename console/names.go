package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/omnisync/omnisync/sync"
)

// Namer finds what a person may mean by the beginning of a name.
type Namer interface {
	// Names answers fault.Refused for what there are no names of.
	Names(ctx context.Context, q sync.NamesQuery) ([]sync.Name, error)
}

// namesAnswer is the answer to a question about names.
type namesAnswer struct {
	Names []sync.Name `json:"names"`
}

// mostNames is how many names are given at most.
const mostNames = 1000

func (a *api) names(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	q := sync.NamesQuery{Of: values.Get("of"), Prefix: values.Get("prefix"), Limit: mostNames}
	if text := values.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			writeError(w, refusal("look names up", fmt.Sprintf("limit %q is no count", text), ""))
			return
		}
		q.Limit = min(n, mostNames)
	}
	names, err := a.Names.Names(r.Context(), q)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, namesAnswer{names})
}

// Names asks for names.
func (c Client) Names(ctx context.Context, q sync.NamesQuery) ([]sync.Name, error) {
	ctx, cancel := context.WithTimeout(ctx, shortAnswer)
	defer cancel()
	values := url.Values{"of": {q.Of}, "prefix": {q.Prefix}}
	if q.Limit > 0 {
		values.Set("limit", strconv.Itoa(q.Limit))
	}
	var answer namesAnswer
	err := c.once(ctx, http.MethodGet, "/api/v1/names?"+values.Encode(), nil, &answer)
	return answer.Names, err
}
