package omni

import (
	"encoding/json"
	"net/http"
	"strings"
)

// groupDraft is one operation on a group, read and checked but not yet applied.
type groupDraft struct {
	name     *string
	add      []*user
	remove   *user
	replaces bool // set is the whole of the members
	set      []*user
}

func (o *Org) patchGroup(c *call) (reply, *failure) {
	t, fail := o.findTeam(c.PathValue("id"))
	if fail != nil {
		return reply{}, fail
	}
	operations, fail := readPatch(c.body)
	if fail != nil {
		return reply{}, fail
	}
	drafts := make([]groupDraft, len(operations))
	for i, op := range operations {
		if drafts[i], fail = o.readGroupOperation(t, op); fail != nil {
			return reply{}, fail
		}
	}
	o.applyToTeam(c, t, drafts)
	if o.Knobs.GroupPatch204 {
		return reply{status: http.StatusNoContent}, nil
	}
	return reply{status: http.StatusOK, body: groupWithMembers(t)}, nil
}

// readGroupOperation takes the forms that Omni's description lists, no other.
func (o *Org) readGroupOperation(t *team, op operation) (groupDraft, *failure) {
	switch {
	case op.Op == "replace" && op.Path == "":
		var b groupBody
		if fail := decode(op.Value, &b); fail != nil {
			return groupDraft{}, fail
		}
		return groupDraft{name: b.DisplayName}, o.checkGroupName(t, b.DisplayName)
	case op.Op == "replace" && op.Path == "displayName":
		var name *string
		if json.Unmarshal(op.Value, &name) != nil {
			return groupDraft{}, invalid("displayName: Expected string")
		}
		return groupDraft{name: name}, o.checkGroupName(t, name)
	case op.Op == "replace" && op.Path == "members":
		members, fail := o.readMembers(op.Value)
		return groupDraft{replaces: true, set: members}, fail
	case op.Op == "add" && op.Path == "members":
		members, fail := o.readMembers(op.Value)
		return groupDraft{add: members}, fail
	case op.Op == "remove":
		id, ok := removedMember(op.Path)
		if !ok {
			return groupDraft{}, invalid("path %q cannot be removed", op.Path)
		}
		gone, _ := o.people.find(id) // who isn't known isn't a member either
		return groupDraft{remove: gone}, nil
	default:
		return groupDraft{}, invalid("%s of path %q is not supported", op.Op, op.Path)
	}
}

// removedMember reads members[value eq "id"], where id has the length of a uuid.
func removedMember(path string) (string, bool) {
	rest, begins := strings.CutPrefix(path, `members[value eq "`)
	id, ends := strings.CutSuffix(rest, `"]`)
	return id, begins && ends && len(id) == 36
}

func (o *Org) readMembers(raw json.RawMessage) ([]*user, *failure) {
	var list []memberJSON
	if json.Unmarshal(raw, &list) != nil || list == nil {
		return nil, invalid("members: Expected array")
	}
	return o.findMembers(list)
}

func (o *Org) applyToTeam(c *call, t *team, drafts []groupDraft) {
	changed := false
	for _, d := range drafts {
		if d.name != nil {
			changed = o.renameTeam(t, *d.name) || changed
		}
		if d.replaces {
			changed = t.setMembers(d.set) || changed
		}
		if d.remove != nil {
			changed = t.leave(d.remove) || changed
		}
		changed = t.join(d.add) || changed
	}
	if changed {
		t.modified, c.changed = c.now, true
	}
}
