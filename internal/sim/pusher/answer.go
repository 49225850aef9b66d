package pusher

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// page is a ListResponse.
type page struct {
	total     int
	resources []Resource
}

// list reads a ListResponse as strictly as Okta does: it was seen to stop without a reason where a number came as text.
func (r reply) list() (page, error) {
	if r.object == nil {
		return page{}, errors.New("null (the list is empty: an object was expected)")
	}
	if !hasSchema(r.object, listSchema) {
		return page{}, fmt.Errorf("null (the list's schemas lack %s)", listSchema)
	}
	numbers := map[string]int{}
	for _, key := range []string{"totalResults", "startIndex", "itemsPerPage"} {
		n, err := whole(r.object[key])
		if err != nil {
			return page{}, fmt.Errorf("null (the list's %s %w)", key, err)
		}
		numbers[key] = n
	}
	resources, err := objects(r.object["Resources"])
	if err != nil {
		return page{}, err
	}
	return page{total: numbers["totalResults"], resources: resources}, nil
}

func whole(value any) (int, error) {
	number, ok := value.(json.Number)
	if !ok {
		return 0, fmt.Errorf("is %#v, not a number", value)
	}
	n, err := number.Int64()
	if err != nil {
		return 0, fmt.Errorf("is %s, not a whole number", number)
	}
	return int(n), nil
}

func objects(value any) ([]Resource, error) {
	if value == nil {
		return nil, nil
	}
	items, ok := value.([]any)
	if !ok {
		return nil, errors.New("null (the list's Resources are no array)")
	}
	var list []Resource
	for _, item := range items {
		object, ok := item.(map[string]any)
		if !ok {
			return nil, errors.New("null (the list's Resources have an entry that is no object)")
		}
		list = append(list, object)
	}
	return list, nil
}

func hasSchema(r Resource, urn string) bool {
	schemas, _ := r["schemas"].([]any) // anything else has none
	return slices.Contains(schemas, any(urn))
}

// user is the whole user that Okta wants back from each write, with the id among it.
func (r reply) user(want int) (Resource, error) {
	if r.status != want {
		return nil, fmt.Errorf("null (answered %d %s, expected %d)", r.status, http.StatusText(r.status), want)
	}
	if r.object == nil {
		return nil, errEmpty
	}
	if r.object.text("id") == "" || r.object.text("userName") == "" || !hasSchema(r.object, userSchema) {
		return nil, fmt.Errorf("null (the user that came back lacks id, userName or the schema %s)", userSchema)
	}
	if _, ok := r.object["active"].(bool); !ok {
		return nil, errors.New("null (the user that came back has no boolean active)")
	}
	return r.object, nil
}

var errEmpty = errors.New("null (nothing came back: the whole user was expected)")

// written is an answer to a write that needn't bring anything back: 204, or 200 with or without the resource.
func (r reply) written() error {
	if r.status != http.StatusOK && r.status != http.StatusNoContent {
		return fmt.Errorf("null (answered %d %s, expected 200 or 204)", r.status, http.StatusText(r.status))
	}
	return nil
}

// group wants 204, or 200 with the group's details. Its members needn't be among them.
func (r reply) group(id string) error {
	if r.status == http.StatusNoContent {
		return nil
	}
	if err := r.written(); err != nil {
		return err
	}
	if r.object.text("id") != id || r.object.text("displayName") == "" {
		return fmt.Errorf("null (the group that came back has id %q and displayName %q)", r.object.text("id"), r.object.text("displayName"))
	}
	return nil
}

// isStatus tells whether err is an answer with this status.
func isStatus(err error, status int) bool {
	said, ok := errors.AsType[*remote](err)
	return ok && said.status == status
}
