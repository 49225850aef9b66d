package sync

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omnisync/omnisync/state"
)

// sieve tells of a line of the log, before it is decoded, that it can't be wanted: decoding
// is what takes the time where the log is long. What it lets through is looked at closely.
type sieve struct {
	texts        [][]byte // what the line must contain
	names        [][]byte // of these one, in small letters; none: any line
	since, until time.Time
}

// sieveOf keeps what a filter can want, whomever it is about.
func sieveOf(f HistoryFilter) sieve {
	s := sieve{since: f.Since, until: f.Until}
	for key, value := range map[string]string{"kind": f.Kind, "state": string(f.State), "run": f.Run} {
		if value != "" && plain(value) {
			s.texts = append(s.texts, []byte(`"`+key+`":"`+value+`"`))
		}
	}
	return s
}

// about lets only lines through in which one of the names or ids stands; all, where one is
// of a form that the log may spell in another way.
func (s sieve) about(names ...string) sieve {
	s.names = nil
	for _, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if !plain(name) {
			s.names = nil
			return s
		}
		if !slices.ContainsFunc(s.names, func(known []byte) bool { return string(known) == name }) {
			s.names = append(s.names, []byte(name))
		}
	}
	return s
}

// plain reports whether a text stands in JSON as it is.
func plain(text string) bool {
	return text != "" && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || strings.ContainsRune("\"\\\u2028\u2029\ufffd", r) })
}

// lets reports whether the line, of which small is the text in small letters where names are
// looked for, may be wanted.
func (s sieve) lets(line, small []byte) bool {
	if !s.since.IsZero() || !s.until.IsZero() {
		if at, known := timeOf(line); known && (at.Before(s.since) || !s.until.IsZero() && !at.Before(s.until)) {
			return false
		}
	}
	if slices.ContainsFunc(s.texts, func(text []byte) bool { return !bytes.Contains(line, text) }) {
		return false
	}
	if len(s.names) == 0 {
		return true
	}
	return slices.ContainsFunc(s.names, func(name []byte) bool { return bytes.Contains(small, name) })
}

// timeOf reads a line's time; false where it isn't sure which one that is, as an attribute
// may be called time, too.
func timeOf(line []byte) (time.Time, bool) {
	const key = `"time":"`
	if bytes.Count(line, []byte(key)) != 1 {
		return time.Time{}, false
	}
	_, rest, _ := bytes.Cut(line, []byte(key))
	text, _, _ := bytes.Cut(rest, []byte(`"`))
	at, err := time.Parse(time.RFC3339Nano, string(text))
	return at, err == nil
}

// log are lines of the provisioning log, the newest first, not decoded.
type log struct {
	lines [][]byte
	small [][]byte // the same in small letters; nil where no name is looked for
}

// logOf takes lines, of which some about a name may be asked for.
func logOf(lines [][]byte, named bool) log {
	l := log{lines: lines}
	if named {
		l.small = make([][]byte, len(lines))
		for i, line := range lines {
			l.small[i] = lowered(line)
		}
	}
	return l
}

// lowered gives a text in small letters, and that soon where it is ASCII, as most are.
func lowered(text []byte) []byte {
	out := make([]byte, len(text))
	for i, b := range text {
		if b >= utf8.RuneSelf {
			return bytes.ToLower(text)
		}
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		out[i] = b
	}
	return out
}

// pick decodes the lines that the sieve lets through, until enough says so.
func (l log) pick(s sieve, enough func(state.Change) bool) error {
	for i, line := range l.lines {
		var small []byte
		if l.small != nil {
			small = l.small[i]
		}
		if !s.lets(line, small) {
			continue
		}
		c, err := state.Decode[state.Change](state.Entry{Value: line}, state.Bucket(state.Log))
		if err != nil {
			return err
		}
		if enough(c) {
			return nil
		}
	}
	return nil
}

// those decodes all lines that the sieve lets through.
func (l log) those(s sieve) (list []state.Change, err error) {
	err = l.pick(s, func(c state.Change) bool { list = append(list, c); return false })
	return list, err
}

// known finds what a subject is known by, and the lines that may be about it.
func (l log) known(f HistoryFilter) (identified, []state.Change, error) {
	first := sieve{}.about(f.Subject)
	all, err := l.those(first)
	if err != nil {
		return identified{}, nil, err
	}
	words := append(slices.Sorted(maps.Keys(f.identified(all).ids)), f.Subject)
	if second := (sieve{}).about(words...); len(second.names) != len(first.names) { // else the subject is an id, and all it has
		if all, err = l.those(second); err != nil {
			return identified{}, nil, err
		}
	}
	who := f.identified(all)
	if len(who.names) == 1 { // its own alone: it had no other
		return who, all, nil
	}
	all, err = l.those(sieve{}.about(slices.Concat(words, slices.Sorted(maps.Keys(who.names)))...))
	return who, all, err
}
