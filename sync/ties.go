package sync

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// ties are what people said last about links, as the archive keeps it: a ledger that is
// built again would link by name, and to the account that somebody had mended.
type ties map[identity.OktaID]state.ArchivedTie

// add takes the next line of the archive.
func (t ties) add(record json.RawMessage) error {
	var said state.ArchivedTie
	if err := json.Unmarshal(record, &said); err != nil {
		return err
	}
	if said.Rebound {
		clear(t)
		return nil
	}
	t[said.Okta] = said
	return nil
}

// endedUnlinks tells the archive whose links nothing is said about any more.
func (n Notes) endedUnlinks() []state.Archived {
	var list []state.ArchivedTie
	for _, id := range slices.Sorted(maps.Keys(n.Unlinked)) {
		if n.Unlinked[id] == nil {
			list = append(list, state.ArchivedTie{Okta: id, At: time.Now().UTC()})
		}
	}
	return archived(state.ArchivedLink, list)
}

// retie notes what a ledger that was lost doesn't know of it. What Omni has of an account is
// read by the run that builds the ledger again. What the ledger knows of later counts more.
func (n Notes) retie(said ties, l *Ledger) {
	held := map[identity.OmniID]identity.OktaID{}
	for id, u := range l.Users {
		held[u.Omni] = id
	}
	for id, tie := range said {
		u, known := l.Users[id]
		switch holder, taken := held[tie.Omni]; {
		case tie.Omni == "", known && (u.Omni == "" || u.Linked.After(tie.At)):
		case tie.Unlinked && known && u.Omni != tie.Omni: // they have another since
		case tie.Unlinked:
			if known {
				n.forgetUser(l, id)
			}
			n.Unlinked[id] = &state.Unlinked{By: tie.By, At: tie.At, Omni: tie.Omni, UserName: u.UserName}
		case known && u.Omni == tie.Omni, taken && holder != id:
		default:
			if known {
				n.forgetUser(l, id)
			}
			n.user(id, state.User{Omni: tie.Omni, Link: state.LinkedByHand, Linked: tie.At, LinkedBy: tie.By})
		}
	}
}
