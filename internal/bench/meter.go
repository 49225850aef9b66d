package main

import "time"

// meter measures this process from a moment on.
type meter struct {
	began time.Time
	cpu   time.Duration
}

func newMeter() (meter, error) {
	cpu, _, err := used()
	return meter{began: time.Now(), cpu: cpu}, err
}

// read adds to t the time since then, and the peak memory since the process began.
func (m meter) read(t taken) (taken, error) {
	t.Wall = time.Since(m.began)
	cpu, peak, err := used()
	t.CPU, t.Peak = cpu-m.cpu, peak
	return t, err
}
