package main

import "testing"

// The daemon doesn't outlive a demo that is killed.
func TestDemoKilled(t *testing.T) {
	t.Parallel()
	demo, _, daemon := demoProcess(t)
	if err := demo.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = demo.Wait()
	gone(t, daemon)
}
