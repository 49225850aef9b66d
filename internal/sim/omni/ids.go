package omni

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// newUUID and newShortID make ids that are alike in every run and never repeat.
func (o *Org) newUUID() string {
	for {
		id := uuidOf(o.digest())
		if o.people.byID[id] == nil { // it may have been restored
			return id
		}
	}
}

func uuidOf(b [sha256.Size]byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // version 4, variant 1
	s := hex.EncodeToString(b[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// derivedUUID is the id under which other APIs know what name says.
func derivedUUID(name string) string { return uuidOf(sha256.Sum256([]byte(name))) }

func (o *Org) newShortID() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	for {
		b := o.digest()
		id := make([]byte, 8)
		for i := range id {
			id[i] = letters[int(b[i])%len(letters)]
		}
		if o.teams[string(id)] == nil {
			return string(id)
		}
	}
}

func (o *Org) digest() [sha256.Size]byte {
	o.seq++
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, o.seq))
}
