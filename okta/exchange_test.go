package okta_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/omnisync/omnisync/fault"
)

// exchange is one file of testdata/exchanges: a question, what the Reader sends
// and is answered, and what it makes of it. The clock begins at 2000-01-01.
type exchange struct {
	Why     string
	Ask     question
	Answers []struct {
		Request string // path and query
		Times   int    // how often it is sent; 0 means once
		Maybe   bool   // on its way when the reading ends: sent or not
		Status  int
		Header  map[string]string
		Body    json.RawMessage // of a JSON answer
		Text    string          // of any other
	}
	Want struct {
		Result any
		Kind   string // of the failure; "" when there is none
		Error  string // part of its text
		Hint   string // part of its hint
	}
}

// TestExchanges plays every file of testdata/exchanges.
func TestExchanges(t *testing.T) {
	files, err := filepath.Glob("testdata/exchanges/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no exchanges: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			e := readExchange(t, file)
			e.play(t)
		})
	}
}

func readExchange(t *testing.T, file string) exchange {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	var e exchange
	if err := d.Decode(&e); err != nil {
		t.Fatal(err)
	}
	if e.Why == "" {
		t.Error("the file doesn't say why it is here")
	}
	return e
}

func (e exchange) play(t *testing.T) {
	sent := map[string]int{}
	r := newReader(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		request := req.URL.RequestURI()
		sent[request]++
		for _, a := range e.Answers {
			if a.Request != request {
				continue
			}
			for name, value := range a.Header {
				w.Header().Set(name, value)
			}
			if a.Body != nil {
				answer(w, a.Status, string(a.Body))
			} else {
				w.WriteHeader(a.Status)
				fmt.Fprint(w, a.Text)
			}
			return
		}
		t.Errorf("not in the exchange: %s", request)
		w.WriteHeader(http.StatusTeapot)
	}))
	synctest.Test(t, func(t *testing.T) {
		got, err := e.Ask.ask(t.Context(), r)
		e.check(t, got, err)
	})
	for _, a := range e.Answers {
		if want := max(a.Times, 1); sent[a.Request] != want && !a.Maybe {
			t.Errorf("sent %d times, want %d: %s", sent[a.Request], want, a.Request)
		}
	}
}

func (e exchange) check(t *testing.T, got any, err error) {
	t.Helper()
	kind := ""
	if err != nil {
		kind = fault.KindOf(err).String()
	}
	if kind != e.Want.Kind {
		t.Fatalf("got the error %v (%s), want %q", err, kind, e.Want.Kind)
	}
	if err != nil && !strings.Contains(err.Error(), e.Want.Error) {
		t.Errorf("got the error %q, want %q in it", err, e.Want.Error)
	}
	if !strings.Contains(fault.HintOf(err), e.Want.Hint) {
		t.Errorf("got the hint %q, want %q in it", fault.HintOf(err), e.Want.Hint)
	}
	if e.Want.Result == nil {
		if err == nil {
			t.Errorf("the exchange doesn't say what it wants; got %s", asJSON(t, got))
		}
		return
	}
	if diff := cmp.Diff(asJSON(t, e.Want.Result), asJSON(t, got)); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(b, &plain); err != nil {
		t.Fatal(err)
	}
	b, _ = json.MarshalIndent(withoutOrigins(plain), "", "  ")
	return string(b)
}

// withoutOrigins leaves out where things were told, of which TestOrigins knows.
func withoutOrigins(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = withoutOrigins(v[i])
		}
	case map[string]any:
		delete(v, "Origin")
		if v["Groups"] == nil {
			delete(v, "Groups") // the engine fills them
		}
		for name := range v {
			v[name] = withoutOrigins(v[name])
		}
	}
	return v
}
