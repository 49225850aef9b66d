package state

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"

	"github.com/omnisync/omnisync/identity"
)

// Mark is what the index keeps of one User: enough to see that nothing is to be
// done without reading the record, and to find who has a name or an account. It
// is derived from the record and written with it, in one batch.
type Mark struct {
	Seen   identity.Print // of the record
	Name   uint64         // NameSum of its userName, the intended one included
	Omni   uint64         // IDSum of its Omni id; 0 while it is linked to none
	Active bool           // linked, and active in Omni
	Admin  bool           // an org admin of Omni
	Open   bool           // the record is to be read in every run: intended only, unassigned and still active, or with a change whose answer isn't recorded
}

// markSize is the length of a stored mark, in bytes.
const markSize = len(identity.Print{}) + 8 + 8 + 1

// MarkOf derives the index's mark from a record.
func MarkOf(u User) Mark {
	return Mark{
		Seen: u.Seen, Name: NameSum(u.UserName), Omni: IDSum(u.Omni),
		Active: u.Omni != "" && u.Active,
		Admin:  u.OrgAdmin,
		Open:   u.Omni == "" || u.Active && u.Unassigned != nil || u.Sent != nil,
	}
}

// NameSum is a checksum of a userName as names are compared. Different names may
// share one: it narrows a search and decides nothing.
func NameSum(userName string) uint64 { return sum(identity.FoldUserName(userName)) }

// IDSum is a checksum of an Omni id, 0 for none.
func IDSum(id identity.OmniID) uint64 {
	if id == "" {
		return 0
	}
	return sum(string(id))
}

func sum(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // a hash takes everything
	return h.Sum64() | 1      // never 0, which stands for none
}

// PutUser adds a user's record to the batch, and its mark.
func PutUser(b *Batch, id identity.OktaID, u User) {
	Put(b, Users, string(id), u)
	Put(b, Marks, string(id), MarkOf(u))
}

// RemoveUser adds the removal of a user's record, and of its mark.
func RemoveUser(b *Batch, id identity.OktaID) {
	b.Remove(Users, string(id))
	b.Remove(Marks, string(id))
}

const (
	markActive = 1 << iota
	markOpen
	markAdmin
)

func (m Mark) append(b []byte) []byte {
	b = append(b, m.Seen[:]...)
	b = binary.BigEndian.AppendUint64(b, m.Name)
	b = binary.BigEndian.AppendUint64(b, m.Omni)
	var flags byte
	if m.Active {
		flags |= markActive
	}
	if m.Open {
		flags |= markOpen
	}
	if m.Admin {
		flags |= markAdmin
	}
	return append(b, flags)
}

func (m *Mark) decode(b []byte) error {
	if len(b) != markSize {
		return fmt.Errorf("mark of %d bytes, want %d", len(b), markSize)
	}
	rest := b[copy(m.Seen[:], b):]
	m.Name, m.Omni = binary.BigEndian.Uint64(rest), binary.BigEndian.Uint64(rest[8:])
	flags := rest[16]
	if flags&^(markActive|markOpen|markAdmin) != 0 {
		return fmt.Errorf("unknown flags %#x in a mark", flags)
	}
	m.Active, m.Open, m.Admin = flags&markActive != 0, flags&markOpen != 0, flags&markAdmin != 0
	return nil
}
