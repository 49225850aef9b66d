package sync

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// What names are of, for NamesQuery.
const (
	NamesOfAll     = "all"     // users and groups
	NamesOfUsers   = "users"   // by userName
	NamesOfFailing = "failing" // users and groups with a change that failed
	NamesOfHeld    = "held"    // runs that hold something
	NamesOfRuns    = "runs"    // the newest runs
	NamesOfSaved   = "saved"   // those of whom something is saved
)

// NamesQuery asks for names that begin so, whatever the case of their letters.
type NamesQuery struct {
	Of     string
	Prefix string
	Limit  int // of how many names; 0: all
}

// Name is one name with a few words about it.
type Name struct {
	Name  string `json:"name"`
	About string `json:"about,omitempty"`
}

const (
	// namesLast is how long the names of users and groups are believed while the ledger
	// is written to.
	namesLast = time.Minute
	// namesWithin is how long reading them may take, whoever waits for it.
	namesWithin = 30 * time.Second
	// runsNamed is how many runs are named.
	runsNamed = 50
)

// Known finds what a person may mean by the beginning of a name. The names of users and
// groups it reads once and keeps in memory, sorted: a shell asks at each key, and the
// ledger may be large. Safe for concurrent use.
type Known struct {
	store state.Store

	mu      sync.Mutex
	all     []object // nil: never read
	writes  state.Position
	read    time.Time
	reading chan struct{} // closed when the reading that is under way has ended; nil: none is
}

// NewKnown reads nothing yet.
func NewKnown(s state.Store) *Known { return &Known{store: s} }

// Drop forgets the names that were read: one of them isn't to be told any more.
func (k *Known) Drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all, k.writes, k.read = nil, state.Position{}, time.Time{}
	k.reading = nil // what is being read may be older
}

// Names gives the names, sorted but for runs: of those the newest are first.
func (k *Known) Names(ctx context.Context, q NamesQuery) ([]Name, error) {
	var list []Name
	var err error
	switch q.Of {
	case NamesOfAll, NamesOfUsers:
		return k.called(ctx, q)
	case NamesOfFailing:
		list, err = k.failing(ctx)
	case NamesOfHeld:
		list, err = k.held(ctx)
	case NamesOfRuns:
		list, err = k.runs(ctx)
	case NamesOfSaved:
		list, err = k.saved(ctx)
	default:
		err = &fault.Error{Kind: fault.Refused, Op: "look names up", Detail: fmt.Sprintf("there are no names of %q", q.Of)}
	}
	if err != nil {
		return nil, err
	}
	return q.among(slices.Values(list)), nil
}

// called gives the names of users and groups.
func (k *Known) called(ctx context.Context, q NamesQuery) ([]Name, error) {
	all, err := k.objects(ctx)
	if err != nil {
		return nil, err
	}
	return q.among(func(yield func(Name) bool) {
		for _, o := range all {
			if (q.Of == NamesOfAll || o.About == aboutUser) && !yield(o.Name) {
				return
			}
		}
	}), nil
}

// among gives those names that are asked for, each once.
func (q NamesQuery) among(names iter.Seq[Name]) []Name {
	found := []Name{}
	prefix := strings.ToLower(q.Prefix)
	for n := range names {
		if q.Limit > 0 && len(found) == q.Limit {
			break
		}
		if strings.HasPrefix(strings.ToLower(n.Name), prefix) && !slices.Contains(found[max(0, len(found)-1):], n) {
			found = append(found, n)
		}
	}
	return found
}

const (
	aboutUser  = "user"
	aboutGroup = "group"
)

// object is a user or a group that may be looked for.
type object struct {
	Name
	id    string // in Okta
	words string // in small letters, each after a space: the name, and the display name
}

// objects gives the users and groups. What is a little old is given all the same, and read
// anew for the next question.
func (k *Known) objects(ctx context.Context) ([]object, error) {
	at, err := k.store.Position(ctx)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	fresh := k.all != nil && (at == k.writes || time.Since(k.read) < namesLast)
	if !fresh && k.reading == nil {
		k.reading = make(chan struct{})
		go k.renew(context.WithoutCancel(ctx), at, k.reading)
	}
	list, reading := k.all, k.reading
	k.mu.Unlock()
	if list != nil {
		return list, nil
	}
	select {
	case <-reading:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all, nil
}

// renew reads the names, and closes mine. Where that fails, the next question tries again;
// what was dropped meanwhile isn't believed.
func (k *Known) renew(ctx context.Context, at state.Position, mine chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, namesWithin)
	defer cancel()
	list, err := objectsIn(ctx, k.store)
	k.mu.Lock()
	defer k.mu.Unlock()
	defer close(mine)
	if k.reading != mine {
		return
	}
	if err == nil {
		k.all, k.writes, k.read = list, at, time.Now()
	}
	k.reading = nil
}

// objectsIn reads what all users and groups are called.
func objectsIn(ctx context.Context, s state.Store) ([]object, error) {
	type user struct { // of state.User
		UserName    string `json:"userName"`
		DisplayName string `json:"displayName"`
	}
	list := []object{}
	add := func(about, id, name, display string) {
		if name != "" {
			list = append(list, object{Name{name, about}, id, strings.ToLower(" " + name + " " + display)})
		}
	}
	for u, err := range state.All[user](ctx, s, state.Users) {
		if err != nil {
			return nil, err
		}
		add(aboutUser, u.Key, u.Value.UserName, u.Value.DisplayName)
	}
	for g, err := range state.All[state.Group](ctx, s, state.Groups) {
		if err != nil {
			return nil, err
		}
		add(aboutGroup, g.Key, firstOf(g.Value.Name, g.Value.DisplayName), g.Value.DisplayName)
	}
	slices.SortFunc(list, func(a, b object) int {
		return cmp.Or(cmp.Compare(a.Name.Name, b.Name.Name), cmp.Compare(a.About, b.About), cmp.Compare(a.id, b.id))
	})
	return list, nil
}

func (k *Known) failing(ctx context.Context) ([]Name, error) {
	failing := map[string]state.Failure{}
	if err := collect(ctx, k.store, state.Failing, failing); err != nil {
		return nil, err
	}
	list := make([]Name, 0, len(failing))
	for _, f := range failing {
		list = append(list, Name{firstOf(f.Change.UserName, f.Change.Group, f.Change.OktaID), "failed " + times(f.Attempts)})
	}
	slices.SortFunc(list, func(a, b Name) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

func (k *Known) held(ctx context.Context) ([]Name, error) {
	holds := map[string]state.Hold{}
	if err := collect(ctx, k.store, state.Holds, holds); err != nil {
		return nil, err
	}
	var list []Name
	for _, r := range slices.Backward(heldRuns(holds, time.Now())) {
		list = append(list, Name{r.Run, fmt.Sprintf("%d held, %s", r.Count, r.Kind)})
	}
	return list, nil
}

func (k *Known) runs(ctx context.Context) ([]Name, error) {
	runs, err := state.Newest[state.Run](ctx, k.store, state.Runs, runsNamed)
	if err != nil {
		return nil, err
	}
	list := make([]Name, len(runs))
	for i, r := range runs {
		list[i] = Name{r.Run, r.Kind + ", " + r.Outcome}
	}
	return list, nil
}

func (k *Known) saved(ctx context.Context) ([]Name, error) {
	count := map[string]int{}
	for s, err := range state.All[state.Saved](ctx, k.store, state.Saves) {
		if err != nil {
			return nil, err
		}
		count[s.Value.UserName]++
	}
	list := make([]Name, 0, len(count))
	for _, name := range slices.Sorted(maps.Keys(count)) {
		list = append(list, Name{name, fmt.Sprintf("%d saved", count[name])})
	}
	return list, nil
}
