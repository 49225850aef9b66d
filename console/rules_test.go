package console_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"go.yaml.in/yaml/v3"
)

const (
	rulesFile   = "../deploy/prometheus/rules.yml"
	metricsPage = "../docs/metrics.md"
)

// families gives the metrics that are about Omnisync, by name.
func families(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	m, r := metered(t, everything())
	used(m)
	list, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*dto.MetricFamily{}
	for _, f := range list {
		if strings.HasPrefix(f.GetName(), "omnisync_") {
			all[f.GetName()] = f
		}
	}
	return all
}

var (
	metricName = regexp.MustCompile(`\bomnisync_[a-z0-9_]+`)
	selector   = regexp.MustCompile(`(omnisync_[a-z0-9_]+)\{([^}]*)\}`)
	matcher    = regexp.MustCompile(`(\w+)=(~?)"([^"]*)"`)
)

// rule is one alert.
type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alertRules(t *testing.T) []rule {
	t.Helper()
	text, err := os.ReadFile(rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []rule `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil || len(file.Groups) != 1 || len(file.Groups[0].Rules) < 20 {
		t.Fatalf("%v %+v", err, file)
	}
	return file.Groups[0].Rules
}

// Each alert asks for metrics, labels and values that there are, and says what to do.
func TestAlertsAskForWhatThereIs(t *testing.T) {
	all := families(t)
	for _, r := range alertRules(t) {
		for _, word := range []string{"summary", "description", "action"} {
			if r.Annotations[word] == "" {
				t.Errorf("%s has no %s", r.Alert, word)
			}
		}
		if s := r.Labels["severity"]; s != "warning" && s != "critical" {
			t.Errorf("%s has the severity %q", r.Alert, s)
		}
		names := metricName.FindAllString(r.Expr+r.Annotations["action"], -1)
		if len(names) == 0 {
			t.Errorf("%s asks for nothing of ours", r.Alert)
		}
		for _, name := range names {
			if all[name] == nil && all[strings.TrimSuffix(name, "_bucket")] == nil {
				t.Errorf("%s asks for %s, which isn't in /metrics", r.Alert, name)
			}
		}
		for _, s := range selector.FindAllStringSubmatch(r.Expr, -1) {
			f := all[strings.TrimSuffix(s[1], "_bucket")]
			for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
				for value := range strings.SplitSeq(m[3], "|") {
					if !slices.Contains(valuesOfLabel(f, m[1]), value) {
						t.Errorf("%s asks for %s with %s=%q, which there isn't", r.Alert, s[1], m[1], value)
					}
				}
			}
		}
	}
}

func valuesOfLabel(f *dto.MetricFamily, name string) []string {
	var values []string
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == name {
				values = append(values, l.GetValue())
			}
		}
	}
	return values
}

// The page has a row for each metric, with its labels, and none for what isn't there; and
// one for each alert.
func TestMetricsPageIsWhole(t *testing.T) {
	text, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	all := families(t)
	for name := range maps.Keys(all) {
		var labels []string
		for _, l := range all[name].GetMetric()[0].GetLabel() {
			if n := l.GetName(); n != "connection" {
				labels = append(labels, "`"+n+"`")
			}
		}
		row := regexp.MustCompile("(?m)^\\| `" + name + "` \\|[^|]*\\|([^|]*)\\|[^|]+\\|$").FindStringSubmatch(string(text))
		if row == nil {
			t.Errorf("%s has no row for %s", metricsPage, name)
			continue
		}
		for _, l := range labels {
			if !strings.Contains(row[1], l) {
				t.Errorf("%s: the row of %s lacks the label %s", metricsPage, name, l)
			}
		}
		if n := strings.Count(row[1], "`"); n != 2*len(labels) {
			t.Errorf("%s: the row of %s has %d labels, want %v", metricsPage, name, n/2, labels)
		}
	}
	for _, name := range metricName.FindAllString(string(text), -1) {
		if all[name] == nil && all[strings.TrimSuffix(name, "_bucket")] == nil {
			t.Errorf("%s names %s, which isn't in /metrics", metricsPage, name)
		}
	}
	for _, r := range alertRules(t) {
		if !strings.Contains(string(text), "`"+r.Alert+"`") {
			t.Errorf("%s doesn't name the alert %s", metricsPage, r.Alert)
		}
	}
}
