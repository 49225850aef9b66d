package state

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/identity"
)

// The form of an export.
const (
	exportFormat  = "omnisync-ledger"
	exportVersion = 1
)

// Header is the first line of an export: whose ledger it is. An export is JSON
// lines: the header, one line for each record and each entry of a stream, and
// the footer. It holds no secret that isn't encrypted, as a ledger holds none, and
// not the key.
type Header struct {
	Format     string    `json:"format"`
	Version    int       `json:"version"`
	Connection string    `json:"connection"` // the connection's name
	Org        string    `json:"org"`
	App        string    `json:"app"`
	Omni       string    `json:"omni"`
	Position   Position  `json:"position"`
	Time       time.Time `json:"time"`
}

// Footer is the last line of an export.
type Footer struct {
	Records map[string]int `json:"records"` // by bucket; all groups' members are "members"
	Streams map[Stream]int `json:"streams"`
	SHA256  string         `json:"sha256"` // of all bytes before this line, in hexadecimal
}

// Moved tells what an export holds.
type Moved struct {
	Header
	Footer
}

// item is one line between header and footer: a record, or an entry of a stream.
type item struct {
	Bucket Bucket          `json:"bucket,omitempty"`
	Stream Stream          `json:"stream,omitempty"`
	Key    string          `json:"key,omitempty"`
	Form   string          `json:"form"`            // the record's version
	Value  json.RawMessage `json:"value,omitempty"` // what follows the version, where it is JSON
	Base64 []byte          `json:"base64,omitempty"`
}

// Export writes the whole ledger to w, in an order that depends on its content
// alone. The marks are left out, as they follow from the users. It refuses a
// ledger that is empty, whose import broke off, or that holds a record that
// can't be read, and one that was written to in the meantime.
func Export(ctx context.Context, s Store, w io.Writer, name string, now time.Time) (Moved, error) {
	before, err := s.Position(ctx)
	if err != nil {
		return Moved{}, err
	}
	c, ok, err := Read[Connection](ctx, s, Meta, "connection")
	if err != nil {
		return Moved{}, err
	}
	if !ok {
		return Moved{}, &fault.Error{Kind: fault.Refused, Op: "export the ledger", Detail: "it is empty"}
	}
	if err := c.Whole(); err != nil {
		return Moved{}, err
	}
	x := &export{ctx: ctx, store: s, out: bufio.NewWriter(w), sum: sha256.New(),
		footer: Footer{Records: map[string]int{}, Streams: map[Stream]int{}}}
	head := Header{Format: exportFormat, Version: exportVersion, Connection: name,
		Org: c.Org, App: c.App, Omni: c.Omni, Position: before, Time: now.UTC()}
	if err := x.all(head); err != nil {
		return Moved{}, err
	}
	after, err := s.Position(ctx)
	if err != nil {
		return Moved{}, err
	}
	if after != before {
		return Moved{}, &fault.Error{Kind: fault.Conflict, Op: "export the ledger", Detail: "it was written to while it was read",
			Hint: "export again while no run is under way"}
	}
	return Moved{head, x.footer}, x.end()
}

// Whole gives an error while an import into this ledger is under way, or when
// it broke off: the ledger is then a part of one, and not to be acted upon.
func (c Connection) Whole() error {
	if c.Importing == nil {
		return nil
	}
	return &fault.Error{Kind: fault.Refused, Op: "read the ledger", Detail: "an import into it is under way, or broke off",
		Hint: "import the same file again: it goes on where it ended"}
}

// export is an export under way.
type export struct {
	ctx    context.Context
	store  Store
	out    *bufio.Writer
	sum    hash.Hash
	footer Footer
}

func (x *export) all(head Header) error {
	if err := x.line(head); err != nil {
		return err
	}
	buckets, err := exported(x.ctx, x.store)
	if err != nil {
		return err
	}
	for _, b := range buckets {
		if err := x.bucket(b); err != nil {
			return err
		}
	}
	for _, s := range []Stream{Log, Runs} {
		if err := x.stream(s); err != nil {
			return err
		}
	}
	return nil
}

// moved is what an export holds, but for the members of groups.
var moved = []Bucket{Meta, Users, Groups, Holds, Failing, Leavers, Saves, Forgets, Undoes, Unlinks, PushedUsers, PushedGroups}

// Buckets names every bucket that holds records in JSON, but for the members of groups.
func Buckets() []Bucket { return slices.Clone(moved) }

// exported lists the buckets of an export: each group comes before its members.
func exported(ctx context.Context, s Store) ([]Bucket, error) {
	list := slices.Clone(moved)
	for e, err := range s.Scan(ctx, Groups) {
		if err != nil {
			return nil, err
		}
		list = append(list, Members(identity.GroupID(e.Key)))
	}
	slices.Sort(list[len(moved):])
	return list, nil
}

func (x *export) bucket(b Bucket) error {
	var entries []Entry
	for e, err := range x.store.Scan(x.ctx, b) {
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
	for _, e := range entries {
		i := item{Bucket: b, Key: e.Key}
		if err := x.item(i, e.Value); err != nil {
			return named(err, b, e.Key)
		}
		x.footer.Records[i.kind()]++
	}
	return nil
}

func (x *export) stream(s Stream) error {
	list, err := x.store.Tail(x.ctx, s, s.Keep())
	if err != nil {
		return err
	}
	slices.Reverse(list) // oldest first, as they are appended again
	for n, raw := range list {
		if err := x.item(item{Stream: s}, raw); err != nil {
			return named(err, Bucket(s), fmt.Sprint(n+1))
		}
		x.footer.Streams[s]++
	}
	return nil
}

// item writes one line, of a record that can be imported.
func (x *export) item(i item, raw []byte) error {
	if err := i.check(raw); err != nil {
		return err
	}
	if !utf8.ValidString(i.Key) {
		return fmt.Errorf("the key is no text")
	}
	i.Form = string(raw[:1])
	body := raw[1:]
	var compact bytes.Buffer
	if json.Compact(&compact, body) == nil && bytes.Equal(compact.Bytes(), body) {
		i.Value = body
	} else {
		i.Base64 = body
	}
	return x.line(i)
}

func (x *export) line(v any) error {
	e := json.NewEncoder(io.MultiWriter(x.out, x.sum))
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (x *export) end() error {
	x.footer.SHA256 = hex.EncodeToString(x.sum.Sum(nil))
	if err := x.line(x.footer); err != nil {
		return err
	}
	return x.out.Flush()
}

const membersPrefix = "members/"

// kind is how the footer counts a record.
func (i item) kind() string {
	if strings.HasPrefix(string(i.Bucket), membersPrefix) {
		return "members"
	}
	return string(i.Bucket)
}

// check finds out whether raw is a record of the item's place.
func (i item) check(raw []byte) error {
	place := i.kind()
	switch i.Stream {
	case "":
		if err := checkName("key", i.Key); err != nil {
			return err
		}
	case Log, Runs:
		place = string(i.Stream)
	default:
		return fmt.Errorf("no such stream: %.40q", i.Stream)
	}
	switch place {
	case string(Meta):
		return i.checkMeta(raw)
	case string(Users):
		return decode(raw, new(User))
	case string(Groups):
		return decode(raw, new(Group))
	case "members":
		return decode(raw, new(Member))
	case string(Holds):
		return decode(raw, new(Hold))
	case string(Failing):
		return decode(raw, new(Failure))
	case string(Leavers):
		return decode(raw, new(Leaver))
	case string(Saves):
		return decode(raw, new(Saved))
	case string(Forgets):
		return decode(raw, new(Forgotten))
	case string(Undoes):
		return decode(raw, new(Undone))
	case string(Unlinks):
		return decode(raw, new(Unlinked))
	case string(PushedUsers):
		return decode(raw, new(PushedUser))
	case string(PushedGroups):
		return decode(raw, new(PushedGroup))
	case string(Log):
		return decode(raw, new(Change))
	case string(Runs):
		return decode(raw, new(Run))
	}
	return fmt.Errorf("no such bucket: %.40q", i.Bucket)
}

func (i item) checkMeta(raw []byte) error {
	switch i.Key {
	case "connection":
		return decode(raw, new(Connection))
	case "window":
		return decode(raw, new(Window))
	case "log":
		return decode(raw, new(LogRead))
	case "keys":
		return decode(raw, new(Keys))
	case "pause":
		return decode(raw, new(Pause))
	case "alerts":
		return decode(raw, new(Alerts))
	}
	return decode(raw, new(json.RawMessage))
}
