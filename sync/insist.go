package sync

import (
	"context"
	"fmt"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// insists reports whether the run tries the subject although its delay isn't over.
func (r *run) insists(subject string) bool { return r.insistsOnAll() || r.only[subject] }

func (r *run) insistsOnAll() bool {
	return r.request.Kind == Reconcile || r.request.Insist && len(r.request.Only) == 0
}

// sought finds those of the failing whom the request names. It answers fault.NotFound,
// before anything is done or recorded, where one of the names isn't among them.
func (e *Engine) sought(ctx context.Context, r Request) (map[string]bool, error) {
	if len(r.Only) == 0 {
		return nil, nil
	}
	failing := map[string]state.Failure{}
	if err := collect(ctx, e.o.Store, state.Failing, failing); err != nil {
		return nil, err
	}
	found := map[string]bool{}
	var unknown []string
	for _, name := range r.Only {
		known := false
		for subject, f := range failing {
			if isNamed(f.Change, name) {
				known, found[subject] = true, true
			}
		}
		if !known {
			unknown = append(unknown, fmt.Sprintf("%q", name))
		}
	}
	if len(unknown) == 0 {
		return found, nil
	}
	hint := "nothing was done; syncd status lists what fails, syncd retry without a name tries all of it"
	if len(failing) == 0 {
		hint = "nothing was done: nothing fails and waits; syncd plan shows what else the next run would do"
	}
	return nil, &fault.Error{Kind: fault.NotFound, Op: "no delay to cut short: " + strings.Join(unknown, ", "), Detail: "not among what fails", Hint: hint}
}

// isNamed reports whether a person means the change's user or group by the name.
func isNamed(c state.Change, name string) bool {
	switch {
	case name == "":
		return false
	case name == c.OktaID, name == c.OmniID:
		return true
	case c.Group != "":
		return identity.FoldName(name) == identity.FoldName(c.Group)
	}
	return identity.FoldUserName(name) == identity.FoldUserName(c.UserName)
}
