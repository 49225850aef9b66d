package check

import (
	"context"
	"fmt"
	"strings"

	"github.com/omnisync/omnisync/fault"
)

// heirsKey lists who takes over what a leaver owns.
const heirsKey = "deprovision.handover.to"

// heirsAsked bounds how many of them are looked up.
const heirsAsked = 10

// checkHeirs looks for each address that is named. Who isn't there, or isn't active,
// is passed over by a handover: only where nobody is left, no leaver could go.
func (c *configSide) checkHeirs(ctx context.Context) Finding {
	key := c.omni.working()
	if key == 0 {
		return skipped("not known without an API key that works")
	}
	var fit []string
	var unfit []string
	named := c.config.Heirs
	for _, h := range named[:min(len(named), heirsAsked)] {
		switch a, err := c.omni.Find(ctx, key, h.Email); {
		case fault.Is(err, fault.NotFound):
			unfit = append(unfit, fmt.Sprintf("%s (%s) isn't in Omni", h.Email, h.Path))
		case err != nil:
			return broken(err, "check again later")
		case !a.Active:
			unfit = append(unfit, fmt.Sprintf("%s (%s) isn't active in Omni", h.Email, h.Path))
		default:
			fit = append(fit, h.Email)
		}
	}
	f := good("%d of %s that are named are active in Omni", len(fit), counted(len(fit)+len(unfit), "user"))
	if rest := len(named) - heirsAsked; rest > 0 {
		f.Found += fmt.Sprintf("; %d more weren't looked up", rest)
	}
	const remedy = "write the userName of an active member of the organization, as Omni's Settings > Users shows it"
	switch {
	case len(unfit) == 0:
		return f
	case len(fit) == 0 && c.config.Guessed == 0 && len(named) <= heirsAsked:
		return f.fail("nobody can take over, and who owns something keeps the membership: "+strings.Join(unfit, ", "), remedy)
	}
	return f.warn("passed over: "+strings.Join(unfit, ", "), remedy)
}

// checkHeir tries an expression that names somebody, on people who are still assigned.
func (c *configSide) checkHeir(e Expression) Finding {
	t := c.try(e)
	f, done := c.judged(e, t)
	switch {
	case done && t.failed > 0:
		f.Remedy = "correct " + e.Path + ": it names nobody for a leaver for whom it fails"
		return f
	case done:
		return f
	}
	f = good("names somebody for %d of %s", t.some, c.looked())
	if t.some > 0 {
		return f
	}
	return f.warn("it names nobody", "compare "+e.Path+" with the profile of a user in the Okta admin console (Directory > People > a user > Profile)")
}
