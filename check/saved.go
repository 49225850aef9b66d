package check

import (
	"context"

	"github.com/omnisync/omnisync/fault"
)

// checkSaved tells whether what leavers own would be encrypted, and on a disk, before
// their membership ends. Where it wouldn't, who owns something never leaves.
func (l *ledgerSide) checkSaved(context.Context) Finding {
	s := l.ledger.Saved
	if s.KeyErr != nil {
		return Finding{}.fail(s.KeyErr.Error()+": who owns something keeps the membership", remedyOr(s.KeyErr, "check state.key"))
	}
	return s.lies(s.encrypted())
}

// encrypted names the key by its ID.
func (s Saved) encrypted() Finding {
	switch {
	case s.Key == "":
		return good("a key is made with the first, in %s", s.File)
	case s.File == "":
		return good("encrypted with the key %s of state.key", s.Key)
	}
	return good("encrypted with the key %s in %s", s.Key, s.File)
}

// lies tells where it lies.
func (s Saved) lies(f Finding) Finding {
	switch {
	case s.Archive != "":
		f.Found += "; kept in the archive, " + s.Archive
		return f
	case s.Durable != nil && !fault.Is(s.Durable, fault.Refused):
		return f.warn("Redis didn't confirm that it is on its disk: "+s.Durable.Error(), remedyOr(s.Durable, "see the log of Redis, and its disk"))
	case s.Durable != nil:
		return f.fail("nothing tells that it is on a disk: "+s.Durable.Error()+". Who owns something keeps the membership",
			"write state.archive: archive, for a directory on this machine; or "+remedyOr(s.Durable, "let state.url name a Redis of version 7.2 or later with appendonly yes"))
	}
	f.Found += "; kept in the ledger, which is on its disk"
	return f
}

func remedyOr(err error, otherwise string) string {
	if hint := fault.HintOf(err); hint != "" {
		return hint
	}
	return otherwise
}
