package bolt

import (
	"bytes"
	"context"
	"encoding/hex"

	"go.etcd.io/bbolt"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// After gives up to n entries of st that follow the one under key, the oldest first, and
// whether that one is still there.
func (s *Store) After(ctx context.Context, st state.Stream, key string, n int) (list []state.Entry, there bool, err error) {
	after, err := hex.DecodeString(key)
	if err != nil {
		return nil, false, &fault.Error{Kind: fault.Refused, Op: "read ledger " + s.path, Detail: "no entry of a stream has the key " + key}
	}
	there = key == ""
	err = s.view(ctx, func(tx *bbolt.Tx) {
		b := stream(tx, st)
		if b == nil {
			return
		}
		c := b.Cursor()
		k, v := c.Seek(after)
		if k != nil && bytes.Equal(k, after) {
			there = true
			k, v = c.Next()
		}
		for ; k != nil && len(list) < n; k, v = c.Next() {
			list = append(list, state.Entry{Key: hex.EncodeToString(k), Value: bytes.Clone(v)})
		}
	})
	return list, there, err
}
