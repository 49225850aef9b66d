package statetest

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

func absent(t *testing.T, s Store) {
	want(t, s, state.Users, "00u1", nil)
	want(t, s, state.Members("00g1"), "00u1", nil)
	if all := contents(t, s, state.Users); len(all) != 0 {
		t.Errorf("an empty ledger has %v", all)
	}
	list, err := s.Tail(t.Context(), state.Log, 10)
	if err != nil || len(list) != 0 {
		t.Errorf("tail of an empty stream gives %q, %v", list, err)
	}
}

func readsBack(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	apply(t, s, f, state.Batch{Writes: []state.Write{
		put(state.Users, "00u1", "one"),
		put(state.Groups, "00u1", "a group"),
		put(state.Members("00g1"), "00u1", "m1"),
		put(state.Members("00g2"), "00u1", "m2"),
	}})
	want(t, s, state.Users, "00u1", []byte("one"))
	want(t, s, state.Groups, "00u1", []byte("a group"))
	want(t, s, state.Members("00g1"), "00u1", []byte("m1"))
	want(t, s, state.Members("00g2"), "00u1", []byte("m2"))
	apply(t, s, f, state.Batch{Writes: []state.Write{
		put(state.Users, "00u1", "two"),
		remove(state.Groups, "00u1"),
		remove(state.Groups, "never there"),
		remove(state.Members("00g3"), "never there"),
	}})
	want(t, s, state.Users, "00u1", []byte("two"))
	want(t, s, state.Groups, "00u1", nil)
	apply(t, s, f, state.Batch{})
	if all := contents(t, s, state.Users); len(all) != 1 {
		t.Errorf("users are %v", all)
	}
}

func oddKeys(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	odd := map[string]string{
		"a/b/c": "slashes", "a": "a prefix", "a/": "a trailing slash", " ": "a blank",
		"ключ🔑": "unicode", "e\u0301": "decomposed", "é": "composed", "\x00": "a zero byte",
		"\xff\xfe": "not UTF-8", "{x}:*?[a]": "a pattern", "line\r\nbreak": "a break",
		strings.Repeat("k", state.MaxKey): "the longest key", "empty": "", "\x00\x00": "\x00\xff",
	}
	buckets := []state.Bucket{state.Users, state.Members("00g/1"), "members", "ключ {}"}
	for _, b := range buckets {
		batch := state.Batch{}
		for k, v := range odd {
			batch.Writes = append(batch.Writes, put(b, k, v))
		}
		apply(t, s, f, batch)
	}
	for _, b := range buckets {
		for k, v := range odd {
			want(t, s, b, k, []byte(v))
		}
		if got := contents(t, s, b); !maps.Equal(got, odd) {
			t.Errorf("bucket %q has %.200q, want %.200q", b, got, odd)
		}
	}
	want(t, s, state.Users, "", nil)
	want(t, s, "", "a", nil)
}

func bigValues(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	b := state.Batch{Appends: []state.Append{{Stream: state.Log, Value: big}}}
	for i := range 8 {
		b.Writes = append(b.Writes, state.Write{Bucket: state.Users, Key: fmt.Sprint(i), Value: big})
	}
	apply(t, s, f, b)
	want(t, s, state.Users, "7", big)
	list, err := s.Tail(t.Context(), state.Log, 1)
	if err != nil || len(list) != 1 || !bytes.Equal(list[0], big) {
		t.Errorf("tail gives %d entries, %v", len(list), err)
	}
}

func batchOrder(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	apply(t, s, f, state.Batch{Writes: []state.Write{
		put(state.Users, "twice", "first"),
		put(state.Users, "gone", "x"),
		put(state.Groups, "between", "x"),
		remove(state.Users, "gone"),
		put(state.Users, "twice", "second"),
		remove(state.Users, "back"),
		put(state.Users, "back", "again"),
	}})
	want(t, s, state.Users, "twice", []byte("second"))
	want(t, s, state.Users, "gone", nil)
	want(t, s, state.Users, "back", []byte("again"))
}

func batchRefused(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	good := []state.Write{put(state.Users, "good", "x")}
	entry := []state.Append{{Stream: state.Log, Value: []byte("x")}}
	for name, b := range map[string]state.Batch{
		"no key":        {Writes: append(good[:1:1], put(state.Users, "", "x")), Appends: entry},
		"no bucket":     {Writes: append(good[:1:1], put("", "k", "x")), Appends: entry},
		"long key":      {Writes: append(good[:1:1], put(state.Users, strings.Repeat("k", state.MaxKey+1), "x"))},
		"no stream":     {Writes: good, Appends: append(entry[:1:1], state.Append{Stream: "nobody's", Value: []byte("x")})},
		"nameless drop": {Writes: good, Drops: []state.Bucket{""}},
	} {
		err := s.Apply(t.Context(), f, b)
		if err == nil {
			t.Errorf("%s: applied", name)
		}
		wantKind(t, err, fault.Refused)
	}
	want(t, s, state.Users, "good", nil)
	if list, err := s.Tail(t.Context(), state.Log, 9); err != nil || len(list) != 0 {
		t.Errorf("the log has %q, %v", list, err)
	}
}

func drops(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	one, two := state.Members("00g1"), state.Members("00g2")
	apply(t, s, f, state.Batch{Writes: append(numbered(one, 300), numbered(two, 3)...)})
	apply(t, s, f, state.Batch{
		Drops:  []state.Bucket{one, state.Members("never there")},
		Writes: []state.Write{put(one, "new", "x")},
	})
	if got := contents(t, s, one); !maps.Equal(got, map[string]string{"new": "x"}) {
		t.Errorf("the dropped bucket has %.200q", got)
	}
	if got := contents(t, s, two); len(got) != 3 {
		t.Errorf("the other bucket has %.200q", got)
	}
}

func bigBatches(t *testing.T, s Store) {
	f := acquire(t, s, "a", long)
	for _, n := range []int{5_000, 10_000} {
		users := numbered(state.Users, n)
		b := state.Batch{Writes: users}
		for i, m := range numbered(state.Members("00g1"), n/10) {
			b.Writes = append(b.Writes, m, remove(state.Users, users[i].Key))
		}
		for i := range 100 {
			b.Appends = append(b.Appends, state.Append{Stream: state.Log, Value: fmt.Append(nil, i)})
		}
		apply(t, s, f, b)
		if got := contents(t, s, state.Users); len(got) != n-n/10 {
			t.Errorf("%d users, want %d", len(got), n-n/10)
		}
		if got := contents(t, s, state.Members("00g1")); len(got) != n/10 {
			t.Errorf("%d members, want %d", len(got), n/10)
		}
		want(t, s, state.Users, users[n-1].Key, users[n-1].Value)
	}
	removal := state.Batch{}
	for _, w := range numbered(state.Users, 10_000) {
		removal.Remove(w.Bucket, w.Key)
	}
	apply(t, s, f, removal)
	if got := contents(t, s, state.Users); len(got) != 0 {
		t.Errorf("%d users left", len(got))
	}
}
