package bolt_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/fault"
)

// TestLeaseTimes has the exact moments, on a simulated clock.
func TestLeaseTimes(t *testing.T) {
	s := open(t, ledgerPath(t))
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		f, err := s.Acquire(ctx, "first", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Minute - time.Nanosecond)
		if err := s.Apply(ctx, f, oneUser()); err != nil {
			t.Errorf("just before its end: %v", err)
		}
		if err := s.Renew(ctx, f, time.Minute); err != nil {
			t.Errorf("renewed just before its end: %v", err)
		}
		<-time.After(time.Minute - time.Nanosecond)
		if _, err := s.Acquire(ctx, "second", time.Minute); !fault.Is(err, fault.Fenced) {
			t.Errorf("acquired just before the renewed end: %v", err)
		}
		<-time.After(time.Nanosecond)
		if h, err := s.Holder(ctx); h != "" || err != nil {
			t.Errorf("the holder at its end is %q, %v", h, err)
		}
		if err := s.Apply(ctx, f, oneUser()); !fault.Is(err, fault.Fenced) {
			t.Errorf("written at its end: %v", err)
		}
		if err := s.Renew(ctx, f, time.Minute); !fault.Is(err, fault.Fenced) {
			t.Errorf("renewed at its end: %v", err)
		}
		if _, err := s.Acquire(ctx, "second", time.Minute); err != nil {
			t.Errorf("acquired at its end: %v", err)
		}
	})
}
