package push

import (
	"context"
	"math"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// How failed authentication is slowed. A guess a few seconds is hopeless against a
// token of 20 characters; what the brake keeps away is the noise of trying.
const (
	firstDelay  = 125 * time.Millisecond
	mostDelay   = 8 * time.Second
	halfLife    = time.Minute // after which half of the failures are forgotten
	mostSources = 4096        // who failed longest ago is forgotten first
	mostHeld    = 128         // requests held at once; beyond, the answer comes without delay
)

// brake remembers who failed. Of IPv6 addresses it takes the /64 network, which
// one caller has as a whole.
type brake struct {
	held chan struct{}

	mu      sync.Mutex
	sources *simplelru.LRU[netip.Prefix, strikes]
}

// strikes are the failures of one source, those long ago counting for less.
type strikes struct {
	count float64
	at    time.Time // of the last
}

func newBrake() *brake {
	sources, err := simplelru.NewLRU[netip.Prefix, strikes](mostSources, nil)
	if err != nil {
		panic(err) // the size is a constant above nothing
	}
	return &brake{held: make(chan struct{}, mostHeld), sources: sources}
}

// hold keeps the request of someone who failed for as long as is due, or until ctx
// ends.
func (b *brake) hold(ctx context.Context, from netip.Addr) {
	due := b.strike(from, time.Now())
	select {
	case b.held <- struct{}{}:
		defer func() { <-b.held }()
		wait(ctx, due)
	default:
	}
}

// strike notes a failure, and gives the delay that is due for it.
func (b *brake) strike(from netip.Addr, now time.Time) time.Duration {
	source := network(from)
	b.mu.Lock()
	defer b.mu.Unlock()
	before, _ := b.sources.Get(source)
	after := before.next(now)
	b.sources.Add(source, after)
	return after.delay()
}

func network(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address: such callers share one place
	}
	return p
}

// next adds a failure.
func (s strikes) next(now time.Time) strikes {
	age := max(now.Sub(s.at), 0)
	return strikes{s.count*math.Exp2(-age.Seconds()/halfLife.Seconds()) + 1, now}
}

// delay doubles with each failure.
func (s strikes) delay() time.Duration {
	factor := math.Exp2(min(s.count-1, 16))
	return min(time.Duration(float64(firstDelay)*factor), mostDelay)
}
