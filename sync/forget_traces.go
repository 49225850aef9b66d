package sync

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/omnisync/omnisync/identity"
	"github.com/omnisync/omnisync/state"
)

// traces are what texts may hold of somebody who is to be forgotten, and what stands in its
// place afterwards.
//
//	addresses  userNames, emails              replaced wherever they stand as a word
//	names      of two words and more          likewise
//	values     of attributes, single names    replaced in what is about the person, and in texts that name the person:
//	                                          others may have them too
type traces struct {
	addresses, names, values map[string]bool
	raw                      map[identity.Value]bool // of attributes, as they are recorded
	pseudonym, address       string
	since                    map[string]time.Time // from when on a folded address is another person's

	named, valued *regexp.Regexp // nil: there are none
	marks         [][]byte       // what a record in JSON holds, in small letters, that mentions the person
}

func newTraces(f state.Forgotten) *traces {
	w := &traces{addresses: map[string]bool{}, names: map[string]bool{}, values: map[string]bool{}, raw: map[identity.Value]bool{},
		pseudonym: f.Pseudonym, address: f.Address(), since: map[string]time.Time{}}
	if f.Open == nil {
		return w
	}
	for _, a := range f.Open.Addresses {
		w.addAddress(a)
	}
	for _, n := range f.Open.Names {
		w.addName(n)
	}
	for _, v := range f.Open.Values {
		w.addText(v)
	}
	return w
}

// remains is what is to be kept of the traces until all of them are replaced.
func (w *traces) remains() *state.Remains {
	return &state.Remains{Addresses: slices.Sorted(maps.Keys(w.addresses)), Names: slices.Sorted(maps.Keys(w.names)), Values: slices.Sorted(maps.Keys(w.values))}
}

func (w *traces) addAddress(s string) {
	if s = strings.TrimSpace(s); s != "" && !w.ours(s) {
		w.addresses[s] = true
	}
}

// addName takes what somebody is called.
func (w *traces) addName(s string) {
	s = strings.TrimSpace(s)
	switch {
	case s == "" || w.ours(s):
	case strings.Contains(s, "@"):
		w.addAddress(s)
	case strings.ContainsFunc(s, unicode.IsSpace):
		w.names[s] = true
	default:
		w.addText(s)
	}
}

// addText takes what counts only beside the person. One letter tells of nobody.
func (w *traces) addText(s string) {
	if s = strings.TrimSpace(s); utf8.RuneCountInString(s) > 1 && !w.ours(s) {
		w.values[s] = true
	}
}

// addValue takes an attribute's value, or each of a list's.
func (w *traces) addValue(v identity.Value) {
	var list []json.RawMessage
	if json.Unmarshal([]byte(v), &list) != nil {
		list = []json.RawMessage{json.RawMessage(v)}
	}
	w.raw[v] = true
	for _, item := range list {
		var s string
		if json.Unmarshal(item, &s) != nil {
			s = string(item) // a number, or true
		}
		w.addText(s)
	}
}

// ours reports whether s is what already stands in the place of something.
func (w *traces) ours(s string) bool { return s == w.pseudonym || s == w.address }

// ready makes texts be searched for all that was added.
func (w *traces) ready() {
	sought := map[string]bool{}
	for a := range w.addresses {
		for _, form := range []string{a, url.QueryEscape(a), url.PathEscape(a), strings.ReplaceAll(a, "@", "%40")} {
			sought[form] = true
		}
	}
	maps.Copy(sought, w.names)
	w.named, w.valued = anyOf(sought, "(?i)"), anyOf(w.values, "")
	w.marks = nil
	for s := range sought {
		w.marks = append(w.marks, inJSON(s, true), inJSON(s, false))
	}
}

// anyOf finds any of the texts, the longest first; nil for none.
func anyOf(texts map[string]bool, flags string) *regexp.Regexp {
	if len(texts) == 0 {
		return nil
	}
	list := slices.SortedFunc(maps.Keys(texts), func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	for i, s := range list {
		list[i] = regexp.QuoteMeta(s)
	}
	return regexp.MustCompile(flags + strings.Join(list, "|"))
}

// inJSON is s in small letters as it stands within JSON.
func inJSON(s string, html bool) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	_ = e.Encode(s) // a string can't fail
	return bytes.ToLower(bytes.Trim(bytes.TrimSpace(b.Bytes()), `"`))
}

// text gives s as it is told once the person is forgotten; at is when it was said. A text
// that names the person loses the person's values too.
func (w *traces) text(s string, at time.Time) string {
	now := replaced(w.named, s, func(found string, from, to int) (string, bool) {
		if !strings.Contains(found, "@") && !strings.Contains(found, "%40") {
			return w.pseudonym, wordAlone(s, from, to)
		}
		return w.address, addressAlone(s, from, to) && !w.anothers(found, at)
	})
	if now == s {
		return s
	}
	return w.beside(now)
}

// anothers reports whether an address was another person's already.
func (w *traces) anothers(address string, at time.Time) bool {
	if plain, err := url.PathUnescape(address); err == nil {
		address = plain
	}
	since, taken := w.since[identity.FoldUserName(address)]
	return taken && !at.Before(since)
}

// beside gives a text about the person without the person's values.
func (w *traces) beside(s string) string {
	return replaced(w.valued, s, func(_ string, from, to int) (string, bool) { return w.pseudonym, wordAlone(s, from, to) })
}

// replaced puts what by gives in the place of what is found, where by says so.
func replaced(sought *regexp.Regexp, s string, by func(found string, from, to int) (string, bool)) string {
	if sought == nil {
		return s
	}
	var b strings.Builder
	last := 0
	for _, at := range sought.FindAllStringIndex(s, -1) {
		if with, yes := by(s[at[0]:at[1]], at[0], at[1]); yes {
			b.WriteString(s[last:at[0]])
			b.WriteString(with)
			last = at[1]
		}
	}
	return b.String() + s[last:]
}

// wordAlone reports whether s[from:to] isn't a part of a longer word.
func wordAlone(s string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:from])
	after, _ := utf8.DecodeRuneInString(s[to:])
	return !inWord(before) && !inWord(after)
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// addressAlone reports whether s[from:to] isn't a part of a longer address. What is written
// as %22 ends a word.
func addressAlone(s string, from, to int) bool {
	before, after := s[:from], s[to:]
	if n := len(before); n >= 3 && before[n-3] == '%' {
		before = ""
	}
	first, _ := utf8.DecodeLastRuneInString(before)
	last, size := utf8.DecodeRuneInString(after)
	if last == '.' { // the end of a sentence
		last, _ = utf8.DecodeRuneInString(after[size:])
	}
	return !inWord(first) && !strings.ContainsRune("._+-", first) && !inWord(last) && last != '-'
}

// mentioned reports whether a record, as JSON, may hold something of the person.
func (w *traces) mentioned(record []byte, ids map[string]bool) bool {
	small := bytes.ToLower(record)
	for id := range ids {
		if bytes.Contains(small, bytes.ToLower([]byte(id))) {
			return true
		}
	}
	return slices.ContainsFunc(w.marks, func(m []byte) bool { return bytes.Contains(small, m) })
}
