package omni

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Schedule is a delivery or an alert that somebody owns. An empty field of one that
// is added gets what is most usual.
type Schedule struct {
	ID          string
	Name        string
	Owner       string // membership id
	Recipients  []string
	Groups      []string // ids of groups that get it too
	Dashboard   string   // identifier; "dashboard" is one that everybody may see, with every query and filter
	Cron        string
	Timezone    string
	Format      string
	Destination string          // email, slack, webhook, sftp, s3 or google_sheets
	Target      map[string]any  // where it goes, by mail aside: url, address, bucketName ...
	Options     map[string]any  // of the delivery: subject, hideTitle ...
	Filters     json.RawMessage // filterConfig
	Condition   string          // of an alert
	Query       string          // that an alert watches
	FanOut      bool
	KillJobs    bool
	Paused      bool
	Created     time.Time
}

// commonDashboard is the dashboard of schedules that name none.
const commonDashboard = "dashboard"

// Document is a dashboard that somebody made.
type Document struct {
	ID      string
	Name    string
	Owner   string // membership id
	Creator string // membership id of who made it
	Updated time.Time
	// Viewers are the membership ids with an explicit permission; nil is everybody.
	Viewers []string
	// Queries and FilterKeys are what alerts and filters can name; nil is anything.
	Queries, FilterKeys []string
	Deleted             bool
}

func (s *Schedule) copy() Schedule {
	c := *s
	c.Recipients, c.Groups = slices.Clone(s.Recipients), slices.Clone(s.Groups)
	c.Target, c.Options = maps.Clone(s.Target), maps.Clone(s.Options)
	c.Filters = slices.Clone(s.Filters)
	return c
}

// AddSchedule makes a delivery to recipients (addresses), owned by the user
// with the id owner, and gives its id. It panics when nobody has that id.
func (o *Org) AddSchedule(owner, name string, recipients ...string) (id string) {
	return o.PlaceSchedule(Schedule{Owner: owner, Name: name, Recipients: recipients})
}

// PlaceSchedule makes the schedule as it stands, under a new id, which it gives. It
// panics when the owner, the dashboard or a group isn't there.
func (o *Org) PlaceSchedule(s Schedule) (id string) {
	defer o.lock()()
	o.mustFind([]string{s.Owner})
	if s.Dashboard != "" && o.document(s.Dashboard) == nil {
		panic(fmt.Sprintf("simomni: no document has the id %q", s.Dashboard))
	}
	for _, g := range s.Groups {
		if o.teams[g] == nil {
			panic(fmt.Sprintf("simomni: no group has the id %q", g))
		}
	}
	return o.place(s.copy(), time.Now().UTC())
}

func (o *Org) place(s Schedule, now time.Time) (id string) {
	s.ID, s.Created = o.newUUID(), now
	s.Dashboard = cmp.Or(s.Dashboard, commonDashboard)
	s.Cron, s.Timezone, s.Format = cmp.Or(s.Cron, "0 8 * * ? *"), cmp.Or(s.Timezone, "UTC"), cmp.Or(s.Format, "pdf")
	s.Destination = cmp.Or(s.Destination, "email")
	if s.Options == nil {
		s.Options = map[string]any{}
	}
	if s.Destination == "email" && s.Options["subject"] == nil {
		s.Options["subject"] = s.Name
	}
	o.schedules.add(&s)
	return s.ID
}

// Schedules gives all schedules, sorted by name.
func (o *Org) Schedules() []Schedule {
	defer o.lock()()
	list := make([]Schedule, 0, o.schedules.len())
	for _, s := range o.schedules.list() {
		list = append(list, s.copy())
	}
	slices.SortStableFunc(list, byName)
	return list
}

func byName(a, b Schedule) int { return cmp.Compare(a.Name, b.Name) }

// Lost gives the schedules that ever ended because their owner's membership did,
// sorted by name. What a request deletes isn't lost.
func (o *Org) Lost() []Schedule {
	defer o.lock()()
	list := slices.Clone(o.lost)
	slices.SortStableFunc(list, byName)
	return list
}

// dropSchedules ends what the user owned.
func (o *Org) dropSchedules(owner string) {
	for s := range o.schedules.all() {
		if s.Owner == owner {
			o.schedules.remove(s)
			o.lost = append(o.lost, s.copy())
		}
	}
}

// AddDocument makes a document of the user with the id owner, and gives its id.
// It panics when nobody has that id.
func (o *Org) AddDocument(owner, name string) (id string) {
	defer o.lock()()
	o.mustFind([]string{owner})
	d := &Document{ID: o.newShortID(), Name: name, Owner: owner, Creator: owner, Updated: time.Now().UTC()}
	o.documents = append(o.documents, d)
	return d.ID
}

// Documents gives all documents, deleted ones too, in the order in which they were made.
func (o *Org) Documents() []Document {
	defer o.lock()()
	list := make([]Document, 0, len(o.documents))
	for _, d := range o.documents {
		list = append(list, *d)
	}
	return list
}

// EditDocument changes a document as a person does in Omni's own pages, and reports
// whether there is one of that id.
func (o *Org) EditDocument(id string, edit func(*Document)) bool {
	defer o.lock()()
	d := o.document(id)
	if d != nil {
		edit(d)
	}
	return d != nil
}

// document finds one that isn't deleted.
func (o *Org) document(id string) *Document {
	for _, d := range o.documents {
		if d.ID == id && !d.Deleted {
			return d
		}
	}
	return nil
}

// mayView reports whether the user may see a dashboard.
func (o *Org) mayView(user, dashboard string) bool {
	d := o.document(dashboard)
	return dashboard == commonDashboard || d != nil && (d.Owner == user || d.Viewers == nil || slices.Contains(d.Viewers, user))
}
