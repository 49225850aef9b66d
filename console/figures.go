package console

import (
	"context"
	"net/http"
	"time"

	"github.com/omnisync/omnisync/sync"
)

// Figures are what is drawn.
type Figures struct {
	Days []sync.Day `json:"days"` // today last
	Uses []Use      `json:"uses"` // by this process, of the last day
}

const (
	// daysDrawn is how many days are summed up.
	daysDrawn = 14
	// figuresLast is how old they may be.
	figuresLast = time.Minute
)

// newFigures sums up once for all who look: for that much of the log may be read.
func newFigures(o Options) *memo[Figures] {
	return &memo[Figures]{lasts: figuresLast, ask: func(ctx context.Context) (f Figures, err error) {
		f.Days, err = o.Runs.Days(ctx, daysDrawn)
		f.Uses = o.Uses()
		return f, err
	}}
}

func (a *api) tellFigures(w http.ResponseWriter, r *http.Request) {
	f, err := a.figures.glance(r.Context())
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, f)
}

// Figures asks for what the page Charts draws.
func (c Client) Figures(ctx context.Context) (f Figures, err error) {
	ctx, cancel := context.WithTimeout(ctx, shortAnswer)
	defer cancel()
	err = c.once(ctx, http.MethodGet, "/api/v1/figures", nil, &f)
	return f, err
}
