package sync

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// UndoneRun is what is kept as it was before a run that was undone.
type UndoneRun struct {
	Of     string    `json:"of"`  // the run that was undone
	Run    string    `json:"run"` // that undid it, the newest where several did
	By     string    `json:"by"`
	Since  time.Time `json:"since"`
	Users  []string  `json:"users"`  // userNames
	Groups []string  `json:"groups"` // by their names in Okta
}

// undoneRuns gathers what is kept by the run that was undone, the newest first.
func (e *Engine) undoneRuns(ctx context.Context) ([]UndoneRun, error) {
	all := undone{}
	if err := collect(ctx, e.o.Store, state.Undoes, all); err != nil {
		return nil, err
	}
	byRun := map[string]*UndoneRun{}
	for subject, kept := range all {
		r := byRun[kept.Of]
		if r == nil {
			r = &UndoneRun{Of: kept.Of, Users: []string{}, Groups: []string{}}
			byRun[kept.Of] = r
		}
		if kept.At.After(r.Since) {
			r.Run, r.By, r.Since = kept.Run, kept.By, kept.At
		}
		if _, user := cutSubject(subject); user {
			r.Users = append(r.Users, kept.Name)
		} else {
			r.Groups = append(r.Groups, kept.Name)
		}
	}
	list := make([]UndoneRun, 0, len(byRun))
	for _, r := range byRun {
		slices.SortFunc(r.Users, func(a, b string) int { return cmp.Compare(identity.FoldUserName(a), identity.FoldUserName(b)) })
		slices.SortFunc(r.Groups, func(a, b string) int { return cmp.Compare(identity.FoldName(a), identity.FoldName(b)) })
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b UndoneRun) int { return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(a.Of, b.Of)) })
	return list, nil
}
