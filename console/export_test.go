package console

import "context"

// Routes tells every path that wants to know who asks, with its method.
func Routes(o Options) (list [][2]string) {
	a := &api{Options: o, lives: context.Background(), sessions: newSessions(), templates: templates(), pulse: newPulse(o.Engine)}
	for _, routes := range [][]route{a.calls(), a.views(), a.actions()} {
		for _, r := range routes {
			list = append(list, [2]string{r.method, r.path})
		}
	}
	return list
}
