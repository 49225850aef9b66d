package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func milliseconds(ours, bare float64) toll {
	return toll{time.Duration(ours * 1e6), time.Duration(bare * 1e6)}
}

// What a push adds is told by pair: one that is slow counts at p99 and not in the median.
func TestAddedRows(t *testing.T) {
	pairs := slices.Repeat([]toll{milliseconds(3, 1)}, 98)
	pairs = append(pairs, milliseconds(41, 1), milliseconds(41, 1))
	rows := addedRows(row{What: "a push"}, pairs)
	if r := rows[0]; r.Got != "2.00 ms" || r.Detail != "3.00 ms / 1.00 ms, ratio 3.0" || r.verdict() != "at most 5 ms: reached" {
		t.Errorf("%+v", r)
	}
	if r := rows[1]; r.Got != "40.00 ms" || r.verdict() != "at most 20 ms: **not reached**" || !strings.Contains(r.Detail, "100 pairs") {
		t.Errorf("%+v", r)
	}
}

func TestWritesRow(t *testing.T) {
	for writes, want := range map[int]string{7: "one a push = 7: reached", 8: "one a push = 7: **not reached**", 6: "one a push = 7: **not reached**"} {
		if r := writesRow(row{What: "a push"}, writes, 7); r.verdict() != want {
			t.Errorf("%d: %+v", writes, r)
		}
	}
}

func TestReadRows(t *testing.T) {
	fast := readRows(row{What: "a read"}, []toll{milliseconds(0.5, 0.5), milliseconds(0.5, 0.4)}, 1000)
	if fast[0].Got != "2000" || fast[0].verdict() != "at least 1,000: reached" || fast[1].verdict() != "at most 1.50: reached" {
		t.Errorf("%+v", fast)
	}
	slow := readRows(row{What: "a read"}, []toll{milliseconds(2, 1)}, 1000)
	if slow[0].Got != "500" || slow[0].verdict() != "at least 1,000: **not reached**" || slow[1].verdict() != "at most 1.50: **not reached**" {
		t.Errorf("%+v", slow)
	}
}

// That Omni's own answer grows with a group is no growth of ours.
func TestMemberRow(t *testing.T) {
	costs := map[string][]toll{pushMember: {milliseconds(20, 10)}, pushMembers: {milliseconds(100, 50)}}
	r := memberRow(row{What: "a member"}, costs, 100_000)
	if r.Got != "1.00" || r.verdict() != "at most 1.50: reached" || !strings.Contains(r.What, "50,000 / in one of 10,000") {
		t.Errorf("%+v", r)
	}
	costs[pushMembers] = []toll{milliseconds(200, 50)}
	if r := memberRow(row{What: "a member"}, costs, 100_000); r.Got != "2.00" || r.verdict() != "at most 1.50: **not reached**" {
		t.Errorf("%+v", r)
	}
}

func TestShare(t *testing.T) {
	s := series{5, 1, 4, 2, 3}
	for part, want := range map[float64]float64{0: 1, 0.2: 1, 0.5: 3, 0.8: 4, 0.99: 5, 1: 5} {
		if got := s.share(part); got != want {
			t.Errorf("%v of %v is %v, want %v", part, s, got, want)
		}
	}
	if (series{}).share(0.5) != 0 {
		t.Error("none of nothing is something")
	}
}
