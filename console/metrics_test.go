package console_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func TestMetricsAreServedToWhoHasTheToken(t *testing.T) {
	m, r := metered(t, sight{})
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
	if !bytes.Contains(plain, []byte(`omnisync_build_info{connection="acme",go="go1.26",revision="abc",version="v1.2.3"} 1`)) {
		t.Errorf("which build it is isn't in\n%s", plain)
	}
	whole, form := scrape(t, url, string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
	decoder := expfmt.NewDecoder(bytes.NewReader(whole), expfmt.Format(form))
	for {
		var f dto.MetricFamily
		if err := decoder.Decode(&f); err != nil {
			t.Fatalf("no native histogram in %q: %v", form, err)
		}
		if h := f.GetMetric()[0].GetHistogram(); f.GetName() == "omnisync_change_latency_seconds" && len(h.GetPositiveSpan()) == 1 {
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
