package state

import (
	"fmt"

	"github.com/omnisync/omnisync/fault"
)

// MaxKey is the greatest length in bytes of a key and of a bucket's name. It is bbolt's.
const MaxKey = 32768

// Check tells what no store can write, so that both refuse the same batches
// before they write anything: a bucket or a key without a name or with a name
// longer than MaxKey, and a stream that Keep doesn't know.
func (b Batch) Check() error {
	for _, d := range b.Drops {
		if err := checkName("bucket", string(d)); err != nil {
			return refused("drop", string(d), err)
		}
	}
	for _, w := range b.Writes {
		if err := checkName("bucket", string(w.Bucket)); err != nil {
			return refused("write", string(w.Bucket), err)
		}
		if err := checkName("key", w.Key); err != nil {
			return refused("write", string(w.Bucket), err)
		}
	}
	for _, a := range b.Appends {
		if a.Stream.Keep() == 0 {
			return refused("append", string(a.Stream), fmt.Errorf("no such stream"))
		}
	}
	return nil
}

func checkName(what, s string) error {
	if s == "" {
		return fmt.Errorf("the %s has no name", what)
	}
	if len(s) > MaxKey {
		return fmt.Errorf("the %s %.20q... is %d bytes long, at most %d are possible", what, s, len(s), MaxKey)
	}
	return nil
}

func refused(what, where string, err error) error {
	return &fault.Error{Kind: fault.Refused, Op: fmt.Sprintf("write ledger: %s %.60q", what, where), Err: err}
}
