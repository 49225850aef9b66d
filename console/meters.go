package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Build says which build this is.
type Build struct{ Version, Revision, Go string }

// Meters are what the daemon measures, in Prometheus's words. They outlive a leadership.
// No label has a value that comes from Okta or Omni: what isn't one of the values that
// are known beforehand counts as "other", so how many series there are is known, and
// nobody's name is among them.
type Meters struct {
	build    prometheus.Gauge
	latency  prometheus.Histogram
	runs     *prometheus.CounterVec
	lasted   *prometheus.HistogramVec
	changes  *prometheus.CounterVec
	requests *prometheus.CounterVec
	answered *prometheus.HistogramVec
	stored   *prometheus.HistogramVec
	unstored *prometheus.CounterVec
	uses     uses
}

// other stands for every value of a label that isn't known.
const other = "other"

// The values of labels.
var (
	runKinds  = []string{string(sync.Full), string(sync.Reconcile), string(sync.Delta), string(sync.User), string(sync.Undo)}
	outcomes  = []string{string(sync.Done), string(sync.Holding), string(sync.Failing), string(sync.Doubtful), string(sync.Stopped)}
	states    = []string{string(state.Applied), string(state.Failed), string(state.Held), string(state.Kept)}
	statuses  = []string{"2xx", "3xx", "400", "401", "403", "404", "429", "4xx", "5xx", "none"}
	stores    = []string{"bolt", "redis"}
	storeOps  = []string{"get", "scan", "tail", "position", "apply", "durable", "acquire", "renew", "release", "holder"}
	sideKinds = map[Side][]string{
		OktaSide: {"apps/*", "apps/{id}", "groups/*", "groups/{id}", "users", "users/{id}", "logs", "token", other},
		OmniSide: {"users", "groups", "attributes", "schedules", "documents", "roles", "whoami", other},
	}
)

// Side is one of the two that requests go to.
type Side string

// The sides.
const (
	OktaSide Side = "okta"
	OmniSide Side = "omni"
)

// NewMeters makes meters that have measured nothing yet.
func NewMeters(b Build) *Meters {
	m := &Meters{
		build: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "omnisync_build_info", Help: "Which build this is; always 1.",
			ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "go": b.Go},
		}),
		// A delta interval and a few seconds is what is expected.
		latency: prometheus.NewHistogram(histogram("change_latency_seconds",
			"Time from a change in Okta, as its System Log tells it, to Omni's answer; of a removal that had to wait, from the end of the wait.",
			1, 2, 3, 5, 10, 20, 30, 35, 60, 120, 300, 900, 3600)),
		runs: counter("runs_total", "Runs that ended, by kind and outcome.", "kind", "outcome"),
		lasted: prometheus.NewHistogramVec(histogram("run_duration_seconds", "How long runs took, those that were stopped left out.",
			1, 5, 15, 60, 300, 900, 3600, 14400), []string{"kind"}),
		changes: counter("changes_total", "Lines of the provisioning log: changes by kind and by what became of them.", "kind", "state"),
		requests: counter("requests_total", "Requests that were sent to Okta and Omni, each attempt by itself, by what was asked and the answer's status.",
			"side", "bucket", "code"),
		answered: prometheus.NewHistogramVec(histogram("request_duration_seconds", "How long Okta and Omni took to begin an answer.",
			0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30), []string{"side"}),
		stored: prometheus.NewHistogramVec(histogram("store_operation_duration_seconds", "How long the ledger's store took; of a scan, without what its reader did meanwhile.",
			0.0001, 0.001, 0.005, 0.025, 0.1, 0.5, 1, 3, 10), []string{"store", "operation"}),
		unstored: counter("store_operation_errors_total", "Operations of the ledger's store that failed; that another process leads is no failure.", "store", "operation"),
	}
	m.build.Set(1)
	m.begin()
	return m
}

// begin lets what will be counted be zero from the start: an alert sees the first time.
func (m *Meters) begin() {
	for _, kind := range runKinds {
		m.lasted.WithLabelValues(kind)
		for _, o := range outcomes {
			m.runs.WithLabelValues(kind, o)
		}
	}
	for _, kind := range sync.Kinds() {
		for _, s := range states {
			m.changes.WithLabelValues(string(kind), s)
		}
	}
	for side, buckets := range sideKinds {
		m.answered.WithLabelValues(string(side))
		for _, bucket := range buckets {
			for _, code := range statuses {
				m.requests.WithLabelValues(string(side), bucket, code)
			}
		}
	}
}

// histogram describes one that has native buckets, and those for who scrapes none.
func histogram(name, help string, buckets ...float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{Name: "omnisync_" + name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour}
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "omnisync_" + name, Help: help}, labels)
}

// among gives a label's value, which is one of those that are known.
func among(known []string, value string) string {
	if slices.Contains(known, value) {
		return value
	}
	return other
}

// Took measures one change.
func (m *Meters) Took(d time.Duration) { m.latency.Observe(d.Seconds()) }

// Ran counts a run that has ended.
func (m *Meters) Ran(r state.Run) {
	kind := among(runKinds, r.Kind)
	m.runs.WithLabelValues(kind, among(outcomes, r.Outcome)).Inc()
	if r.Outcome != string(sync.Stopped) {
		m.lasted.WithLabelValues(kind).Observe(r.Ended.Sub(r.Started).Seconds())
	}
}

// Logged counts lines of the provisioning log.
func (m *Meters) Logged(list []state.Change) {
	for _, c := range list {
		kind := other
		if slices.Contains(sync.Kinds(), sync.Kind(c.Kind)) {
			kind = c.Kind
		}
		m.changes.WithLabelValues(kind, among(states, string(c.State))).Inc()
	}
}

// Asked counts a request, with the status of its answer, 0 where none came.
func (m *Meters) Asked(side Side, bucket string, status int, took time.Duration) {
	m.requests.WithLabelValues(string(side), among(sideKinds[side], bucket), statusClass(status)).Inc()
	m.answered.WithLabelValues(string(side)).Observe(took.Seconds())
	m.uses.add(side, among(sideKinds[side], bucket))
}

// statusClass tells a status by its first digit, but for those by themselves that say
// what to do.
func statusClass(status int) string {
	if text := fmt.Sprint(status); slices.Contains(statuses, text) {
		return text
	}
	if status < 200 || status > 599 {
		return "none"
	}
	return fmt.Sprintf("%dxx", status/100)
}

// Stored measures an operation of the ledger's store.
func (m *Meters) Stored(store, operation string, took time.Duration, failed bool) {
	store, operation = among(stores, store), among(storeOps, operation)
	m.stored.WithLabelValues(store, operation).Observe(took.Seconds())
	errs := m.unstored.WithLabelValues(store, operation)
	if failed {
		errs.Inc()
	}
}

// Register puts the meters into r, with what s is asked at each reading of them. All are
// labelled with the connection, but for those of the process.
func (m *Meters) Register(r prometheus.Registerer, connection string, s Sight) error {
	mine := prometheus.WrapRegistererWith(prometheus.Labels{"connection": strings.ToValidUTF8(connection, "\ufffd")}, r)
	for _, c := range []prometheus.Collector{m.build, m.latency, m.runs, m.lasted, m.changes, m.requests, m.answered, m.stored, m.unstored, newOpenMeter(s), newNowMeter(s)} {
		if err := mine.Register(c); err != nil {
			return err
		}
	}
	for _, c := range []prometheus.Collector{collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}
