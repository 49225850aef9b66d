package redis

import (
	"regexp"
	"strings"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

// DefaultPrefix begins every key where the configuration names no other.
const DefaultPrefix = "omnisync"

// keys builds every key of one connection's ledger, here with the default prefix:
//
//	omnisync:{NAME}:lease          string   "FENCE HOLDER", with a time to live
//	omnisync:{NAME}:form           string   "FORM NEEDS": state.Form, state.Needs; none in form 1
//	omnisync:{NAME}:epoch          string   random, made with the ledger
//	omnisync:{NAME}:counter        string   how often the lease was taken
//	omnisync:{NAME}:position       hash     writes: how many batches were applied; last: the ID of the last one
//	omnisync:{NAME}:durable        string   "", written to ask whether what came before is on the disk; with a time to live
//	omnisync:{NAME}:allowance:KEY  string   when the API key of this digest may send again
//	omnisync:{NAME}:budget:BUCKET  zset     by time: requests sent to this bucket of Okta's limits, and under
//	                                        BUCKET:patient those that can wait; with a time to live
//	omnisync:{NAME}:errands        stream   errands that nobody has taken up: id, kind, by, request; with a time to live
//	omnisync:{NAME}:errand:ID      string   somebody waits for this errand; with a time to live
//	omnisync:{NAME}:answers:ID     stream   what its leader posted: fence, v; with a time to live
//	omnisync:{NAME}:bucket:BUCKET  hash     record by key
//	omnisync:{NAME}:stream:STREAM  stream   one field "v" for each entry
//	omnisync:{NAME}:copy:STREAM    stream   a stream that is rewritten, until it takes the other's place; with a time to live
//
// The braces put all of them into one slot of a Redis cluster, as one script
// touches several.
type keys struct{ prefix string }

// keyPrefix is what may stand before the braces. No star and no brace: it is
// written into the server's ACL as a pattern.
var keyPrefix = regexp.MustCompile(`^[A-Za-z0-9._-]{1,40}$`)

// connectionName is what may stand between the braces: no brace, and nothing
// that needs quoting where a person types a key.
var connectionName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)

func newKeys(o Options) (keys, error) {
	refuse := func(detail, hint string) (keys, error) {
		return keys{}, &fault.Error{Kind: fault.Refused, Op: "name the keys in Redis", Detail: detail, Hint: hint}
	}
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if !keyPrefix.MatchString(o.Prefix) {
		return refuse("the prefix is "+quote(o.Prefix), "state.prefix is 1 to 40 of A-Z a-z 0-9 . _ -")
	}
	if !connectionName.MatchString(o.Name) {
		return refuse("the connection's name is "+quote(o.Name), "a name is 1 to 100 of A-Z a-z 0-9 . _ -")
	}
	return keys{prefix: o.Prefix + ":{" + o.Name + "}:"}, nil
}

// place is the prefix as an ACL's pattern and a person have it, such as "omnisync:".
func (k keys) place() string {
	place, _, _ := strings.Cut(k.prefix, "{")
	return place
}

func (k keys) allowance(digest string) string { return k.prefix + "allowance:" + digest }

func (k keys) budget(bucket string) string { return k.prefix + "budget:" + bucket }

func (k keys) errands() string          { return k.prefix + "errands" }
func (k keys) errand(id string) string  { return k.prefix + "errand:" + id }
func (k keys) answers(id string) string { return k.prefix + "answers:" + id }

func (k keys) lease() string                { return k.prefix + "lease" }
func (k keys) form() string                 { return k.prefix + "form" }
func (k keys) epoch() string                { return k.prefix + "epoch" }
func (k keys) counter() string              { return k.prefix + "counter" }
func (k keys) position() string             { return k.prefix + "position" }
func (k keys) durable() string              { return k.prefix + "durable" }
func (k keys) bucket(b state.Bucket) string { return k.prefix + "bucket:" + string(b) }
func (k keys) stream(s state.Stream) string { return k.prefix + "stream:" + string(s) }
func (k keys) copyOf(s state.Stream) string { return k.prefix + "copy:" + string(s) }
