package main

import (
	"fmt"
	"strings"
	"time"
)

// row is one figure.
type row struct {
	Work, Store, What string
	Got               string
	Detail            string // spread, or what is behind the figure
	Targets           []string
	Reached           []bool // of each target
}

// outcome is a whole measurement.
type outcome struct {
	Machine   machine
	Company   company
	Runs      int
	Latency   time.Duration
	Took      time.Duration
	LoadAfter string
	Rows      []row
}

// ratioRow fills r with the median of ratios and what becomes of the targets.
func ratioRow(r row, ratios series, targets []float64) row {
	r.Got = fmt.Sprintf("%.2f (%s)", ratios.median(), ranged("%.2f", ratios))
	for _, t := range targets {
		r = atMost(r, ratios.median(), t, "%.2f")
	}
	return r
}

// atMost adds a target to r.
func atMost(r row, got, target float64, format string) row {
	r.Targets = append(r.Targets, "at most "+fmt.Sprintf(format, target))
	r.Reached = append(r.Reached, got <= target)
	return r
}

// verdict says of each target whether it is reached.
func (r row) verdict() string {
	var told []string
	for i, t := range r.Targets {
		word := "reached"
		if !r.Reached[i] {
			word = "**not reached**"
		}
		told = append(told, t+": "+word)
	}
	return strings.Join(told, "; ")
}

// markdown is the page that readers get.
func (o outcome) markdown() string {
	var b strings.Builder
	m, c := o.Machine, o.Company
	fmt.Fprintf(&b, `# Benchmarks

Written by `+"`make bench`"+` on %s, in %s.

- machine: %s, %d cores (%s), memory %s; load average %s before, %s after
- %s
- company: %s users, %s groups, %s memberships; each measurement %d times, engine and floor in turns

Every figure is a count, or a ratio to the least that the work could cost on the same machine at the same time: the
median of the pairs, with the least and the largest. *Only downloading* is a reader with the same HTTP client, the same
requests and as many of them at once. *Only decoding* is that reader with github.com/go-json-experiment/json, into
structs of the fields that are needed. The stand-in that answers is a process of its own; CPU time is user and system
time of the measured process, of the run without the process's start; memory is its resident set at its largest. What
the absolute figures are behind a ratio stands beside it. What a push adds is its time less that of the same change sent
straight to Omni, in pairs; caller, endpoint and Omni are processes of their own on these cores.

| work | ledger | figure | measured | behind it | target |
| --- | --- | --- | --- | --- | --- |
`, m.Date.Format("2006-01-02"), o.Took.Round(time.Second), m.Processor, m.Cores, m.System, m.Memory, m.Load, o.LoadAfter, m.Go,
		grouped(c.Users), grouped(c.Groups), grouped(c.memberships()), o.Runs)
	for _, r := range o.Rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.Work, r.Store, r.What, r.Got, r.Detail, r.verdict())
	}
	return b.String()
}
