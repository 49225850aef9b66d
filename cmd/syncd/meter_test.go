package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/configs"
	"github.com/omnisync/omnisync/sync"
)

func TestProgressOffATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		m, left := newMeter(&out, nil), 83*60.
		m.step(sync.Progress{Step: "read"})
		m.step(sync.Progress{Step: "read", Done: 500})
		<-time.After(meterPause)
		m.step(sync.Progress{Step: "read", Done: 1000, Note: "slow\x1b"})
		m.step(sync.Progress{Step: "plan"})
		m.step(sync.Progress{Step: "apply", Total: 3})
		m.step(sync.Progress{Step: "apply", Done: 1, Total: 3})
		<-time.After(meterPause)
		m.step(sync.Progress{Step: "apply", Done: 2, Total: 3, PerMinute: 6, Left: &left})
		<-time.After(meterPause - time.Second)
		m.step(sync.Progress{Step: "apply", Done: 3, Total: 3})
		<-time.After(time.Second)
		m.end()
		m.end()
		if want := "read users\nread users 1000, slow\ufffd\nplan\napply 0/3\n" +
			"apply 2/3, 6 a minute, about 1 h 23 min left\napply 3/3\n"; out.String() != want {
			t.Errorf("told %q, want %q", out.String(), want)
		}
	})
}

func TestARefusedCredentialIsReadAgain(t *testing.T) {
	for status, want := range map[int]int{200: 0, 401: 1, 403: 1, 404: 0, 500: 0} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		reread := 0
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := newTransport(func() { reread++ }).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		server.Close()
		if reread != want {
			t.Errorf("after %d the secret is read again %d times, want %d", status, reread, want)
		}
	}
}

func TestLogIsAsConfigured(t *testing.T) {
	for _, c := range []struct {
		log  configs.Log
		want string
	}{
		{configs.Log{Level: "info", Format: "json"}, `"msg":"hello"}`},
		{configs.Log{Level: "info", Format: "text"}, "\tinfo\thello\n"},
		{configs.Log{Level: "warn", Format: "json"}, ""},
	} {
		var out bytes.Buffer
		log, err := newLogger(&out, c.log)
		if err != nil {
			t.Fatal(err)
		}
		log.Info("hello")
		if got := out.String(); c.want == "" && got != "" || !bytes.Contains(out.Bytes(), []byte(c.want)) {
			t.Errorf("%+v logs %q", c.log, got)
		}
	}
	if _, err := newLogger(&bytes.Buffer{}, configs.Log{Level: "loud"}); err == nil {
		t.Error("an unknown level is taken")
	}
}

func TestVersionOf(t *testing.T) {
	if v := versionOf(nil, false); v.Version != "unknown" {
		t.Errorf("%+v", v)
	}
	b := &debug.BuildInfo{GoVersion: "go1.26", Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}}}
	if v := versionOf(b, true); v != (versionDocument{"v1.2.3", "abc", "go1.26"}) {
		t.Errorf("%+v", v)
	}
}
