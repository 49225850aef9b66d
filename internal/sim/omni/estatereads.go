package omni

import (
	"cmp"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// uuid is the form of a membership's id, and of a schedule's.
var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// listSchedules pages by page number: the cursor of the second page is "2", and one
// past the last page is refused.
func (o *Org) listSchedules(c *call) (reply, *failure) {
	query := c.URL.Query()
	if fail := o.checkOwner(query.Get("ownerId")); fail != nil {
		return reply{}, fail
	}
	var found []*Schedule
	for _, s := range o.schedules.list() {
		if o.selected(s, query) {
			found = append(found, s)
		}
	}
	slices.SortStableFunc(found, func(a, b *Schedule) int { return cmp.Compare(a.Name, b.Name) })
	if query.Get("sortDirection") != "asc" {
		slices.Reverse(found)
	}
	j, fail := records(query, pageSize{20, 100, o.Knobs.PageMax}, found, o.scheduleJSON)
	if last := max(1, (len(found)+j.PageInfo.PageSize-1)/max(1, j.PageInfo.PageSize)); fail == nil && j.number > last {
		return reply{}, invalid("Invalid page number. The last valid page is %d.", last)
	}
	return reply{status: http.StatusOK, body: j}, fail
}

func (o *Org) selected(s *Schedule, query url.Values) bool {
	owner, dashboard, kind := query.Get("ownerId"), query.Get("identifier"), query.Get("scheduleType")
	return (owner == "" || strings.EqualFold(owner, s.Owner)) && (dashboard == "" || dashboard == s.Dashboard) &&
		(kind == "" || (kind == "alert") == (s.Condition != ""))
}

// checkOwner refuses to list what belongs to nobody.
func (o *Org) checkOwner(id string) *failure {
	if id != "" && !uuid.MatchString(id) {
		return invalid("ownerId: Invalid uuid")
	}
	if id != "" && o.people.byID[strings.ToLower(id)] == nil {
		return declined(http.StatusNotFound, "User with id %s does not exist", id)
	}
	return nil
}

func (o *Org) findSchedule(c *call) (*Schedule, *failure) {
	id := c.PathValue("id")
	if !uuid.MatchString(id) {
		return nil, invalid("Bad Request: scheduleId: Invalid uuid")
	}
	for _, s := range o.schedules.list() {
		if s.ID == strings.ToLower(id) {
			return s, nil
		}
	}
	return nil, declined(http.StatusNotFound, "Scheduled task with id %s does not exist", id)
}

func (o *Org) readSchedule(c *call) (reply, *failure) {
	s, fail := o.findSchedule(c)
	if fail != nil {
		return reply{}, fail
	}
	if id := c.URL.Query().Get("userId"); id != "" && !o.mayView(id, s.Dashboard) {
		return reply{}, declined(http.StatusForbidden, "Permission denied")
	}
	return reply{status: http.StatusOK, body: o.definitionJSON(s)}, nil
}

func (o *Org) readRecipients(c *call) (reply, *failure) {
	s, fail := o.findSchedule(c)
	if fail != nil {
		return reply{}, fail
	}
	return reply{status: http.StatusOK, body: o.recipientsJSON(s)}, nil
}

func (o *Org) listDocuments(c *call) (reply, *failure) {
	query := c.URL.Query()
	var found []*Document
	for _, d := range o.documents {
		whose := d.Owner
		if o.Knobs.CreatorsKept {
			whose = d.Creator
		}
		if creator := query.Get("creatorId"); !d.Deleted && (creator == "" || creator == whose) {
			found = append(found, d)
		}
	}
	slices.SortStableFunc(found, func(a, b *Document) int { return cmp.Compare(a.Name, b.Name) })
	if query.Get("sortDirection") == "desc" {
		slices.Reverse(found)
	}
	j, fail := records(query, pageSize{50, 0, o.Knobs.PageMax}, found, o.documentJSON)
	return reply{status: http.StatusOK, body: j}, fail
}

func (o *Org) findDocument(c *call) (*Document, *failure) {
	d := o.document(c.PathValue("id"))
	if d == nil {
		return nil, declined(http.StatusNotFound, "Document with identifier %q not found", c.PathValue("id"))
	}
	return d, nil
}

func (o *Org) readDocument(c *call) (reply, *failure) {
	d, fail := o.findDocument(c)
	if fail != nil {
		return reply{}, fail
	}
	return reply{status: http.StatusOK, body: map[string]any{
		"facetFilters": false, "filterOrder": append([]string{}, d.FilterKeys...), "modelId": modelID, "name": d.Name,
		"queryPresentations": []any{}, "refreshInterval": nil,
	}}, nil
}
