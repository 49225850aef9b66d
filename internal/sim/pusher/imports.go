package pusher

import (
	"context"
	"fmt"
	"net/http"
)

// importPage is how many resources an import asks for at once.
const importPage = 100

// TestConnection is the button of that name, and what each saving of the connection does. It is done at once, is no
// task, and isn't repeated on 429.
func (c *Client) TestConnection(ctx context.Context) error {
	k := call{c: c, style: c.style()}
	paths := []string{"/Users?startIndex=1&count=2"}
	if k.style.ImportGroups {
		paths = append(paths, "/Groups?startIndex=1&count=100")
	}
	for _, path := range paths {
		r, err := k.send(ctx, http.MethodGet, path, nil)
		if err == nil {
			_, err = r.list()
		}
		if err != nil {
			return shown(err, "Error authenticating")
		}
	}
	return k.readSchema(ctx)
}

// readSchema asks what the box Import User Schema asks.
func (k call) readSchema(ctx context.Context) error {
	if !k.style.ImportSchema {
		return nil
	}
	for _, path := range []string{"/ResourceTypes", "/Schemas"} {
		r, err := k.send(ctx, http.MethodGet, path, nil)
		if err == nil {
			_, err = r.list()
		}
		if err != nil {
			return shown(err, "Error while importing the schema")
		}
	}
	return nil
}

// ImportUsers reads all users of the endpoint: see ImportedUsers.
func (c *Client) ImportUsers() int { return c.importAll("Users") }

// ImportGroups reads all groups of the endpoint: see ImportedGroups. One of them can be the Target of a Group.
func (c *Client) ImportGroups() int { return c.importAll("Groups") }

// ImportedUsers are the users that the last whole import found, those that Okta skips (inactive) among them.
func (c *Client) ImportedUsers() []Resource { return c.found("Users") }

// ImportedGroups are the groups that the last whole import found.
func (c *Client) ImportedGroups() []Resource { return c.found("Groups") }

func (c *Client) found(collection string) []Resource {
	defer c.lock()()
	return append([]Resource(nil), c.imported[collection]...)
}

func (c *Client) importAll(collection string) int {
	defer c.lock()()
	return c.queue(collection, ActionImport, func(ctx context.Context, k call) error {
		if err := k.readSchema(ctx); err != nil {
			return err
		}
		all, err := k.pages(ctx, collection)
		if err != nil {
			return shown(err, "Error while importing %s", collection)
		}
		k.note(func() { c.imported[collection] = all })
		return nil
	})
}

// pages reads a collection by steps of 100. A server that gives fewer than it was asked for loses the rest of the
// page: Okta goes on 100 further all the same.
func (k call) pages(ctx context.Context, collection string) ([]Resource, error) {
	var all []Resource
	for start := 1; ; start += importPage {
		r, err := k.send(ctx, http.MethodGet, fmt.Sprintf("/%s?startIndex=%d&count=%d", collection, start, importPage), nil)
		if err != nil {
			return nil, err
		}
		p, err := r.list()
		if err != nil {
			return nil, err
		}
		all = append(all, p.resources...)
		if start+importPage > p.total {
			return all, nil
		}
	}
}
