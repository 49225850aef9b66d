package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// hugeGroup is how many members the group has in which one user is touched.
const hugeGroup = 50_000

// idleLooks is how many looks at the System Log are counted while nothing is touched.
const idleLooks = 20

// mostTrips is how often a look in vain may ask the ledger, besides the lease.
const mostTrips = 3

// What is done to one user, and how often a delta may ask Okta because of it.
var touches = []struct {
	what  string
	asked int
}{{touchProfile, 3}, {touchLeave, 3}, {touchJoin, 3}, {touchUnassign, 6}}

const (
	touchProfile  = "a profile changes"
	touchLeave    = "somebody leaves the group"
	touchJoin     = "somebody joins the group"
	touchUnassign = "somebody is unassigned"
)

// deltas measures looks at the System Log, and what one touched user costs.
func (b *bench) deltas(ctx context.Context, store string) ([]row, error) {
	b.say("delta/%s: %d users", store, b.company.Users)
	url, err := b.place(ctx, store)
	if err != nil {
		return nil, err
	}
	if store != "redis" {
		url = strings.Replace(url, "bench.db", "delta.db", 1)
	}
	t, err := perform(ctx, task{Role: "delta", Company: b.company, Ledger: url, Turns: b.Runs})
	if err != nil {
		return nil, err
	}
	return deltaRows(store, b.company, *t.Delta), nil
}

// strolled is what the deltas of one measurement took.
type strolled struct {
	Okta, Omni, Trips int // of all looks in vain
	Commands          int // of Redis, for them
	One               map[string]asked
	Runs              []toll // a delta, and reading the index alone
	CPU               series // of these deltas, in milliseconds
}

// asked is what one touched user cost.
type asked struct{ Okta, Writes int }

func deltaRows(store string, c company, s strolled) []row {
	idle := fmt.Sprintf("delta, nothing touched, %s users", grouped(c.Users))
	each := func(n int) string { return fmt.Sprintf("%.2g", float64(n)/idleLooks) }
	count := func(what string, n, most int, detail string) row {
		return row{Work: idle, Store: store, What: what + " a look", Got: each(n), Detail: detail,
			Targets: []string{fmt.Sprintf("at most %d", most)}, Reached: []bool{n <= most*idleLooks}}
	}
	commands := ""
	if store == "redis" {
		commands = fmt.Sprintf("%s commands as redis-server counts", each(s.Commands))
	}
	rows := []row{
		count("Okta requests", s.Okta, 1, fmt.Sprintf("%d looks", idleLooks)), count("Omni requests", s.Omni, 0, ""),
		count("questions to the ledger besides the lease,", s.Trips, mostTrips, commands),
	}
	one := fmt.Sprintf("delta of one user, in a group of %s", grouped(min(hugeGroup, c.Users/2)))
	for _, touch := range touches {
		n := s.One[touch.what]
		rows = append(rows,
			row{Work: one, Store: store, What: touch.what + ": Okta requests besides the log", Got: fmt.Sprint(n.Okta),
				Targets: []string{fmt.Sprintf("at most %d", touch.asked)}, Reached: []bool{n.Okta <= touch.asked}},
			row{Work: one, Store: store, What: touch.what + ": Omni requests that write", Got: fmt.Sprint(n.Writes),
				Targets: []string{"1"}, Reached: []bool{n.Writes == 1}})
	}
	work := fmt.Sprintf("delta of one user, %s users", grouped(c.Users))
	cost := tollRow(row{Work: work, Store: store, What: "time / reading the index alone"}, s.Runs, nil)
	return append(rows, cost, row{Work: work, Store: store, What: "CPU time, with both stand-ins'", Got: fmt.Sprintf("%.1f ms", s.CPU.median()), Detail: ranged("%.1f", s.CPU)})
}

// between is how long one turn waits for the next, so that events of two aren't one moment's.
const between = 20 * time.Millisecond
