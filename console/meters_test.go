package console_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// sight shows what a test says.
type sight struct {
	followed *sync.Followed
	tally    sync.Tally
	now      console.Now
	err      error
}

func (s sight) Followed(context.Context) (*sync.Followed, error) { return s.followed, s.err }
func (s sight) Tally(context.Context) (sync.Tally, error)        { return s.tally, s.err }
func (s sight) Now() console.Now                                 { return s.now }

func metered(t *testing.T, s sight) (*console.Meters, *prometheus.Registry) {
	t.Helper()
	m, r := console.NewMeters(console.Build{Version: "v1.2.3", Revision: "abc", Go: "go1.26"}), prometheus.NewRegistry()
	if err := m.Register(r, "acme", s); err != nil {
		t.Fatal(err)
	}
	return m, r
}

// everything is a sight of a daemon that has something of all there is.
func everything() sight {
	noon := time.Unix(1_700_000_000, 500_000_000)
	s := sight{
		followed: &sync.Followed{Read: noon, Missed: 2, Names: []string{"ann@example.com"}},
		tally: sync.Tally{Held: map[string]int{"deactivations": 3}, HeldSince: noon, Failing: map[string]int{"refused": 4}, Removals: 1, RemovalsSince: noon,
			Leavers: map[state.Step]int{state.InHandover: 5}, Succeeded: map[sync.RunKind]time.Time{}},
		now: console.Now{Leads: true, Acquired: noon, Renewed: noon, Paused: true, Waiting: 7,
			Okta: map[string]console.Bucket{}, Omni: console.Allowance{PerMinute: 120, Pace: 0.5, Paused: 1, Down: 2, Refused: 1, Waiting: map[string]int{"moves": 3}},
			Shared: map[console.Side]bool{console.OktaSide: true, console.OmniSide: false},
			Pushes: &console.Pushes{Answered: map[string]uint64{"2xx": 8}, Refused: map[string]uint64{"token": 9}, Panics: 1, Newest: noon, Waiting: &sync.Backlog{Groups: 4}},
			Hooks:  &console.Hooks{Taken: 5, Refused: 6, Newest: noon}, Alerts: &console.Alerts{Sent: 3, Waiting: 2, Failing: noon}},
	}
	for _, kind := range []sync.RunKind{sync.Full, sync.Reconcile, sync.Delta, sync.User} {
		s.tally.Succeeded[kind] = noon
	}
	for _, name := range []string{"apps/*", "apps/{id}", "groups/*", "groups/{id}", "users", "users/{id}", "logs", "other"} {
		s.now.Okta[name] = console.Bucket{Limit: 600, Remaining: 500, Waiting: 1}
	}
	return s
}

// used has measured something of all there is.
func used(m *console.Meters) {
	for _, store := range []string{"bolt", "redis"} {
		for _, op := range []string{"get", "scan", "tail", "position", "apply", "durable", "acquire", "renew", "release", "holder"} {
			m.Stored(store, op, time.Millisecond, true)
		}
	}
	m.Took(4 * time.Second)
	m.Ran(state.Run{Kind: "full", Outcome: "done"})
}

// Each value is told under its name, and what isn't known is left out.
func TestMeters(t *testing.T) {
	for name, row := range map[string]struct {
		sight sight
		want  string // the lines that begin so, without the connection
		lines []string
	}{
		"the log":                       {everything(), "log_ missed_", []string{"log_read_timestamp_seconds 1.7000000005e+09", "missed_by_delta_total 2"}},
		"a log that isn't read yet":     {sight{followed: &sync.Followed{Missed: 2}}, "log_ missed_", []string{"missed_by_delta_total 2"}},
		"no deltas":                     {sight{}, "log_ missed_", nil},
		"a ledger that is out of reach": {sight{err: errors.New("away")}, "log_ missed_ held_ failing_ leavers last_", nil},
		"half an answer and an error":   {sight{followed: &sync.Followed{Read: time.Now()}, err: errors.New("away")}, "log_ missed_", nil},
		"nothing waits":                 {sight{}, "held_since failing_removals", []string{"failing_removals 0"}},
		"who leads":                     {everything(), "leader lease_ paused", []string{"leader 1", "lease_acquired_timestamp_seconds 1.7000000005e+09", "lease_renewed_timestamp_seconds 1.7000000005e+09", "paused 1"}},
		"who doesn't":                   {sight{}, "leader lease_ paused", []string{"leader 0", "paused 0"}},
		"neither pushes nor hooks":      {sight{}, "scim_ push hook allowance_ alerts_", nil},
		"alerts":                        {everything(), "alerts_", []string{"alerts_failing_since_timestamp_seconds 1.7000000005e+09", "alerts_sent_total 3", "alerts_waiting 2"}},
		"alerts that are taken":         {sight{now: console.Now{Alerts: &console.Alerts{Sent: 1}}}, "alerts_", []string{"alerts_sent_total 1", "alerts_waiting 0"}},
		"pushes": {everything(), "scim_ push", []string{"push_taken_timestamp_seconds 1.7000000005e+09",
			`pushes_waiting{of="groups"} 4`, `pushes_waiting{of="members"} 0`, `pushes_waiting{of="removals"} 0`, "scim_panics_total 1",
			`scim_refused_total{reason="address"} 0`, `scim_refused_total{reason="limit"} 0`, `scim_refused_total{reason="token"} 9`,
			`scim_requests_total{code="2xx"} 8`, `scim_requests_total{code="3xx"} 0`, `scim_requests_total{code="429"} 0`, `scim_requests_total{code="4xx"} 0`, `scim_requests_total{code="5xx"} 0`}},
		"hooks":                              {everything(), "hook", []string{"hook_taken_timestamp_seconds 1.7000000005e+09", `hooks_total{answer="refused"} 6`, `hooks_total{answer="taken"} 5`}},
		"an archive":                         {sight{now: console.Now{Archives: true}}, "archive_", []string{"archive_failing 0"}},
		"a bucket of which nothing is known": {sight{now: console.Now{Okta: map[string]console.Bucket{"logs": {Waiting: 2}, "strange": {Limit: 3}}}}, "okta_", []string{`okta_waiting_requests{bucket="logs"} 2`}},
		"Omni": {everything(), "omni_ allowance_", []string{`allowance_shared{side="okta"} 1`, `allowance_shared{side="omni"} 0`, "omni_down_seconds 2", "omni_limit_requests 120",
			"omni_pace_ratio 0.5", "omni_paused_seconds 1", "omni_refused_keys 1",
			`omni_waiting_requests{lane="joiners"} 0`, `omni_waiting_requests{lane="moves"} 3`, `omni_waiting_requests{lane="names_and_lists"} 0`,
			`omni_waiting_requests{lane="other_changes"} 0`, `omni_waiting_requests{lane="pushes"} 0`, `omni_waiting_requests{lane="removals_and_attributes"} 0`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, r := metered(t, row.sight)
			if diff := cmp.Diff(row.lines, valuesOf(t, r, strings.Fields(row.want)...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// valuesOf gives the values of the metrics whose names begin so, each with its labels but
// for the connection.
func valuesOf(t *testing.T, r prometheus.Gatherer, begin ...string) []string {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range families {
		name := strings.TrimPrefix(f.GetName(), "omnisync_")
		for _, b := range begin {
			if !strings.HasPrefix(name, b) {
				continue
			}
			for _, m := range f.GetMetric() {
				var labels []string
				for _, l := range m.GetLabel() {
					if l.GetName() != "connection" {
						labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
					}
				}
				told := name
				if labels != nil {
					told += "{" + strings.Join(labels, ",") + "}"
				}
				lines = append(lines, fmt.Sprint(told, " ", m.GetGauge().GetValue()+m.GetCounter().GetValue()))
			}
			break
		}
	}
	return lines
}

// What is counted goes where it belongs.
func TestMetersCount(t *testing.T) {
	m, r := metered(t, sight{})
	m.Ran(state.Run{Kind: "full", Outcome: "held"})
	m.Ran(state.Run{Kind: "full", Outcome: "stopped"})
	m.Logged([]state.Change{{Kind: "update", State: state.Applied}, {Kind: "update", State: state.Applied}, {Kind: "delete", State: state.Held}})
	for _, status := range []int{200, 204, 304, 400, 401, 404, 409, 429, 503, 0} {
		m.Asked(console.OktaSide, "logs", status, time.Second)
	}
	m.Asked(console.OmniSide, "users", 200, time.Second)
	m.Stored("bolt", "apply", time.Second, true)
	m.Stored("bolt", "apply", time.Second, false)
	got := []string{}
	for _, line := range valuesOf(t, r, "runs_", "changes_total", "requests_", "store_operation_errors") {
		if !strings.HasSuffix(line, " 0") {
			got = append(got, line)
		}
	}
	if diff := cmp.Diff([]string{`changes_total{kind="delete",state="held"} 1`, `changes_total{kind="update",state="applied"} 2`,
		`requests_total{bucket="logs",code="2xx",side="okta"} 2`, `requests_total{bucket="logs",code="3xx",side="okta"} 1`, `requests_total{bucket="logs",code="400",side="okta"} 1`,
		`requests_total{bucket="logs",code="401",side="okta"} 1`, `requests_total{bucket="logs",code="404",side="okta"} 1`, `requests_total{bucket="logs",code="429",side="okta"} 1`,
		`requests_total{bucket="logs",code="4xx",side="okta"} 1`, `requests_total{bucket="logs",code="5xx",side="okta"} 1`, `requests_total{bucket="logs",code="none",side="okta"} 1`,
		`requests_total{bucket="users",code="2xx",side="omni"} 1`, `runs_total{kind="full",outcome="held"} 1`, `runs_total{kind="full",outcome="stopped"} 1`,
		`store_operation_errors_total{operation="apply",store="bolt"} 1`}, got); diff != "" {
		t.Error(diff)
	}
	if n := samples(t, r, "omnisync_run_duration_seconds", "full"); n != 1 {
		t.Errorf("%d full runs lasted, want 1: one was stopped", n)
	}
}

// samples gives how many were measured of the metric with that value of a label.
func samples(t *testing.T, r prometheus.Gatherer, name, value string) uint64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == name && l.GetValue() == value {
					return m.GetHistogram().GetSampleCount()
				}
			}
		}
	}
	return 0
}

// mostSeries is what docs/metrics.md promises, a bucket of a histogram being one, of
// those that are about Omnisync.
const mostSeries = 900

// However much is measured, and whatever is told, there are as many series as before, and
// nothing that came from outside is in them.
func TestMetersStayFew(t *testing.T) {
	const hostile = "<script>alert(1)</script>\xff\n\"}"
	m, r := metered(t, everything())
	used(m)
	before := seriesOf(t, r)
	if n := len(before); n < 300 || n > mostSeries {
		t.Errorf("%d series, at most %d are promised", n, mostSeries)
	}
	chance := rand.New(rand.NewPCG(1, 2))
	for i := range 10_000 {
		name := fmt.Sprint(hostile, i)
		m.Took(time.Duration(chance.Int64N(int64(1000 * time.Hour))))
		m.Ran(state.Run{Kind: name, Outcome: name, Error: name})
		m.Logged([]state.Change{{Kind: name, State: state.ChangeState(name), UserName: name, Group: name, Error: name}})
		m.Asked(console.OktaSide, name, i, time.Second)
		m.Asked(console.OmniSide, name, -i, time.Second)
		m.Stored(name, name, time.Second, true)
	}
	s := everything()
	for i := range 1000 {
		name := fmt.Sprint(hostile, i)
		s.tally.Held[name], s.tally.Failing[name], s.tally.Leavers[state.Step(name)], s.tally.Succeeded[sync.RunKind(name)] = 1, 1, 1, time.Now()
		s.now.Okta[name], s.now.Omni.Waiting[name], s.now.Shared[console.Side(name)] = console.Bucket{Limit: 1}, 1, true
		s.now.Pushes.Answered[name], s.now.Pushes.Refused[name] = 1, 1
	}
	later := prometheus.NewRegistry()
	if err := m.Register(later, "acme", s); err != nil {
		t.Fatal(err)
	}
	after := seriesOf(t, later)
	if n := len(after); n > mostSeries {
		t.Errorf("%d series after what is hostile, at most %d are promised", n, mostSeries)
	}
	for line := range after {
		if strings.Contains(line, "script") {
			t.Errorf("it came through: %s", line)
		}
		if !before[line] && !strings.Contains(line, `"other"`) {
			t.Errorf("a new series: %s", line)
		}
	}
}

// seriesOf gives the series that are about Omnisync, as they are in the text format.
func seriesOf(t *testing.T, r prometheus.Gatherer) map[string]bool {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]bool{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if !strings.HasPrefix(f.GetName(), "omnisync_") {
				continue
			}
			name := fmt.Sprint(f.GetName(), m.GetLabel())
			series[name] = true
			if h := m.GetHistogram(); h != nil {
				if n := len(h.GetPositiveDelta()); n > 100 {
					t.Errorf("%s has %d native buckets", name, n)
				}
				for _, b := range h.GetBucket() {
					series[fmt.Sprint(name, b.GetUpperBound())] = true
				}
				series[name+"inf"], series[name+"sum"] = true, true
			}
		}
	}
	return series
}

// promlint finds nothing wrong with names, units and help.
func TestMetersKeepTheConventions(t *testing.T) {
	m, r := metered(t, everything())
	used(m)
	problems, err := testutil.GatherAndLint(r)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

// A name of the connection that isn't valid text breaks nothing.
func TestMetersOfAStrangeConnection(t *testing.T) {
	m, r := console.NewMeters(console.Build{}), prometheus.NewRegistry()
	if err := m.Register(r, "a\xffb", sight{}); err != nil {
		t.Fatal(err)
	}
	if n, err := testutil.GatherAndCount(r, "omnisync_leader"); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}
