package sync

import (
	"github.com/omnisync/omnisync/identity"
)

// title gives every group what it is to be called in Omni, by groups.name. A group
// whose name can't be told keeps the one that it has.
func (e *Engine) title(d *Desired) {
	for id, c := range d.Groups {
		if c.Gone || c.Paused || c.Title != "" {
			continue
		}
		title, err := e.titleOf(id, c)
		switch {
		case err != nil:
			c.Fault = err.Error()
		case title == c.Name:
			continue
		default:
			c.Title = title
		}
		d.Groups[id] = c
	}
}

func (e *Engine) titleOf(id identity.GroupID, c Crowd) (string, error) {
	return e.o.Mapper.GroupName(identity.Group{ID: id, Name: c.Name, Type: c.Type})
}
