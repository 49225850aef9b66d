//go:build !race

package main

import (
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// line is Toxiproxy between syncd and Redis.
type line struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &line{t: t, proxy: toxiproxy.NewProxy(server, "redis", "127.0.0.1:0", to)}
	l.mend()
	t.Cleanup(l.proxy.Stop)
	return l
}

func (l *line) address() string { return l.proxy.Listen }

// cut ends every connection, and lets none come about.
func (l *line) cut() { l.proxy.Stop() }

// mend ends a cut.
func (l *line) mend() {
	l.t.Helper()
	if err := l.proxy.Start(); err != nil {
		l.t.Fatal(err)
	}
}

// gets adds toxics, written as Toxiproxy's API takes them, for the connections
// that are there and those to come.
func (l *line) gets(list ...string) {
	l.t.Helper()
	for _, toxic := range list {
		if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			l.t.Fatal(err)
		}
	}
}

// sheds takes all toxics away. Where one has swallowed something, Toxiproxy ends
// the connection.
func (l *line) sheds() { l.proxy.Toxics.ResetToxics(l.t.Context()) }

// spares leaves the toxics to the connections that have them: those stay as they
// are, and nobody is told; new ones are well.
func (l *line) spares() {
	l.t.Helper()
	for _, toxic := range l.proxy.Toxics.GetToxicArray() {
		toxic.(*toxics.ToxicWrapper).Toxicity = 0
	}
}
