package bolt

import (
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/omnisync/omnisync/state"
)

// TestPiecesAreSmall counts what a scan holds in memory at once, which nobody
// sees from outside.
func TestPiecesAreSmall(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f, err := s.Acquire(t.Context(), "me", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var b state.Batch
	for i := range 2*pieceEntries + 1 {
		b.Writes = append(b.Writes, state.Write{Bucket: state.Users, Key: string(number(uint64(i))), Value: []byte{}})
	}
	for i := range 3 {
		b.Writes = append(b.Writes, state.Write{Bucket: state.Groups, Key: string(number(uint64(i))), Value: make([]byte, pieceBytes)})
	}
	if err := s.Apply(t.Context(), f, b); err != nil {
		t.Fatal(err)
	}
	for bucket, want := range map[state.Bucket][]int{
		state.Users: {pieceEntries, pieceEntries, 1}, state.Groups: {1, 1, 1}, state.Holds: {0},
	} {
		var after []byte
		for i, n := range want {
			var piece []state.Entry
			var more bool
			err := s.view(t.Context(), func(tx *bbolt.Tx) { piece, more = readPiece(records(tx, bucket), after, nil) })
			if err != nil || len(piece) != n || more != (i < len(want)-1) {
				t.Fatalf("%s: piece %d has %d entries, more: %t, %v; want %d", bucket, i, len(piece), more, err, n)
			}
			if n > 0 {
				after = []byte(piece[n-1].Key)
			}
		}
	}
}
