package console

import (
	"context"
	"slices"
	"time"

	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"github.com/prometheus/client_golang/prometheus"
)

// Sight is what the meters look at, at each reading of them. It asks neither Okta nor
// Omni, and of the ledger only what is bounded or was written lately.
type Sight interface {
	// Followed tells how Okta's System Log is followed, nil where it isn't.
	Followed(ctx context.Context) (*sync.Followed, error)
	// Tally counts what the ledger says is open.
	Tally(ctx context.Context) (sync.Tally, error)
	// Now tells how things stand in this process, without asking anybody.
	Now() Now
}

// row describes one metric whose values are asked for at each reading.
type row struct {
	kind       prometheus.ValueType
	name, help string
	labels     []string
}

const (
	gauge  = prometheus.GaugeValue
	rising = prometheus.CounterValue
)

// table is such metrics by name.
type table map[string]metric

type metric struct {
	kind prometheus.ValueType
	desc *prometheus.Desc
}

func newTable(rows []row) table {
	t := table{}
	for _, r := range rows {
		t[r.name] = metric{r.kind, prometheus.NewDesc("omnisync_"+r.name, r.help, r.labels, nil)}
	}
	return t
}

// Describe implements prometheus.Collector.
func (t table) Describe(to chan<- *prometheus.Desc) {
	for _, m := range t {
		to <- m.desc
	}
}

// reading is one reading of a table.
type reading struct {
	table
	to chan<- prometheus.Metric
}

func (r reading) tell(name string, value float64, labels ...string) {
	m := r.table[name]
	r.to <- prometheus.MustNewConstMetric(m.desc, m.kind, value, labels...)
}

// at tells a time, where there is one.
func (r reading) at(name string, t time.Time, labels ...string) {
	if !t.IsZero() {
		r.tell(name, float64(t.UnixMilli())/1000, labels...)
	}
}

// yes tells 1 for true.
func (r reading) yes(name string, is bool, labels ...string) {
	value := 0.0
	if is {
		value = 1
	}
	r.tell(name, value, labels...)
}

// each tells a count for each of the known values of a label; what has another is other.
func (r reading) each(name string, known []string, counts map[string]int) {
	sums := map[string]int{}
	for value, n := range counts {
		sums[among(known, value)] += n
	}
	for _, value := range known {
		r.tell(name, float64(sums[value]), value)
	}
	if n := sums[other]; n > 0 && !slices.Contains(known, other) {
		r.tell(name, float64(n), other)
	}
}

// openMeter tells what the ledger says is open.
type openMeter struct {
	table
	sight Sight
}

func newOpenMeter(s Sight) openMeter {
	return openMeter{sight: s, table: newTable([]row{
		{rising, "missed_by_delta_total", "Changes that a full run found and Okta's System Log never told of; should be none.", nil},
		{gauge, "log_read_timestamp_seconds", "Until when Okta's System Log was read and acted upon, by Okta's clock, as seconds since 1970.", nil},
		{gauge, "held_changes", "Changes that wait for a person's approval, by the guard that holds them.", []string{"guard"}},
		{gauge, "held_since_timestamp_seconds", "Since when the oldest of the changes waits that wait for approval, as seconds since 1970; absent while none does.", nil},
		{gauge, "failing_changes", "Users and groups with a change that failed and is tried again, by cause.", []string{"cause"}},
		{gauge, "failing_removals", "Those of the failing changes that take access away.", nil},
		{gauge, "failing_removals_since_timestamp_seconds", "When the oldest of the failing removals failed first, as seconds since 1970; absent while there is none.", nil},
		{gauge, "leavers", "Users on the way out who own something, by step.", []string{"step"}},
		{gauge, "last_success_timestamp_seconds", "When the newest run of each kind ended that went to its end and believed what it read, as seconds since 1970.", []string{"kind"}},
	})}
}

// steps are those of the way out.
var steps = []string{string(state.AtGuard), string(state.InGrace), string(state.AtReading), string(state.InHandover), string(state.AtConfirm), string(state.AtEnd)}

// Collect implements prometheus.Collector.
func (m openMeter) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askWithin)
	defer cancel()
	r := reading{m.table, to}
	if f, err := m.sight.Followed(ctx); err == nil && f != nil {
		r.tell("missed_by_delta_total", float64(f.Missed))
		r.at("log_read_timestamp_seconds", f.Read)
	}
	t, err := m.sight.Tally(ctx)
	if err != nil {
		return
	}
	r.each("held_changes", sync.Guards(), t.Held)
	r.at("held_since_timestamp_seconds", t.HeldSince)
	r.each("failing_changes", sync.Causes(), t.Failing)
	r.tell("failing_removals", float64(t.Removals))
	r.at("failing_removals_since_timestamp_seconds", t.RemovalsSince)
	leavers := map[string]int{}
	for step, n := range t.Leavers {
		leavers[string(step)] += n
	}
	r.each("leavers", steps, leavers)
	for _, kind := range runKinds {
		r.at("last_success_timestamp_seconds", t.Succeeded[sync.RunKind(kind)], kind)
	}
}
