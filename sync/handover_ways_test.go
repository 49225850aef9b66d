package sync

import "testing"

// Nothing is given to somebody at the end of their way out, and nobody's ends while something
// is given to them.
func TestWaysThatMeet(t *testing.T) {
	var w ways
	ends, free := w.end("ann")
	if _, offered := w.give("ann"); !free || offered {
		t.Errorf("given to who ends: free %t, offered %t", free, offered)
	}
	ends()
	first, one := w.give("ann")
	second, two := w.give("ann")
	if _, free := w.end("ann"); !one || !two || free {
		t.Error("it ends while two things are given")
	}
	first()
	if _, free := w.end("ann"); free {
		t.Error("it ends while one is")
	}
	second()
	if _, free := w.end("ann"); !free || len(w.giving) > 0 {
		t.Error("it doesn't end")
	}
}
