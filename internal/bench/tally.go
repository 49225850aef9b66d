package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// tally is a count that should be the same in every run.
type tally struct {
	told    string
	detail  string
	target  string
	reached bool
	each    []int
}

func (t tally) all(want int) bool {
	return !slices.ContainsFunc(t.each, func(n int) bool { return n != want })
}

// sameCount tells what was counted in the runs: one number where it was the
// same in all of them.
func sameCount(counts []map[string]int, what ...string) tally {
	var t tally
	for _, c := range counts {
		n := 0
		for _, w := range what {
			n += c[w]
		}
		t.each = append(t.each, n)
	}
	if len(t.each) == 0 {
		return t
	}
	least, most := slices.Min(t.each), slices.Max(t.each)
	t.told = grouped(least)
	if least != most {
		t.told += " to " + grouped(most)
	}
	return t
}

// kinds are the requests to Okta in the order in which they are told.
var kinds = []string{countApp, countUsers, countMappings, countGroups, countMembers, countOther}

// requests compares what a full run asked with what the design lets it ask.
func (b *bench) requests(counts []map[string]int, members bool) (okta, omni tally) {
	want := leastRequests(b.company, members)
	okta = sameCount(counts, kinds...)
	var told []string
	total := 0
	okta.reached = true
	for _, kind := range kinds {
		n := sameCount(counts, kind)
		if n.told != "0" {
			told = append(told, kind+": "+n.told)
		}
		okta.reached = okta.reached && n.all(want[kind])
		total += want[kind]
	}
	okta.detail, okta.target = strings.Join(told, ", "), grouped(total)
	omni = sameCount(counts, countReads, countWrites)
	omni.target, omni.reached = "2", omni.all(2) // how user attributes are defined, and, as a process's first run, whose the key is
	return okta, omni
}

// leastRequests are the requests of a full run: the pages of the lists, of the
// groups' list twice where members are read, because only then it is known that
// no group moved meanwhile.
func leastRequests(c company, members bool) map[string]int {
	pages := func(n, size int) int { return (n + size - 1) / size }
	want := map[string]int{countApp: 1, countUsers: pages(c.Users, 500), countMappings: pages(c.Groups, 1000), countGroups: pages(c.Groups, 200)}
	if members {
		want[countMembers] = c.Groups * pages(c.Each, 1000)
		want[countGroups] *= 2
	}
	return want
}

// grouped spells n with a comma before each three digits.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// ranged tells the least and the largest of a series.
func ranged(format string, s series) string {
	least, most := s.spread()
	return fmt.Sprintf(format+" to "+format, least, most)
}
