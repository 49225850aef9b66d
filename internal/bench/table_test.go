package main

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	base := row{Work: "full run, nothing changed, default", Store: "bolt"}
	counted := base
	counted.What, counted.Got, counted.Detail = "Okta requests", "205", "app: 1, users: 200, mappings: 1, groups: 3"
	counted.Targets, counted.Reached = []string{"205"}, []bool{true}
	cpu := base
	cpu.What, cpu.Detail = "CPU time / only decoding", "1.70 s / 1.00 s"
	alone := row{Work: "the ledger alone", Store: "redis", What: "read the index / Redis alone", Detail: "4.0 ms / 2.0 ms"}
	got := outcome{
		Machine: machine{System: "linux/amd64", Processor: "Some CPU", Cores: 2, Memory: "8 GB", Go: "go1.26.8",
			Date: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), Load: "0.10 0.20 0.30"},
		Company: company{Users: 100_000, Groups: 500, Each: 2000}, Runs: 3, Latency: 20 * time.Millisecond,
		Took: 90 * time.Second, LoadAfter: "1.00 0.50 0.30",
		Rows: []row{counted, ratioRow(cpu, series{1.9, 1.7, 1.6}, []float64{2, 1.5}), ratioRow(alone, series{2}, nil)},
	}.markdown()
	want, err := os.ReadFile("testdata/table.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the table differs from testdata/table.md:\n%s", diff)
	}
}

func TestSeries(t *testing.T) {
	for _, row := range []struct {
		s                   series
		median, least, most float64
	}{
		{nil, 0, 0, 0}, {series{3}, 3, 3, 3}, {series{9, 1, 2}, 2, 1, 9}, {series{4, 1, 2, 9}, 3, 1, 9},
	} {
		least, most := row.s.spread()
		if row.s.median() != row.median || least != row.least || most != row.most {
			t.Errorf("%v: median %v, %v to %v", row.s, row.s.median(), least, most)
		}
	}
}

// A count is one number only where all runs had it, and then it may be reached.
func TestTally(t *testing.T) {
	same := sameCount([]map[string]int{{"a": 1200, "b": 1}, {"a": 1200}}, "a")
	if same.told != "1,200" || !same.all(1200) || same.all(1) {
		t.Errorf("%+v", same)
	}
	both := sameCount([]map[string]int{{"a": 1200, "b": 1}, {"a": 1200}}, "a", "b")
	if both.told != "1,200 to 1,201" || both.all(1200) || both.all(1201) {
		t.Errorf("%+v", both)
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if grouped(n) != want {
			t.Errorf("%d is %s", n, grouped(n))
		}
	}
}

// The design's requests: 200 pages of users, the pages of groups and mappings,
// and a member page for each thousand where all members are read.
func TestLeastRequests(t *testing.T) {
	c := newCompany(100_000)
	b := &bench{company: c}
	asked := []map[string]int{{countApp: 1, countUsers: 200, countMappings: 1, countGroups: 3, countBytes: 5, countReads: 2}}
	okta, omni := b.requests(asked, false)
	if !okta.reached || okta.told != "205" || okta.target != "205" || okta.detail != "app: 1, users: 200, mappings: 1, groups: 3" || !omni.reached || omni.told != "2" {
		t.Errorf("%+v, %+v", okta, omni)
	}
	asked[0][countOther], asked[0][countReads] = 1, 3
	okta, omni = b.requests(asked, false)
	if okta.reached || omni.reached || omni.told != "3" {
		t.Errorf("a request too many is let through: %+v, %+v", okta, omni)
	}
	okta, _ = b.requests(asked, true)
	if okta.reached || okta.target != "1,208" {
		t.Errorf("with all members: %+v", okta)
	}
}

func TestVerdict(t *testing.T) {
	r := atMost(atMost(row{}, 1.7, 2, "%.1f"), 1.7, 1.5, "%.1f")
	if got := r.verdict(); got != "at most 2.0: reached; at most 1.5: **not reached**" {
		t.Error(got)
	}
}
