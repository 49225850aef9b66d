package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/push"
)

// relay is the engine behind the SCIM endpoint. The endpoint outlives each
// leadership; the relay hands a push to the one of this moment, and to nobody
// while this process doesn't lead.
type relay struct{ leads atomic.Pointer[reign] }

// reign is one leadership, for those who push.
type reign struct {
	engine push.Engine
	over   context.Context //nolint:containedctx // ends with the lease, and with it every push under way
	under  sync.RWMutex    // held for reading by each push under way
	since  time.Time
	newest atomic.Pointer[time.Time] // when a push of a user was taken
}

// afterReign is when a push comes again that no leadership took to its end. By
// then another process may lead, or a balancer has noticed.
const afterReign = 2 * time.Second

// open lets pushes in until the function that it gives is called, which returns
// when those under way have ended.
func (r *relay) open(ctx context.Context, engine push.Engine) (end func()) {
	over, cancel := context.WithCancel(ctx)
	now := &reign{engine: engine, over: over, since: time.Now()}
	r.leads.Store(now)
	return func() {
		cancel()
		r.leads.CompareAndSwap(now, nil)
		now.under.Lock()
		defer now.under.Unlock()
	}
}

// ready is nil while pushes are taken.
func (r *relay) ready() error {
	if now := r.leads.Load(); now == nil || now.over.Err() != nil {
		return errNotTaken()
	}
	return nil
}

// taken tells since when pushes are taken, and when the newest one of a user was.
func (r *relay) taken() (since, newest *time.Time) {
	now := r.leads.Load()
	if now == nil {
		return nil, nil
	}
	return &now.since, now.newest.Load()
}

func errNotTaken() error {
	return &fault.Error{Kind: fault.Fenced, Op: "take a push", Detail: "this process doesn't lead", After: afterReign}
}

// do has the engine of this moment do it, in a context that ends with ctx and
// with the leadership, and says that Okta waits. What was cut off is to come again.
func (r *relay) do(ctx context.Context, work func(context.Context, push.Engine) error) error {
	now := r.leads.Load()
	if now == nil {
		return errNotTaken()
	}
	now.under.RLock()
	defer now.under.RUnlock()
	if now.over.Err() != nil {
		return errNotTaken()
	}
	both, cancel := context.WithCancelCause(identity.WithLane(ctx, identity.LanePush))
	defer cancel(nil)
	defer context.AfterFunc(now.over, func() { cancel(errNotTaken()) })()
	err := work(both, now.engine)
	if err != nil && now.over.Err() != nil {
		return errNotTaken()
	}
	return err
}

// write is do for what changes a user.
func (r *relay) write(ctx context.Context, work func(context.Context, push.Engine) error) error {
	err := r.do(ctx, work)
	if now := r.leads.Load(); err == nil && now != nil {
		at := time.Now()
		now.newest.Store(&at)
	}
	return err
}

// ask is do for what has an answer.
func ask[T any](ctx context.Context, r *relay, work func(context.Context, push.Engine) (T, error)) (answer T, err error) {
	err = r.do(ctx, func(ctx context.Context, e push.Engine) error {
		answer, err = work(ctx, e)
		return err
	})
	return answer, err
}

// listed is one page of a list.
type listed[T any] struct {
	page  []T
	total int
}

// User implements push.UserReader.
func (r *relay) User(ctx context.Context, id string) (identity.PushedUser, error) {
	return ask(ctx, r, func(ctx context.Context, e push.Engine) (identity.PushedUser, error) { return e.User(ctx, id) })
}

// FindUser implements push.UserReader.
func (r *relay) FindUser(ctx context.Context, by push.Key, value string) (identity.PushedUser, error) {
	return ask(ctx, r, func(ctx context.Context, e push.Engine) (identity.PushedUser, error) {
		return e.FindUser(ctx, by, value)
	})
}

// Users implements push.UserReader.
func (r *relay) Users(ctx context.Context, start, count int) ([]identity.PushedUser, int, error) {
	l, err := ask(ctx, r, func(ctx context.Context, e push.Engine) (l listed[identity.PushedUser], err error) {
		l.page, l.total, err = e.Users(ctx, start, count)
		return l, err
	})
	return l.page, l.total, err
}

// CreateUser implements push.UserWriter.
func (r *relay) CreateUser(ctx context.Context, cause string, u identity.PushedUser) (identity.PushedUser, error) {
	err := r.write(ctx, func(ctx context.Context, e push.Engine) (err error) {
		u, err = e.CreateUser(ctx, cause, u)
		return err
	})
	return u, err
}

// EditUser implements push.UserWriter.
func (r *relay) EditUser(ctx context.Context, cause, id string, edit func(identity.PushedUser) (identity.PushedUser, error)) (u identity.PushedUser, err error) {
	err = r.write(ctx, func(ctx context.Context, e push.Engine) (err error) {
		u, err = e.EditUser(ctx, cause, id, edit)
		return err
	})
	return u, err
}

// DeleteUser implements push.UserWriter.
func (r *relay) DeleteUser(ctx context.Context, cause, id string) error {
	return r.write(ctx, func(ctx context.Context, e push.Engine) error { return e.DeleteUser(ctx, cause, id) })
}

// Group implements push.GroupReader.
func (r *relay) Group(ctx context.Context, id string, members bool) (identity.PushedGroup, error) {
	return ask(ctx, r, func(ctx context.Context, e push.Engine) (identity.PushedGroup, error) {
		return e.Group(ctx, id, members)
	})
}

// FindGroup implements push.GroupReader.
func (r *relay) FindGroup(ctx context.Context, by push.Key, value string, members bool) (identity.PushedGroup, error) {
	return ask(ctx, r, func(ctx context.Context, e push.Engine) (identity.PushedGroup, error) {
		return e.FindGroup(ctx, by, value, members)
	})
}

// Groups implements push.GroupReader.
func (r *relay) Groups(ctx context.Context, start, count int, members bool) ([]identity.PushedGroup, int, error) {
	l, err := ask(ctx, r, func(ctx context.Context, e push.Engine) (l listed[identity.PushedGroup], err error) {
		l.page, l.total, err = e.Groups(ctx, start, count, members)
		return l, err
	})
	return l.page, l.total, err
}

// CreateGroup implements push.GroupWriter.
func (r *relay) CreateGroup(ctx context.Context, cause string, g identity.PushedGroup) (identity.PushedGroup, error) {
	return ask(ctx, r, func(ctx context.Context, e push.Engine) (identity.PushedGroup, error) {
		return e.CreateGroup(ctx, cause, g)
	})
}

// EditGroup implements push.GroupWriter.
func (r *relay) EditGroup(ctx context.Context, cause, id string, edit identity.GroupEdit) (identity.PushedGroup, error) {
	return ask(ctx, r, func(ctx context.Context, e push.Engine) (identity.PushedGroup, error) {
		return e.EditGroup(ctx, cause, id, edit)
	})
}

// DeleteGroup implements push.GroupWriter.
func (r *relay) DeleteGroup(ctx context.Context, cause, id string) error {
	return r.do(ctx, func(ctx context.Context, e push.Engine) error { return e.DeleteGroup(ctx, cause, id) })
}
