package check

import (
	"context"
	"fmt"
	"strings"
)

// ledgerSide is what the store shows.
type ledgerSide struct {
	sheet
	open   func(context.Context) Ledger
	config Config
	ledger Ledger
}

const idStore = "state.store"

func (l *ledgerSide) run(ctx context.Context) {
	l.group = "State"
	l.take(ctx, step{idStore, "store", nil, l.checkStore})
	l.take(ctx, step{"state.ledger", "ledger", []string{idStore}, l.checkLedger})
	if l.ledger.Redis {
		l.take(ctx, step{"state.eviction", "eviction", []string{idStore}, l.checkEviction})
	}
	if l.config.Saves {
		l.take(ctx, step{"state.saved", "what is saved of leavers", []string{idStore}, l.checkSaved})
	}
	if l.ledger.Export.Path != "" {
		l.take(ctx, step{"state.export", "export of the log", nil, l.checkExport})
	}
}

func (l *ledgerSide) checkStore(ctx context.Context) Finding {
	l.ledger = l.open(ctx)
	switch {
	case l.ledger.Err != nil:
		return good("%s", l.ledger.Place).fail(l.ledger.Err.Error(), remedyOr(l.ledger.Err, "check state.url"))
	case l.ledger.Owner != "":
		return good("%s is in use: %s", l.ledger.Place, l.ledger.Owner)
	case l.ledger.Absent:
		return good("%s isn't there yet: the first run makes it", l.ledger.Place)
	case tooOld(l.ledger.Version):
		return good("%s, Redis %s", l.ledger.Place, l.ledger.Version).fail("syncd needs Redis 6.2 or later", "update Redis, or let state.url name another one")
	}
	return good("%s", l.ledger.Place)
}

func (l *ledgerSide) checkLedger(context.Context) Finding {
	g, c := l.ledger, l.config
	switch {
	case g.Owner != "":
		return skipped("the process that has the store has checked it")
	case g.Org == "":
		return good("new: the first run makes it")
	}
	f := good("of Okta %s, app %s, and Omni %s", g.Org, g.App, g.Omni)
	var other []string
	for _, pair := range [][3]string{{"okta.org_url", g.Org, c.OrgURL}, {"okta.app_id", g.App, c.AppID}, {"omni.base_url", g.Omni, c.OmniURL}} {
		if pair[1] != pair[2] {
			other = append(other, fmt.Sprintf("%s is %s", pair[0], pair[2]))
		}
	}
	if len(other) == 0 {
		return f
	}
	return f.fail("the ledger belongs to other sides than the configuration ("+strings.Join(other, ", ")+"): every run is refused, since everybody would look unassigned",
		"give this connection a name and a state.url of its own, or set the configuration back to what the ledger belongs to")
}

// checkExport tells whether the provisioning log can be exported.
func (l *ledgerSide) checkExport(context.Context) Finding {
	x := l.ledger.Export
	if x.Err != nil {
		return good("%s", x.Path).fail(x.Err.Error()+": nothing is exported until it can be written", remedyOr(x.Err, "let log.export name another file"))
	}
	return good("%s", x.Path)
}

// checkEviction judges by Redis' own rules: allkeys-* may evict everything,
// volatile-* what has an end, which of our keys only the lease has.
func (l *ledgerSide) checkEviction(context.Context) Finding {
	policy := l.ledger.Policy
	f := good("%s", policy)
	const remedy = "set maxmemory-policy noeviction in redis.conf, or in the settings of the managed Redis"
	switch {
	case policy == "":
		return skipped("Redis doesn't tell its maxmemory-policy to this user")
	case policy == "noeviction":
		return f
	case l.ledger.Unlimited:
		f.Found += ", and no maxmemory"
		return f.warn("nothing is evicted while maxmemory isn't set; as soon as it is, parts of the ledger may be", remedy)
	case strings.HasPrefix(policy, "volatile-"):
		return f.warn("when its memory is full, Redis may evict the lease: the daemon then stops leading in the middle of a run", remedy)
	}
	return f.fail("when its memory is full, Redis evicts parts of the ledger: a ledger with a hole is a wrong one", remedy)
}

// tooOld reports whether a version that is told is below 6.2.
func tooOld(version string) bool {
	var major, minor int
	n, _ := fmt.Sscanf(version, "%d.%d", &major, &minor) // what isn't a version is not judged
	return n == 2 && (major < 6 || major == 6 && minor < 2)
}
