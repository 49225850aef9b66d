package console_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/omnisync/omnisync/console"
	"github.com/omnisync/omnisync/sync"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// follower answers what a test says.
type follower func() (*sync.Followed, error)

func (f follower) Followed(context.Context) (*sync.Followed, error) { return f() }

func metered(t *testing.T, f follower) (*console.Meters, *prometheus.Registry) {
	t.Helper()
	m, r := console.NewMeters(console.Build{Version: "v1.2.3", Revision: "abc", Go: "go1.26"}), prometheus.NewRegistry()
	if err := m.Register(r, f); err != nil {
		t.Fatal(err)
	}
	return m, r
}

func TestMetersOfTheLog(t *testing.T) {
	read := time.Unix(1_700_000_000, 500_000_000)
	const missed, until, both = "omnisync_missed_by_delta_total", "omnisync_log_read_timestamp_seconds",
		`# HELP omnisync_log_read_timestamp_seconds Until when Okta's System Log was read and acted upon, by Okta's clock, as seconds since 1970.
# TYPE omnisync_log_read_timestamp_seconds gauge
omnisync_log_read_timestamp_seconds 1.7000000005e+09
# HELP omnisync_missed_by_delta_total Changes that a full run found and Okta's System Log never told of; should be none.
# TYPE omnisync_missed_by_delta_total counter
omnisync_missed_by_delta_total 2
`
	for name, row := range map[string]struct {
		told *sync.Followed
		err  error
		want string
	}{
		"followed":                    {&sync.Followed{Read: read, Missed: 2}, nil, both},
		"not yet read":                {&sync.Followed{Missed: 2}, nil, both[strings.Index(both, "# HELP omnisync_missed"):]},
		"no deltas":                   {nil, nil, ""},
		"the ledger is out of reach":  {nil, errors.New("away"), ""},
		"half an answer and an error": {&sync.Followed{Read: read}, errors.New("away"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, r := metered(t, func() (*sync.Followed, error) { return row.told, row.err })
			if err := testutil.GatherAndCompare(r, strings.NewReader(row.want), missed, until); err != nil {
				t.Error(err)
			}
			if n, err := testutil.GatherAndCount(r, "omnisync_build_info"); n != 1 || err != nil {
				t.Errorf("the rest isn't told: %d, %v", n, err)
			}
		})
	}
}

// However much is measured, there are as many series as before.
func TestMetersStayFew(t *testing.T) {
	m, r := metered(t, func() (*sync.Followed, error) {
		return &sync.Followed{Read: time.Now(), Names: []string{"ann@example.com"}}, nil
	})
	before, err := testutil.GatherAndCount(r)
	if err != nil || before != 4 {
		t.Fatalf("%d families, %v", before, err)
	}
	for i := range 10_000 {
		m.Took(time.Duration(i*i) * time.Millisecond)
	}
	families, err := r.Gather()
	if err != nil || len(families) != before {
		t.Fatalf("%d families, %v", len(families), err)
	}
	for _, f := range families {
		if len(f.GetMetric()) != 1 || strings.Contains(f.String(), "example.com") {
			t.Errorf("%s has %d series: %s", f.GetName(), len(f.GetMetric()), f)
		}
		if h := f.GetMetric()[0].GetHistogram(); h != nil {
			if n := len(h.GetPositiveDelta()); h.GetSampleCount() != 10_000 || len(h.GetBucket()) > 15 || n == 0 || n > 100 {
				t.Errorf("of %d measured, %d classic and %d native buckets", h.GetSampleCount(), len(h.GetBucket()), n)
			}
		}
	}
	if problems, err := testutil.GatherAndLint(r); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestMetricsAreServedToWhoHasTheToken(t *testing.T) {
	m, r := metered(t, func() (*sync.Followed, error) { return &sync.Followed{}, nil })
	m.Took(4 * time.Second)
	o := newDaemon().options()
	o.Metrics = r
	url := serveOptions(t, o)
	if a := (knock{method: "GET", path: "/metrics"}).send(t, url); a.status != http.StatusUnauthorized {
		t.Errorf("without the token: %d %s", a.status, a.body)
	}
	if a := (knock{method: "POST", path: "/metrics", token: token}).send(t, url); a.status != http.StatusMethodNotAllowed {
		t.Errorf("by POST: %d %s", a.status, a.body)
	}
	plain, form := scrape(t, url, "")
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(plain))
	if err != nil || !strings.HasPrefix(form, "text/plain") {
		t.Fatalf("%s: %v\n%s", form, err, plain)
	}
	h := families["omnisync_change_latency_seconds"].GetMetric()[0].GetHistogram()
	if h.GetSampleCount() != 1 || h.GetSampleSum() != 4 || len(h.GetBucket()) < 10 {
		t.Errorf("the text tells the times as %s", h)
	}
	if !bytes.Contains(plain, []byte(`omnisync_build_info{go="go1.26",revision="abc",version="v1.2.3"} 1`)) {
		t.Errorf("which build it is isn't in\n%s", plain)
	}
	whole, form := scrape(t, url, string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
	decoder := expfmt.NewDecoder(bytes.NewReader(whole), expfmt.Format(form))
	for {
		var f dto.MetricFamily
		if err := decoder.Decode(&f); err != nil {
			t.Fatalf("no native histogram in %q: %v", form, err)
		}
		if h := f.GetMetric()[0].GetHistogram(); h != nil && len(h.GetPositiveSpan()) == 1 {
			break
		}
	}
}

// scrape reads the meters as Prometheus does, and tells their form.
func scrape(t *testing.T, url, accept string) (body []byte, form string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", accept)
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %s, %v", response.StatusCode, response.Header, body, err)
	}
	return body, response.Header.Get("Content-Type")
}
