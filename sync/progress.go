package sync

import (
	"math"
	"slices"
	"sync"
	"time"
)

// The steps of a run that take time, in the order in which they are told. The
// users and the members are read at the same time; the members are told when the
// users are there.
const (
	stepWait    = "wait"    // for another run
	stepRead    = "read"    // Okta's assigned users
	stepMembers = "members" // Okta's groups
	stepSurvey  = "survey"  // Omni's users and groups
	stepPlan    = "plan"
	stepConfirm = "confirm" // questions to Okta about what would be removed
	stepApply   = "apply"   // changes
)

// Applies is the step of a run that makes changes.
const Applies = stepApply

// Waits is the note of a progress that is another run's.
const Waits = "an earlier run is under way; this one begins after it"

const (
	// tellEvery is how often those who wait are told how far a step is.
	tellEvery = 500 * time.Millisecond
	// rateMemory is how far back the rate looks that is told.
	rateMemory = 2 * time.Minute
	// rateAfter is how long a step must last before its rate means anything.
	rateAfter = 2 * time.Second
)

// follower knows how far the run is that is under way, and tells those who wait.
// It is safe for concurrent use; there is one run at a time.
type follower struct {
	mu       sync.Mutex
	running  *Running       // nil between runs
	tell     func(Progress) // of who asked for the run; may be nil
	waiting  []*waiter      // those whose run comes after this one
	steps    []*tally
	told     int       // how many of the steps are over for those who wait
	forecast *forecast // of the step apply
	waits    func() string
}

// waiter is somebody whose run comes after the one that is under way.
type waiter struct{ tell func(Progress) }

// tally is how far one step is.
type tally struct {
	step        string
	done, total int
	ended       bool
	began       time.Time
	rate        rate
}

// follow begins to follow a run, until the function that it gives is called.
func (f *follower) follow(run *run) (over func()) {
	f.mu.Lock()
	f.running = &Running{Progress: Progress{Run: run.id}, Kind: run.request.Kind, Since: run.started.UTC()}
	f.tell, f.steps, f.told, f.forecast = run.request.Progress, nil, 0, nil
	f.mu.Unlock()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		f.tick(stop)
	}()
	return func() {
		close(stop)
		<-stopped
		f.mu.Lock()
		defer f.mu.Unlock()
		f.endAll()
		f.running = nil
	}
}

// followed begins to follow a run. A delta and a user run go on beside others, so nobody
// but who asked is told of them.
func (e *Engine) followed(run *run) (over func()) {
	switch run.request.Kind {
	case Delta:
		return func() {}
	case User, Undo:
	default:
		run.follower = &e.follower
	}
	return run.follower.follow(run)
}

// tick tells every now and then how far the run is.
func (f *follower) tick(stop <-chan struct{}) {
	t := time.NewTicker(tellEvery)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-t.C:
			f.mu.Lock()
			f.sample(now)
			if f.told < len(f.steps) {
				f.announce(f.steps[f.told], now)
			}
			f.mu.Unlock()
		}
	}
}

// sample measures. The lock is held.
func (f *follower) sample(now time.Time) {
	for _, s := range f.steps {
		if !s.ended {
			s.rate.sample(now, s.done)
		}
	}
	if f.forecast != nil {
		f.forecast.sample(now)
	}
}

// remark sets what is told of the run besides its steps, "" for nothing.
func (f *follower) remark(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running != nil {
		f.running.Note = text
	}
}

// begin begins a step after all others.
func (f *follower) begin(step string, total int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.endAll()
	f.add(step, total)
}

// beside begins a step that goes on at the same time as others.
func (f *follower) beside(step string, total int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.add(step, total)
}

func (f *follower) add(step string, total int) {
	now := time.Now()
	f.steps = append(f.steps, &tally{step: step, total: total, began: now, rate: rate{at: now}})
	if f.told == len(f.steps)-1 {
		f.announce(f.steps[f.told], now)
	}
}

// count notes that n more are done in a step.
func (f *follower) count(step string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.step(step); s != nil {
		s.done += n
	}
}

// expect says how many there are to do in a step, once it is known.
func (f *follower) expect(step string, total int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.step(step); s != nil {
		s.total = total
	}
}

// end ends a step that goes on beside others.
func (f *follower) end(step string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.step(step); s != nil {
		s.ended = true
	}
	f.advance()
}

// apply begins the step apply, where there is anything to do.
func (f *follower) apply(forecast *forecast) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.endAll()
	if forecast.changes == 0 {
		return
	}
	f.forecast = forecast
	f.add(stepApply, forecast.changes)
}

// begun, flushing, early, flushed and done tell of a change what the forecast wants to know.
func (f *follower) begun(i int) { f.note(func() { f.forecast.begun(i) }) }
func (f *follower) flushing()   { f.note(func() { f.forecast.flushing(time.Now()) }) }
func (f *follower) flushed()    { f.note(func() { f.forecast.over(time.Now()) }) }
func (f *follower) early()      { f.note(func() { f.forecast.one() }) }
func (f *follower) done(i int) {
	f.note(func() { f.forecast.done(i); f.step(stepApply).done++ })
}

func (f *follower) note(what func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.forecast != nil {
		what()
	}
}

func (f *follower) step(name string) *tally {
	for _, s := range slices.Backward(f.steps) {
		if s.step == name {
			return s
		}
	}
	return nil
}

func (f *follower) endAll() {
	for _, s := range f.steps {
		s.ended = true
	}
	f.advance()
}

// advance tells the end of each step that is over, and the next one's begin.
func (f *follower) advance() {
	now := time.Now()
	for ; f.told < len(f.steps); f.told++ {
		s := f.steps[f.told]
		f.announce(s, now)
		if !s.ended {
			return
		}
	}
}

func (f *follower) announce(s *tally, now time.Time) {
	p := f.progress(s, now)
	if f.tell != nil {
		f.tell(p)
	}
	p.Note = Waits
	for _, w := range f.waiting {
		w.tell(p)
	}
}

// progress gives a step as it is told.
func (f *follower) progress(s *tally, now time.Time) Progress {
	if f.running == nil {
		return Progress{Step: s.step}
	}
	p := f.running.Progress
	p.Step, p.Done, p.Total = s.step, s.done, s.total
	if p.Note == "" && f.waits != nil && !s.ended {
		p.Note = f.waits()
	}
	if p.Done > p.Total { // the total was last time's, and is none
		p.Total = 0
	}
	if now.Sub(s.began) >= rateAfter {
		p.PerMinute = math.Round(s.rate.perMinute()*10) / 10
	}
	left, known := s.left(now)
	if s.step == stepApply && f.forecast != nil {
		left, p.Requests = f.forecast.left(now)
		known = left > 0
	}
	if known && !s.ended {
		seconds := math.Round(left.Seconds())
		p.Left = &seconds
	}
	return p
}

// left is the time that a step still takes at the measured rate. Before a tenth
// is done nothing is known.
func (s *tally) left(now time.Time) (time.Duration, bool) {
	perMinute := s.rate.perMinute()
	if s.done == 0 || s.done >= s.total || s.done*10 < s.total || perMinute <= 0 || now.Sub(s.began) < rateAfter {
		return 0, false
	}
	return time.Duration(float64(s.total-s.done) / perMinute * float64(time.Minute)), true
}

// now gives the run that is under way, nil for none.
func (f *follower) now() *Running {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running == nil {
		return nil
	}
	r := *f.running
	if len(f.steps) > 0 {
		r.Progress = f.progress(f.steps[min(f.told, len(f.steps)-1)], time.Now())
	}
	return &r
}

// wait tells of the run that is under way, until the function that it gives is called.
func (f *follower) wait(tell func(Progress)) (over func()) {
	if tell == nil {
		return func() {}
	}
	w := &waiter{tell}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = append(f.waiting, w)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.waiting = slices.DeleteFunc(f.waiting, func(other *waiter) bool { return other == w })
	}
}

// rate measures how much is done a minute, what is newer counting more.
type rate struct {
	at         time.Time // of the newest sample
	was        int       // done then
	done, time float64   // since the beginning, the past fading; time in seconds
}

func (r *rate) sample(now time.Time, done int) {
	passed := now.Sub(r.at).Seconds()
	fade := math.Exp(-passed / rateMemory.Seconds())
	r.done = r.done*fade + float64(done-r.was)
	r.time = r.time*fade + passed
	r.at, r.was = now, done
}

func (r *rate) perMinute() float64 {
	if r.time <= 0 {
		return 0
	}
	return r.done / r.time * 60
}

// Running tells of the run that is under way in this process, nil while none is.
func (e *Engine) Running() *Running { return e.follower.now() }
