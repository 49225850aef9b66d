package redis

import (
	"regexp"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// keys builds every key of one connection's ledger:
//
//	omnisync:{NAME}:lease          string   "FENCE HOLDER", with a time to live
//	omnisync:{NAME}:epoch          string   random, made with the ledger
//	omnisync:{NAME}:counter        string   how often the lease was taken
//	omnisync:{NAME}:position       hash     writes: how many batches were applied; last: the ID of the last one
//	omnisync:{NAME}:bucket:BUCKET  hash     record by key
//	omnisync:{NAME}:stream:STREAM  stream   one field "v" for each entry
//
// The braces put all of them into one slot of a Redis cluster, as one script
// touches several.
type keys struct{ prefix string }

// connectionName is what may stand between the braces: no brace, and nothing
// that needs quoting where a person types a key.
var connectionName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)

func newKeys(name string) (keys, error) {
	if !connectionName.MatchString(name) {
		return keys{}, &fault.Error{
			Kind: fault.Refused, Op: "name the keys in Redis", Detail: "the connection's name is " + quote(name),
			Hint: "a name is 1 to 100 of A-Z a-z 0-9 . _ -",
		}
	}
	return keys{prefix: "omnisync:{" + name + "}:"}, nil
}

func (k keys) lease() string                { return k.prefix + "lease" }
func (k keys) epoch() string                { return k.prefix + "epoch" }
func (k keys) counter() string              { return k.prefix + "counter" }
func (k keys) position() string             { return k.prefix + "position" }
func (k keys) bucket(b state.Bucket) string { return k.prefix + "bucket:" + string(b) }
func (k keys) stream(s state.Stream) string { return k.prefix + "stream:" + string(s) }
