package console

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
)

// askWithin is how long the ledger may take to answer; what it doesn't tell is left out.
const askWithin = 5 * time.Second

// atOnce is how many readings of the meters may be under way; each may wait for the ledger.
const atOnce = 4

// metrics serves the meters in each form that Prometheus asks for.
func (a *api) metrics() http.HandlerFunc {
	h := promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{ErrorLog: zap.NewStdLog(a.Log), ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: atOnce})
	return func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(askWithin + patience))
		head(w, "text/plain")
		h.ServeHTTP(w, r)
	}
}
