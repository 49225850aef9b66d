package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Targets of the endpoint, in milliseconds, requests a second, and as ratios.
const (
	addedMedian = 5.0
	addedP99    = 20.0
	fewestReads = 1000.0
	steady      = 1.5 // of the time with many users, or members, to that with few
)

// fewUsers is how many users the small company has that the large one is held against.
const fewUsers = 1000

// pushing measures the endpoint that Okta pushes to.
func (b *bench) pushing(ctx context.Context, store string) ([]row, error) {
	large, small := b.apart("many", b.Users), b.apart("few", min(fewUsers, b.Users))
	defer large.stop()
	defer small.stop()
	many, record, err := large.endpoint(ctx, store)
	if err != nil {
		return nil, err
	}
	few, fewRecord, err := small.endpoint(ctx, store)
	if err != nil {
		return nil, err
	}
	all := taken{Costs: map[string][]toll{}, Writes: map[string]int{}}
	for i := range b.Runs {
		b.say("push/%s: run %d of %d", store, i+1, b.Runs)
		t, err := perform(ctx, task{Role: "caller", Company: large.company, At: large.at, Endpoint: many.At, Record: record,
			Small: few.At, Few: small.company, FewRecord: fewRecord, Pushes: b.Pushes, Turn: i})
		if err != nil {
			return nil, err
		}
		for kind, costs := range t.Costs {
			all.Costs[kind] = append(all.Costs[kind], costs...)
		}
		for kind, n := range t.Writes {
			all.Writes[kind] += n
		}
	}
	return large.pushRows(store, all, many), nil
}

// apart is a measurement with a company, an Omni and ledgers of its own: pushes
// change them. Records are shared.
func (b *bench) apart(name string, users int) *bench {
	o := b.options
	if o.Work == "" {
		o.Work = b.dir
	}
	return &bench{options: o, company: newCompany(users), progress: b.progress, dir: filepath.Join(b.dir, name),
		ledgers: map[string]string{}}
}

// endpoint starts an endpoint over a filled ledger, before an Omni that has the
// users of the ledger.
func (b *bench) endpoint(ctx context.Context, store string) (o opened, record string, err error) {
	if err := os.MkdirAll(b.dir, 0o750); err != nil {
		return o, "", err
	}
	url, err := b.prepared(ctx, store)
	if err != nil {
		return o, "", err
	}
	if record, err = b.recorded(ctx, b.at); err != nil {
		return o, "", err
	}
	if _, err := tell(ctx, b.at, &setup{Empty: true, Restore: record}); err != nil {
		return o, "", err
	}
	name := fmt.Sprintf("push-%s-%d", store, b.company.Users)
	o, stop, err := startServer[opened](ctx, task{Role: "endpoint", Company: b.company, At: b.at, Ledger: url,
		CPU: profilePath(b.CPU, name+".cpu.pprof"), Memory: profilePath(b.Memory, name+".allocs.pprof")})
	if err == nil {
		b.stops = append(b.stops, stop)
	}
	return o, record, err
}

func (b *bench) pushRows(store string, t taken, o opened) []row {
	rows := make([]row, 0, 16)
	work := "push, " + grouped(b.company.Users) + " users"
	for _, kind := range []string{pushRename, pushCreate} {
		rows = append(rows, addedRows(row{Work: work, Store: store, What: kind}, t.Costs[kind])...)
		rows = append(rows, writesRow(row{Work: work, Store: store, What: kind}, t.Writes[kind], len(t.Costs[kind])))
	}
	for _, kind := range []string{askUser, askName} {
		rows = append(rows, readRows(row{Work: work, Store: store, What: kind}, t.Costs[kind], min(fewUsers, b.company.Users))...)
	}
	member := row{Work: work, Store: store, What: pushMember}
	rows = append(rows, memberRow(member, t.Costs, b.company.Users), writesRow(member, t.Writes[pushMember]+t.Writes[pushMembers],
		len(t.Costs[pushMember])+len(t.Costs[pushMembers])))
	group := row{Work: work, Store: store, What: fmt.Sprintf("%s of %s members: time / Omni alone", pushGroup, grouped(b.company.Users/halfOfAll))}
	made, detail := ratiosOf(t.Costs[pushGroup])
	group.Detail = detail
	rows = append(rows, ratioRow(group, made, nil))
	each := float64(o.Book) / float64(b.company.Users)
	return append(rows,
		row{Work: work, Store: store, What: "memory of what is known of a user", Got: fmt.Sprintf("%.0f bytes", each), Detail: fmt.Sprintf("%.0f MB of all users", float64(o.Book)/1e6)},
		row{Work: work, Store: store, What: "reading the ledger at the start", Got: o.Load.Round(10 * time.Millisecond).String()})
}

// addedRows tell how much longer a push takes than Omni alone takes for the same.
func addedRows(r row, pairs []toll) []row {
	var added, ours, bare series
	for _, p := range pairs {
		o, w := p.Ours.Seconds()*1e3, p.Bare.Seconds()*1e3
		ours, bare, added = append(ours, o), append(bare, w), append(added, o-w)
	}
	median, late := r, r
	median.What, late.What = r.What+": added to Omni's own answer, median", r.What+": added to Omni's own answer, p99"
	median.Got = fmt.Sprintf("%.2f ms", added.median())
	_, median.Detail = ratiosOf(pairs)
	late.Got = fmt.Sprintf("%.2f ms", added.share(0.99))
	late.Detail = fmt.Sprintf("%.2f ms / %.2f ms, of %s pairs", ours.share(0.99), bare.share(0.99), grouped(len(pairs)))
	return []row{atMost(median, added.median(), addedMedian, "%.0f ms"), atMost(late, added.share(0.99), addedP99, "%.0f ms")}
}

// writesRow tells how often Omni was written to for so many pushes.
func writesRow(r row, writes, pushes int) row {
	r.What += ": Omni requests that write"
	r.Got, r.Targets, r.Reached = grouped(writes), []string{"one a push = " + grouped(pushes)}, []bool{writes == pushes}
	return r
}

// readRows tell how many requests are answered in a second, and how the time of one
// grows with the number of users.
func readRows(r row, blocks []toll, few int) []row {
	var rates, ratios series
	for _, t := range blocks {
		rates, ratios = append(rates, 1/t.Ours.Seconds()), append(ratios, t.Ours.Seconds()/t.Bare.Seconds())
	}
	rate, growth := r, r
	rate.What = r.What + ": a second, caller on the same cores"
	rate.Got, rate.Detail = fmt.Sprintf("%.0f", rates.median()), ranged("%.0f", rates)
	rate.Targets, rate.Reached = []string{fmt.Sprintf("at least %s", grouped(fewestReads))}, []bool{rates.median() >= fewestReads}
	growth.What = r.What + ": time / with " + grouped(few) + " users"
	growth.Detail = fmt.Sprintf("%.3f ms a request", 1e3/rates.median())
	return []row{rate, ratioRow(growth, ratios, []float64{steady})}
}

// memberRow tells how the time of a push grows with the group, held against Omni's
// own answer, which tells all members and so grows too.
func memberRow(r row, costs map[string][]toll, users int) row {
	few, fewDetail := ratiosOf(costs[pushMember])
	many, manyDetail := ratiosOf(costs[pushMembers])
	r.What = fmt.Sprintf("%s: time / Omni alone and decoding; that in a group of %s / in one of %s", r.What, grouped(users/halfOfAll), grouped(users/tenthOfAll))
	r.Got = fmt.Sprintf("%.2f", many.median()/few.median())
	r.Detail = manyDetail + "; " + fewDetail
	return atMost(r, many.median()/few.median(), steady, "%.2f")
}

// ratiosOf gives the ratio of each pair, and tells the medians that are behind it.
func ratiosOf(pairs []toll) (ratios series, detail string) {
	var ours, bare series
	for _, p := range pairs {
		o, w := p.Ours.Seconds()*1e3, p.Bare.Seconds()*1e3
		ours, bare, ratios = append(ours, o), append(bare, w), append(ratios, o/w)
	}
	return ratios, fmt.Sprintf("%.2f ms / %.2f ms, ratio %.1f", ours.median(), bare.median(), ratios.median())
}
