package redis_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/state/statetest"
)

// TestLeaseWhoseAnswerWasLost takes, and gives back, a lease without being told.
func TestLeaseWhoseAnswerWasLost(t *testing.T) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, "redis", "127.0.0.1:0", strings.TrimPrefix(shared, "redis://"))
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	name := statetest.Name()
	s, other := open(t, "redis://"+proxy.Listen, name), open(t, shared, name)
	// unheard does something while the stream, to Redis or back, loses everything.
	unheard := func(stream string, what func(context.Context) error) {
		t.Helper()
		toxic := `{"type": "timeout", "attributes": {"timeout": 0}, "stream": "` + stream + `"}`
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
			t.Fatal(err)
		}
		defer proxy.Toxics.ResetToxics(t.Context())
		ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer stop()
		if err := what(ctx); !fault.Is(err, fault.Unavailable) {
			t.Fatalf("no answer gives %v", err)
		}
	}
	refused := func() {
		t.Helper()
		if _, err := other.Acquire(t.Context(), "other", time.Minute); !fault.Is(err, fault.Fenced) {
			t.Fatalf("while the lease stands another one gets %v", err)
		}
	}
	again := func() state.Fence {
		t.Helper()
		f, err := s.Acquire(t.Context(), "me", time.Minute)
		if err != nil {
			t.Fatalf("its own lease, which it didn't know of, keeps it out: %v", err)
		}
		return f
	}

	if err := other.Release(t.Context(), acquire(t, s)); err != nil { // its connection is there, and so are the scripts
		t.Fatal(err)
	}
	unheard("downstream", func(ctx context.Context) error { _, err := s.Acquire(ctx, "me", time.Minute); return err })
	refused()
	first := again()
	refused()
	if _, err := s.Acquire(t.Context(), "me", time.Minute); !fault.Is(err, fault.Fenced) {
		t.Errorf("a lease that is held is given a second time: %v", err)
	}

	unheard("upstream", func(ctx context.Context) error { return s.Release(ctx, first) })
	refused()
	second := again()
	if err := s.Apply(t.Context(), first, oneUser()); !fault.Is(err, fault.Fenced) || first == second {
		t.Errorf("the fence before the last still writes: %v", err)
	}
	if err := s.Apply(t.Context(), second, oneUser()); err != nil {
		t.Error(err)
	}
}
