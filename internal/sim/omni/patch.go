package omni

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// patchURN is what a PATCH must name among its schemas.
const patchURN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

// operation is one step of a PATCH. A missing value is nil, a null isn't.
type operation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

// readPatch checks what PATCHes of users and groups have in common. The word of
// each operation comes back in lower case.
func readPatch(body []byte) ([]operation, *failure) {
	var b struct {
		Schemas    []string    `json:"schemas"`
		Operations []operation `json:"Operations"`
	}
	if fail := decode(body, &b); fail != nil {
		return nil, fail
	}
	if !slices.Contains(b.Schemas, patchURN) {
		return nil, invalid("schemas: Expected %s", patchURN)
	}
	if len(b.Operations) == 0 {
		return nil, invalid("Operations: Array must contain at least 1 element(s)")
	}
	for i := range b.Operations {
		op := &b.Operations[i]
		op.Op = strings.ToLower(op.Op)
		if op.Op != "add" && op.Op != "replace" && op.Op != "remove" {
			return nil, invalid("Operations.%d.op: Invalid value", i)
		}
	}
	return b.Operations, nil
}

func (o *Org) patchUser(c *call) (reply, *failure) {
	u, fail := o.people.find(c.PathValue("id"))
	if fail != nil {
		return reply{}, fail
	}
	operations, fail := readPatch(c.body)
	if fail != nil {
		return reply{}, fail
	}
	d := draft{attributes: map[string]value{}}
	for i, op := range operations {
		if op.Value == nil {
			return reply{}, invalid("Operations.%d.value: Required", i)
		}
		if fail := o.readUserOperation(op, &d); fail != nil {
			return reply{}, fail
		}
	}
	if fail := o.apply(c, u, d); fail != nil {
		return reply{}, fail
	}
	if o.Knobs.UserPatch204 {
		return reply{status: http.StatusNoContent}, nil
	}
	return reply{status: http.StatusOK, body: o.writtenUser(u)}, nil
}

// readUserOperation adds what op asks for to d. The later operation wins.
func (o *Org) readUserOperation(op operation, d *draft) *failure {
	if op.Path == "" {
		if op.Op == "remove" {
			return invalid("path: Required for remove")
		}
		return o.readUserFields(op.Value, d)
	}
	if ref, ok := strings.CutPrefix(op.Path, attributesURN+":"); ok {
		if op.Op == "remove" {
			op.Value = json.RawMessage("null")
		}
		return o.readUserAttributes(map[string]json.RawMessage{ref: op.Value}, d)
	}
	if op.Op == "remove" {
		return invalid("path %q cannot be removed", op.Path)
	}
	switch op.Path {
	case "active":
		return readField(op.Path, op.Value, &d.active)
	case "displayName":
		return readField(op.Path, op.Value, &d.displayName)
	case "userName":
		return readUserName(op.Value, d)
	default:
		return invalid("path %q is not supported", op.Path)
	}
}

// readUserFields reads the value of a path-less operation. Keys that aren't
// listed are tolerated, as in POST.
func (o *Org) readUserFields(raw json.RawMessage, d *draft) *failure {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return invalid("value: Expected object")
	}
	if v, ok := fields["active"]; ok {
		if fail := readField("active", v, &d.active); fail != nil {
			return fail
		}
	}
	if v, ok := fields["displayName"]; ok {
		if fail := readField("displayName", v, &d.displayName); fail != nil {
			return fail
		}
	}
	if v, ok := fields["userName"]; ok {
		if fail := readUserName(v, d); fail != nil {
			return fail
		}
	}
	v, ok := fields[attributesURN]
	if !ok {
		return nil
	}
	var attributes map[string]json.RawMessage
	if json.Unmarshal(v, &attributes) != nil {
		return invalid("%s: Expected object", attributesURN)
	}
	return o.readUserAttributes(attributes, d)
}

func (o *Org) readUserAttributes(raw map[string]json.RawMessage, d *draft) *failure {
	attributes, fail := o.readAttributes(raw)
	maps.Copy(d.attributes, attributes)
	return fail
}

func readUserName(raw json.RawMessage, d *draft) *failure {
	if fail := readField("userName", raw, &d.userName); fail != nil {
		return fail
	}
	return checkEmail(*d.userName)
}

// readField reads a value that must be there and of its type: no null.
func readField[T any](name string, raw json.RawMessage, to **T) *failure {
	var v *T
	if json.Unmarshal(raw, &v) != nil || v == nil {
		return invalid("%s: Invalid value", name)
	}
	*to = v
	return nil
}
