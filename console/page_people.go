package console

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
	"github.com/omnisync/omnisync/sync"
)

// peopleView is who was found.
type peopleView struct {
	PeopleAnswer
	Prefix string
}

func (a *api) peopleData(r *http.Request) (any, error) {
	found, err := a.peopleIn(r)
	return peopleView{found, r.URL.Query().Get("prefix")}, err
}

// groupsView is which groups were found.
type groupsView struct {
	GroupsAnswer
	Prefix string
}

func (a *api) groupsData(r *http.Request) (any, error) {
	found, err := a.groupsIn(r)
	return groupsView{found, r.URL.Query().Get("prefix")}, err
}

// subjectView is one person, or one group.
type subjectView struct {
	sync.Explanation
	At      string // what the page's path names
	Failure *Failure
	Shown   []sync.MemberApart // of a group, those who are on one side alone
	More    int
}

// Links are the steps by which a person comes from Okta to Omni, each with a word on it.
func (v subjectView) Links() []chainLink {
	p := v.Person
	if p == nil {
		return nil
	}
	omni := "none"
	switch {
	case p.Active == nil && len(v.Unread) > 0:
		omni = "unknown"
	case p.Active != nil && *p.Active:
		omni = "active"
	case p.Active != nil:
		omni = "inactive"
	}
	by := ""
	if p.Assigned {
		by = "by hand"
	}
	if len(p.Through) > 0 {
		by = "through " + first(3, p.Through)
	}
	scope := "unknown"
	if p.InScope != nil {
		scope = yes(*p.InScope)
	}
	managed := "not linked by the ledger"
	if p.Managed {
		managed = "linked by the ledger"
	}
	account := p.Account
	if account == "" {
		account = "unknown"
	}
	return []chainLink{{"Account in Okta", account, ""}, {"Assigned to the app", yes(p.Assigned), by}, {"In scope", scope, ""}, {"Account in Omni", omni, managed}}
}

// chainLink is one step of the chain.
type chainLink struct{ Name, State, Why string }

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// explainWithin is how long a page waits for what Okta and Omni say of somebody.
const explainWithin = 20 * time.Second

// subjectData asks about a person or a group. Where the two sides can't be asked in time, what
// the log has of them is shown all the same.
func (a *api) subjectData(r *http.Request, at string) (subjectView, error) {
	ctx, cancel := context.WithTimeout(r.Context(), explainWithin)
	defer cancel()
	x, err := a.Engine.Explain(ctx, at)
	if err == nil || fault.Is(err, fault.NotFound) || r.Context().Err() != nil {
		return subjectView{Explanation: x, At: at}, err
	}
	v := subjectView{At: at, Failure: FailureOf(err)}
	v.Name = at
	v.Changes, err = a.Engine.History(r.Context(), sync.HistoryFilter{Subject: at, Limit: usuallyFound})
	return v, err
}

func (a *api) personData(r *http.Request) (any, error) {
	v, err := a.subjectData(r, r.PathValue("user"))
	if err == nil && v.Group != nil {
		err = &fault.Error{Kind: fault.NotFound, Op: "nobody is called " + v.At, Detail: "this is the name of a group", Hint: "look at the page Groups"}
	}
	return v, err
}

func (a *api) groupData(r *http.Request) (any, error) {
	v, err := a.subjectData(r, r.PathValue("group"))
	if err == nil && v.Person != nil {
		err = &fault.Error{Kind: fault.NotFound, Op: "no group is called " + v.At, Detail: "this is the name of a person", Hint: "look at the page People"}
	}
	if v.Group != nil {
		v.Shown, v.More = cut(v.Group.Apart)
	}
	return v, err
}

// provisionWithin is how long a page waits for the end of a run about one person, which is soon
// unless another run is under way.
const provisionWithin = 5 * time.Second

// provisionByPage lets a run about one person begin.
func (a *api) provisionByPage(w http.ResponseWriter, r *http.Request, who Visitor) {
	user := r.PathValue("user")
	deed := didBegin
	select {
	case end := <-a.background(who, sync.Request{Kind: sync.User, Subject: user, Insist: true}):
		if end.err != nil {
			a.refuse(w, r, end.err)
			return
		}
		deed = didProvision
		if end.report.Outcome != sync.Done {
			deed = didUser
		}
	case <-time.After(provisionWithin):
	case <-r.Context().Done():
		return
	}
	a.done(w, r, personPath(user), deed, 0)
}

// personPath and groupPath are where the page of somebody, or of a group, is.
func personPath(user string) string { return "/people/" + url.PathEscape(user) }
func groupPath(group string) string { return "/groups/" + url.PathEscape(group) }

// about is where the page of what a change is about is, "" where there is none.
func about(c state.Change) string {
	switch {
	case c.UserName != "" && c.Group == "" && c.OktaID != "":
		return personPath(c.OktaID)
	case c.UserName != "" && c.Group == "":
		return personPath(c.UserName)
	case c.Group != "":
		return groupPath(c.Group)
	default:
		return ""
	}
}
