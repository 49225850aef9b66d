package console

import (
	"context"
	"net/http"
	"time"

	"github.com/omnisync/omnisync/sync"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
)

// Build says which build this is.
type Build struct{ Version, Revision, Go string }

// Follower tells how Okta's System Log is followed, nil where it isn't.
type Follower interface {
	Followed(ctx context.Context) (*sync.Followed, error)
}

// Meters are what the daemon measures, in Prometheus's words. They outlive a leadership.
// No label has a value that comes from Okta or Omni: how many series there are is known
// beforehand, and nobody's name is among them.
type Meters struct {
	latency prometheus.Histogram
	build   prometheus.Gauge
}

// NewMeters makes meters that have measured nothing yet.
func NewMeters(b Build) *Meters {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "omnisync_build_info", Help: "Which build this is; always 1.",
		ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "go": b.Go},
	})
	build.Set(1)
	return &Meters{build: build, latency: prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "omnisync_change_latency_seconds",
		Help: "Time from a change in Okta, as its System Log tells it, to Omni's answer; of a removal that had to wait, from the end of the wait.",
		// For who scrapes no native histograms. A delta interval and a few seconds is what is expected.
		Buckets:                         []float64{1, 2, 3, 5, 10, 20, 30, 35, 60, 120, 300, 900, 3600},
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	})}
}

// Took measures one change.
func (m *Meters) Took(d time.Duration) { m.latency.Observe(d.Seconds()) }

// Register puts the meters into r, with what f is asked at each reading of them.
func (m *Meters) Register(r prometheus.Registerer, f Follower) error {
	for _, c := range []prometheus.Collector{m.build, m.latency, newLogMeter(f)} {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// logMeter tells of the System Log what the ledger and the process know.
type logMeter struct {
	follower     Follower
	missed, read *prometheus.Desc
}

func newLogMeter(f Follower) logMeter {
	return logMeter{follower: f,
		missed: prometheus.NewDesc("omnisync_missed_by_delta_total",
			"Changes that a full run found and Okta's System Log never told of; should be none.", nil, nil),
		read: prometheus.NewDesc("omnisync_log_read_timestamp_seconds",
			"Until when Okta's System Log was read and acted upon, by Okta's clock, as seconds since 1970.", nil, nil)}
}

// Describe implements prometheus.Collector.
func (m logMeter) Describe(to chan<- *prometheus.Desc) { to <- m.missed; to <- m.read }

// askWithin is how long the ledger may take to answer; what it doesn't tell is left out.
const askWithin = 5 * time.Second

// Collect implements prometheus.Collector.
func (m logMeter) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()
	f, err := m.follower.Followed(ctx)
	if err != nil || f == nil {
		return
	}
	to <- prometheus.MustNewConstMetric(m.missed, prometheus.CounterValue, float64(f.Missed))
	if !f.Read.IsZero() {
		to <- prometheus.MustNewConstMetric(m.read, prometheus.GaugeValue, float64(f.Read.UnixMilli())/1000)
	}
}

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
