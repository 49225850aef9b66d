package console_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/omnisync/omnisync/console"
)

// The busiest minute of ten is what counts, of each limit by itself, for a day.
func TestUses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := console.NewMeters(console.Build{})
		now := console.Now{Omni: console.Allowance{PerMinute: 60}, Okta: map[string]console.Bucket{"users": {Limit: 600}, "logs": {Limit: 50}, "token": {}}}
		begun := time.Now().UTC().Truncate(10 * time.Minute)
		if got := m.Uses(now); len(got) != 0 {
			t.Errorf("before anything: %+v", got)
		}
		ask := func(n int, side console.Side, bucket string) {
			for range n {
				m.Asked(side, bucket, 200, time.Second)
			}
		}
		ask(30, console.OktaSide, "users")
		ask(10, console.OktaSide, "logs")
		ask(20, console.OmniSide, "users")
		ask(10, console.OmniSide, "groups")
		<-time.After(time.Minute)
		ask(6, console.OmniSide, "users")
		<-time.After(20 * time.Minute)
		ask(300, console.OktaSide, "users")
		ask(60, console.OmniSide, "users")
		want := []console.Use{{From: begun, Okta: new(20.), Omni: new(50.)}, {From: begun.Add(10 * time.Minute), Okta: new(0.), Omni: new(0.)}, {From: begun.Add(20 * time.Minute), Okta: new(50.), Omni: new(100.)}}
		if diff := cmp.Diff(want, m.Uses(now)); diff != "" {
			t.Error(diff)
		}
		if got := m.Uses(console.Now{}); got[0].Okta != nil || got[0].Omni != nil {
			t.Errorf("of limits that aren't known: %+v", got[0])
		}
		<-time.After(23*time.Hour + 50*time.Minute)
		ask(1, console.OmniSide, "users")
		if got := m.Uses(now); len(got) != 144 || *got[0].Omni != 100 && *got[0].Omni != 0 {
			t.Errorf("after a day %d parts, the first of %v", len(got), got[0])
		}
	})
}

// Pictures are files of their own, sound, and told as tables and by the API too.
func TestCharts(t *testing.T) {
	at := serveOptions(t, manned(newDaemon()))
	for _, name := range []string{"changes", "latency", "allowance"} {
		for _, look := range []string{"", "?dark", "?narrow", "?narrow&dark"} {
			answer, text := call(t, stays(), "GET", at+"/charts/"+name+".svg"+look, map[string]string{"Authorization": "Bearer " + readingToken}, nil)
			if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(text, "<svg") || !strings.Contains(answer.Header.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("%s%s: %d %v %.100s", name, look, answer.StatusCode, answer.Header, text)
			}
			if dark := strings.Contains(text, "rgb(27,30,41)"); dark != strings.Contains(look, "dark") {
				t.Errorf("%s%s is dark: %v", name, look, dark)
			}
			d := xml.NewDecoder(strings.NewReader(text))
			for {
				_, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s%s: %v", name, look, err)
				}
			}
		}
	}
	if answer, _ := call(t, stays(), "GET", at+"/charts/other.svg", map[string]string{"Authorization": "Bearer " + readingToken}, nil); answer.StatusCode != http.StatusNotFound {
		t.Errorf("a picture that isn't there: %d", answer.StatusCode)
	}
	text := get(t, at, "/charts")
	for _, want := range []string{"<td class=\"number\">4</td>", "<td class=\"number\">31.0 s</td>", "<td class=\"number\">95 %</td>", ">2026-01-02</th>", "/charts/latency.svg?narrow&amp;dark"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q: %s", want, text)
		}
	}
	f, err := client(at).Figures(t.Context())
	if err != nil || len(f.Days) != 2 || f.Days[1].Changes["update"] != 4 || len(f.Uses) != 2 || *f.Uses[1].Omni != 95 {
		t.Errorf("%+v %v", f, err)
	}
}

// Where there is nothing to draw, the page says so.
func TestChartsOfNothing(t *testing.T) {
	o := manned(newDaemon())
	o.Uses = func() []console.Use { return nil }
	at := serveOptions(t, o)
	if text := get(t, at, "/charts"); !strings.Contains(text, "This process has asked neither side yet.") || strings.Contains(text, "allowance.svg") {
		t.Errorf("%s", text)
	}
	if text := get(t, at, "/charts/allowance.svg"); !strings.HasPrefix(text, "<svg") {
		t.Errorf("%s", text)
	}
}
