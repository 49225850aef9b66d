package pusher_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/omnisync/omnisync/internal/sim"
	"github.com/omnisync/omnisync/internal/sim/pusher"
)

const errorBody = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"%d","detail":"busy"}`

// refuse answers the creation of users with a status, so many times after those that pass; "" is no Retry-After.
func (e *endpoint) refuse(status, times int, after string, skip int) {
	header := http.Header{}
	if after != "" {
		header.Set("Retry-After", after)
	}
	e.faults.Add(sim.Fault{
		Method: "POST", Path: "/scim/v2/Users", Skip: skip, Times: times, Do: sim.Status(status, fmt.Sprintf(errorBody, status), header),
	})
}

func TestRetryRule(t *testing.T) {
	for name, tc := range map[string]struct {
		status, times int
		after         string
		attempts      int
		took          time.Duration
		state         pusher.State
	}{
		"waits as told":                {429, 3, "7", 4, 21 * time.Second, pusher.Done},
		"at once":                      {429, 2, "0", 3, 0, pusher.Done},
		"an hour":                      {429, 1, "3600", 2, time.Hour, pusher.Done},
		"untold: doubles from 5 min":   {429, 3, "", 4, (5 + 10 + 20) * time.Minute, pusher.Done},
		"a date is as good as nothing": {429, 1, "Wed, 21 Oct 2026 07:28:00 GMT", 2, 5 * time.Minute, pusher.Done},
		"a fraction too":               {429, 1, "1.5", 2, 5 * time.Minute, pusher.Done},
		"a sign too":                   {429, 1, "+5", 2, 5 * time.Minute, pusher.Done},
		"nine times":                   {429, 9, "1", 10, 9 * time.Second, pusher.Done},
		"ten times":                    {429, 10, "1", 10, 9 * time.Second, pusher.Failed},
		"never on 500":                 {500, 1, "1", 1, 0, pusher.Failed},
		"never on 503":                 {503, 1, "1", 1, 0, pusher.Failed},
		"never on 409":                 {409, 1, "1", 1, 0, pusher.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEndpoint(t)
				e.refuse(tc.status, tc.times, tc.after, 0)
				okta := e.okta(pusher.Classic())
				began := time.Now()
				id := okta.Assign(ada)
				if err := okta.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				task := okta.Task(id)
				if task.State != tc.state || task.Attempts != tc.attempts || time.Since(began) != tc.took {
					t.Errorf("%s after %d attempts and %v, want %s after %d and %v",
						task.State, task.Attempts, time.Since(began), tc.state, tc.attempts, tc.took)
				}
			})
		})
	}
}

func TestMixedHintsDoubleOnlyWhatWasUntold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(t)
		for i, after := range []string{"", "10", ""} {
			e.refuse(429, 1, after, i)
		}
		okta := e.okta(pusher.Classic())
		began := time.Now()
		okta.Assign(ada)
		run(t, okta)
		if took, want := time.Since(began), 5*time.Minute+10*time.Second+10*time.Minute; took != want {
			t.Errorf("took %v, want %v", took, want)
		}
	})
}

func TestRetryByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(t)
		e.refuse(503, 1, "", 0)
		okta := e.okta(pusher.Classic())
		okta.Assign(ada)
		named := ada
		named.GivenName = "Augusta"
		okta.Update(named) // isn't provisioned: nothing is sent
		if err := okta.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		failed := okta.Failed()
		want := "Push new user to external application FAILURE: Service Unavailable. Errors reported by remote server: busy"
		if len(failed) != 1 || failed[0].Error != want {
			t.Fatalf("failed: %+v, want %s", failed, want)
		}
		if n := okta.RetryFailed(); n != 1 {
			t.Errorf("%d retried, want 1", n)
		}
		run(t, okta)
		if name := e.user("ada@example.com")["name"].(map[string]any)["givenName"]; name != "Augusta" {
			t.Errorf("pushed the name %v, want what is true now", name)
		}
	})
}

func TestObjectsWaitAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(t)
		e.refuse(429, 1, "100", 0)
		okta := e.okta(pusher.Classic())
		okta.Assign(ada)
		okta.Unassign("00uada")
		second := okta.Assign(bob)
		began := time.Now()
		run(t, okta)
		if ended := okta.Task(second).Ended.Sub(began); ended != 0 {
			t.Errorf("Bob waited %v for Ada", ended)
		}
		var order []string
		for _, x := range okta.Exchanges() {
			if x.Status != 429 && x.Method != "GET" {
				order = append(order, fmt.Sprint(x.Task, " ", x.Method))
			}
		}
		same(t, "writes", order, []string{"3 POST", "1 POST", "2 PUT"}) // Ada's in their order, after her wait
	})
}

// TestOrderOfAnObject lets many people move at once, each back and forth, while some of their requests are refused.
func TestOrderOfAnObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(t)
		for skip := range 20 {
			e.faults.Add(sim.Fault{Method: "PUT", Skip: 3 * skip, Times: 1, Do: sim.Status(429, `{}`, http.Header{"Retry-After": {"5"}})})
		}
		okta := e.okta(pusher.Classic())
		okta.Parallel = 8
		for i := range 20 {
			p := pusher.Person{OktaID: fmt.Sprint("00u", i), UserName: fmt.Sprintf("u%d@example.com", i), GivenName: "U", FamilyName: "X"}
			okta.Assign(p)
			okta.Unassign(p.OktaID)
			okta.Assign(p)
			okta.Unassign(p.OktaID)
		}
		run(t, okta)
		last := map[string]pusher.Task{}
		for _, task := range okta.Tasks() {
			if before := last[task.Object]; before.ID > 0 && task.Ended.Before(before.Ended) {
				t.Errorf("task %d of %s ended before task %d", task.ID, task.Object, before.ID)
			}
			last[task.Object] = task
		}
		for i := range 20 {
			if name := fmt.Sprintf("u%d@example.com", i); e.user(name)["active"] != false {
				t.Errorf("%s is active, and was unassigned last", name)
			}
		}
	})
}

func TestParallel(t *testing.T) {
	for _, parallel := range []int{1, 3, 10} {
		synctest.Test(t, func(t *testing.T) {
			e := newEndpoint(t)
			e.faults.Add(sim.Fault{Method: "POST", Do: sim.Delay(time.Second)})
			okta := e.okta(pusher.Classic())
			okta.Parallel = parallel
			for i := range 30 {
				okta.Assign(pusher.Person{OktaID: fmt.Sprint("00u", i), UserName: fmt.Sprintf("u%d@example.com", i), GivenName: "U", FamilyName: "X"})
			}
			began := time.Now()
			run(t, okta)
			if took, want := time.Since(began), 30*time.Second/time.Duration(parallel); took != want {
				t.Errorf("30 creations of a second, %d at once, took %v, want %v", parallel, took, want)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(t)
		e.faults.Add(sim.Fault{Method: "POST", Times: 1, Do: sim.Delay(61 * time.Second)})
		okta := e.okta(pusher.Classic())
		began := time.Now()
		okta.Assign(ada)
		if err := okta.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		failed := okta.Failed()
		if len(failed) != 1 || !strings.HasSuffix(failed[0].Error, "Read timed out") || time.Since(began) != time.Minute {
			t.Errorf("failed: %+v after %v, want a time-out after a minute", failed, time.Since(began))
		}
	})
}

func TestRunCanBeEndedAndResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(t)
		e.faults.Add(sim.Fault{Method: "POST", Times: 1, Do: sim.Delay(30 * time.Second)})
		e.refuse(429, 1, "60", 1)
		okta := e.okta(pusher.Classic())
		okta.Assign(ada)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := okta.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Run = %v, want the deadline", err)
		}
		if task := okta.Tasks()[0]; task.State != pusher.Queued || task.Attempts != 0 {
			t.Errorf("task = %+v, want it as if untried", task)
		}
		run(t, okta)
		if task := okta.Tasks()[0]; task.State != pusher.Done || task.Attempts != 2 {
			t.Errorf("task = %+v, want it done at the second attempt", task)
		}
	})
}

func TestServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEndpoint(t)
		okta := e.okta(pusher.Classic())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- okta.Serve(ctx) }()
		synctest.Wait()
		okta.Assign(ada)
		synctest.Wait()
		if e.user("ada@example.com") == nil {
			t.Error("not pushed while serving")
		}
		if err := okta.Run(ctx); err == nil || !strings.Contains(err.Error(), "under way already") {
			t.Errorf("a second Run = %v, want it refused", err)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Serve = %v", err)
		}
	})
}
