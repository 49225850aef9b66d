package state_test

import (
	"strings"
	"testing"

	"github.com/omnisync/omnisync/fault"
	"github.com/omnisync/omnisync/state"
)

func TestCheck(t *testing.T) {
	long := strings.Repeat("k", state.MaxKey+1)
	for _, c := range []struct {
		name  string
		batch state.Batch
		says  string // "" when it is good
	}{
		{"empty", state.Batch{}, ""},
		{"good", state.Batch{
			Writes:  []state.Write{{Bucket: state.Users, Key: "k", Value: []byte{}}, {Bucket: state.Users, Key: long[1:]}},
			Appends: []state.Append{{Stream: state.Log}, {Stream: state.Runs, Value: []byte("x")}},
			Drops:   []state.Bucket{state.Members("00g1")},
		}, ""},
		{"no key", state.Batch{Writes: []state.Write{{Bucket: state.Users}}}, `write "users": the key has no name`},
		{"long key", state.Batch{Writes: []state.Write{{Bucket: state.Users, Key: long}}}, "32769 bytes long, at most 32768"},
		{"no bucket", state.Batch{Writes: []state.Write{{Key: "k"}}}, "the bucket has no name"},
		{"long bucket", state.Batch{Writes: []state.Write{{Bucket: state.Bucket(long), Key: "k"}}}, "32769 bytes"},
		{"dropping nothing", state.Batch{Drops: []state.Bucket{""}}, "the bucket has no name"},
		{"unknown stream", state.Batch{Appends: []state.Append{{Stream: "x"}}}, `append "x": no such stream`},
	} {
		err := c.batch.Check()
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), c.says) || len(err.Error()) > 300 {
			t.Errorf("%s: %.400v, want %q", c.name, err, c.says)
		}
	}
}

func TestEmpty(t *testing.T) {
	if b := (state.Batch{}); !b.Empty() {
		t.Error("nothing isn't empty")
	}
	for _, b := range []state.Batch{
		{Writes: make([]state.Write, 1)}, {Appends: make([]state.Append, 1)}, {Drops: make([]state.Bucket, 1)},
	} {
		if b.Empty() {
			t.Errorf("%+v is empty", b)
		}
	}
}

func TestKeep(t *testing.T) {
	if state.Log.Keep() < 100_000 || state.Runs.Keep() < 1_000 || state.Stream("x").Keep() != 0 {
		t.Errorf("kept are %d, %d, %d", state.Log.Keep(), state.Runs.Keep(), state.Stream("x").Keep())
	}
}
