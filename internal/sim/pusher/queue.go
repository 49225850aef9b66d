package pusher

import (
	"container/heap"
	"context"
	"errors"
	"slices"
	"time"
)

// Action is what a task does.
type Action string

// The actions. An assignment creates, links or reactivates; a deletion is that of granular deprovisioning.
const (
	ActionAssign   Action = "assign user"
	ActionUpdate   Action = "update user"
	ActionUnassign Action = "unassign user"
	ActionPassword Action = "sync password"
	ActionDelete   Action = "delete user"
	ActionPush     Action = "push group"
	ActionMembers  Action = "push members"
	ActionRename   Action = "rename group"
	ActionDrop     Action = "delete group"
	ActionImport   Action = "import"
)

// State is how far a task is.
type State string

// The states. A failed task stays until a person retries it.
const (
	Queued  State = "queued"
	Waiting State = "waiting" // for the moment that a 429 named
	Done    State = "done"
	Failed  State = "failed"
)

// Task is an entry of the dashboard's list.
type Task struct {
	ID       int
	Action   Action
	Object   string // the Okta id of the user or group; Users or Groups for an import
	State    State
	Attempts int
	Error    string    // as Okta's admin reads it
	Queued   time.Time // when it entered the queue
	Due      time.Time // when it may be tried (again)
	Ended    time.Time
}

type task struct {
	Task
	vague int // 429s that didn't say how long
	work  func(context.Context, call) error
}

// object is what has its tasks done in order.
type object struct {
	key   string
	tasks []*task // the first is the next, or in work
	busy  bool
}

// dueHeap has the objects that have a task and aren't busy, the one that is due first on top.
type dueHeap []*object

func (h dueHeap) Len() int      { return len(h) }
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)   { *h = append(*h, x.(*object)) }

func (h dueHeap) Less(i, j int) bool {
	a, b := h[i].tasks[0], h[j].tasks[0]
	if a.Due.Equal(b.Due) {
		return a.ID < b.ID
	}
	return a.Due.Before(b.Due)
}

// Pop implements heap.Interface.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// queue adds a task for the object and returns its id. The lock is held.
func (c *Client) queue(object string, action Action, work func(context.Context, call) error) int {
	now := time.Now()
	t := &task{work: work, Task: Task{
		ID: len(c.tasks) + 1, Action: action, Object: object, State: Queued, Queued: now, Due: now,
	}}
	c.tasks = append(c.tasks, t)
	c.enqueue(t)
	return t.ID
}

func (c *Client) enqueue(t *task) {
	o := c.objects[t.Object]
	if o == nil {
		o = &object{key: t.Object}
		c.objects[t.Object] = o
	}
	o.tasks = append(o.tasks, t)
	if len(o.tasks) == 1 && !o.busy {
		heap.Push(&c.due, o)
	}
	select {
	case c.wake <- struct{}{}:
	default: // Run will look anyway
	}
}

// take gives the object whose next task is due, and marks it busy; else how long it is until one is, and whether
// there is any.
func (c *Client) take() (o *object, wait time.Duration, any bool) {
	defer c.lock()()
	if len(c.due) == 0 {
		return nil, 0, false
	}
	if wait := time.Until(c.due[0].tasks[0].Due); wait > 0 {
		return nil, wait, true
	}
	o = heap.Pop(&c.due).(*object)
	o.busy = true
	o.tasks[0].Attempts++
	return o, 0, true
}

// settle notes how an attempt ended.
func (c *Client) settle(o *object, err error) {
	defer c.lock()()
	t := o.tasks[0]
	busy, isThrottled := errors.AsType[*throttled](err)
	now := time.Now()
	switch {
	case err == nil:
		t.State, t.Error, t.Ended = Done, "", now
	case errors.Is(err, errStopped): // not the endpoint's fault
		t.Attempts--
	case isThrottled && t.Attempts < MaxAttempts:
		wait, told := pause(busy.after, t.vague)
		if !told {
			t.vague++
		}
		t.State, t.Error, t.Due = Waiting, err.Error(), now.Add(wait)
	default:
		t.State, t.Error, t.Ended = Failed, err.Error(), now
	}
	if !t.Ended.IsZero() {
		o.tasks = slices.Delete(o.tasks, 0, 1)
	}
	o.busy = false
	if len(o.tasks) > 0 {
		heap.Push(&c.due, o)
	}
}

// Run works until the queue is empty, waits included. An error is the context's; what it left undone, the next Run
// does. Only one Run or Serve may be under way.
func (c *Client) Run(ctx context.Context) error { return c.drain(ctx, false) }

// Serve works until the context ends, whose error it returns.
func (c *Client) Serve(ctx context.Context) error { return c.drain(ctx, true) }

func (c *Client) drain(ctx context.Context, stay bool) error {
	slots, err := c.begin()
	if err != nil {
		return err
	}
	defer c.end()
	ended := make(chan struct{}, slots)
	active := 0
	for {
		var wait time.Duration
		var waiting bool
		for active < slots && ctx.Err() == nil {
			var o *object
			if o, wait, waiting = c.take(); o == nil {
				break
			}
			active++
			go func() {
				c.attempt(ctx, o)
				ended <- struct{}{}
			}()
		}
		if active == 0 && (ctx.Err() != nil || !waiting && !stay) {
			return ctx.Err()
		}
		if c.rest(ctx, ended, restOf{active, wait, waiting}) {
			active--
		}
	}
}

// restOf says what there is to wait for.
type restOf struct {
	active  int
	wait    time.Duration
	waiting bool
}

// rest waits until something happened, and tells whether it was the end of an attempt.
func (c *Client) rest(ctx context.Context, ended <-chan struct{}, r restOf) bool {
	var due <-chan time.Time
	if r.waiting && r.wait > 0 {
		timer := time.NewTimer(r.wait)
		defer timer.Stop()
		due = timer.C
	}
	stop := ctx.Done()
	if r.active > 0 && ctx.Err() != nil {
		stop = nil // the attempts see it themselves
	}
	select {
	case <-ended:
		return true
	case <-due:
	case <-c.wake:
	case <-stop:
	}
	return false
}

func (c *Client) begin() (slots int, err error) {
	defer c.lock()()
	if c.running {
		return 0, errors.New("pusher: Run or Serve is under way already: end it first, or only add to the queue")
	}
	c.running = true
	if c.Parallel <= 0 {
		return 4, nil
	}
	return c.Parallel, nil
}

func (c *Client) end() {
	defer c.lock()()
	c.running = false
}

func (c *Client) attempt(ctx context.Context, o *object) {
	unlock := c.lock()
	t := o.tasks[0] // nobody else changes the first while the object is busy
	unlock()
	err := t.work(ctx, call{c: c, style: c.style(), task: t.ID})
	if ctx.Err() != nil && err != nil {
		err = errStopped
	}
	c.settle(o, err)
}

// errStopped says that Run was ended during an attempt.
var errStopped = errors.New("stopped")

// Tasks are all tasks so far, in the order in which they were queued.
func (c *Client) Tasks() []Task {
	return c.tasksThat(func(Task) bool { return true })
}

// Failed are the tasks that wait for a person.
func (c *Client) Failed() []Task {
	return c.tasksThat(func(t Task) bool { return t.State == Failed })
}

// Task gives one by its id. An id that no method returned panics.
func (c *Client) Task(id int) Task {
	defer c.lock()()
	return c.tasks[id-1].Task
}

func (c *Client) tasksThat(match func(Task) bool) []Task {
	defer c.lock()()
	var list []Task
	for _, t := range c.tasks {
		if match(t.Task) {
			list = append(list, t.Task)
		}
	}
	return list
}

// RetryFailed is what the buttons "Retry Selected" and "Retry All Groups" do for everything that failed: each task
// gets its attempts anew, and pushes what is true now. It returns how many those were.
func (c *Client) RetryFailed() int {
	defer c.lock()()
	n := 0
	for _, t := range c.tasks {
		if t.State != Failed {
			continue
		}
		t.State, t.Attempts, t.vague = Queued, 0, 0
		t.Due, t.Ended = time.Now(), time.Time{}
		c.enqueue(t)
		n++
	}
	return n
}
