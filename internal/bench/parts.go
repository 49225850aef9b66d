package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Targets, as the design has them. Of two, the second is what it wishes for.
var (
	wallTargets   = []float64{1.10}
	indexTargets  = []float64{1.50} // of Redis
	cpuTargets    = []float64{2.0, 1.5}
	memoryTargets = map[bool]float64{false: 150, true: 300} // MB, without and with all members
)

// indexBytes is what the index may take of memory, a user. The design says about 100.
const indexBytes = 120

// fullRun measures a run in which nothing changed, beside both floors.
func (b *bench) fullRun(ctx context.Context, store string, members bool) ([]row, error) {
	url, err := b.prepared(ctx, store)
	if err != nil {
		return nil, err
	}
	name := map[bool]string{false: "full", true: "members"}[members]
	engine := task{Role: "engine", Company: b.company, At: b.at, Ledger: url, Members: members}
	var slow, fast pairs
	for i := range b.Runs {
		b.say("%s/%s: run %d of %d", name, store, i+1, b.Runs)
		if err := slow.add(ctx, engine, false, b.Latency); err != nil {
			return nil, err
		}
		measured := engine
		measured.CPU = profilePath(b.CPU, fmt.Sprintf("%s-%s-%d.cpu.pprof", name, store, i+1))
		measured.Memory = profilePath(b.Memory, fmt.Sprintf("%s-%s-%d.allocs.pprof", name, store, i+1))
		if err := fast.add(ctx, measured, true, 0); err != nil {
			return nil, err
		}
	}
	walls, walled := compare(slow, func(t taken) float64 { return t.Wall.Seconds() })
	cpus, cpued := compare(fast, func(t taken) float64 { return t.CPU.Seconds() })
	var peaks series
	for _, t := range append(slow.engine, fast.engine...) {
		peaks = append(peaks, float64(t.Peak)/1e6)
	}
	okta, omni := b.requests(append(slow.counts, fast.counts...), members)
	work := fmt.Sprintf("full run, nothing changed, %s", map[bool]string{false: "default", true: "all members read"}[members])
	_, most := peaks.spread()
	return []row{
		{Work: work, Store: store, What: "Okta requests", Got: okta.told, Detail: okta.detail, Reached: []bool{okta.reached}, Targets: []string{okta.target}},
		{Work: work, Store: store, What: "Omni requests", Got: omni.told, Detail: "how user attributes are defined, whose the key is; and no change was planned", Reached: []bool{omni.reached}, Targets: []string{omni.target}},
		ratioRow(row{Work: work, Store: store, What: "time at " + b.Latency.String() + " a page / only downloading", Detail: walled}, walls, wallTargets),
		ratioRow(row{Work: work, Store: store, What: "CPU time / only decoding", Detail: cpued}, cpus, cpuTargets),
		atMost(row{Work: work, Store: store, What: "peak memory, largest", Got: fmt.Sprintf("%.0f MB", most), Detail: ranged("%.0f", peaks)}, most,
			memoryTargets[members], "%.0f MB"),
	}, nil
}

// pairs are runs of the engine, each with the run of the floor after it.
type pairs struct {
	engine, floor []taken
	counts        []map[string]int // of each engine run
}

// add runs both. The floor must read what the engine read.
func (p *pairs) add(ctx context.Context, engine task, decode bool, latency time.Duration) error {
	e, asked, err := counted(ctx, engine, setup{Latency: latency})
	if err != nil {
		return err
	}
	if err := idle(e); err != nil {
		return err
	}
	f, least, err := counted(ctx, task{Role: "floor", Company: engine.Company, At: engine.At, Members: engine.Members, Decode: decode}, setup{Latency: latency})
	if err != nil {
		return err
	}
	if asked[countBytes] < least[countBytes] || f.Bytes != int64(least[countBytes]) {
		return fmt.Errorf("the engine was served %d bytes, the floor %d and counted %d", asked[countBytes], least[countBytes], f.Bytes)
	}
	p.engine, p.floor, p.counts = append(p.engine, e), append(p.floor, f), append(p.counts, asked)
	return nil
}

// counted performs a task and tells what the stand-in served meanwhile.
func counted(ctx context.Context, t task, s setup) (taken, map[string]int, error) {
	if _, err := tell(ctx, t.At, &s); err != nil {
		return taken{}, nil, err
	}
	result, err := perform(ctx, t)
	if err != nil {
		return taken{}, nil, err
	}
	counts, err := tell(ctx, t.At, nil)
	return result, counts, err
}

// compare gives the ratio of each pair, and tells the medians that are behind it.
func compare(p pairs, of func(taken) float64) (series, string) {
	var ratios, engine, floor series
	for i := range p.engine {
		e, f := of(p.engine[i]), of(p.floor[i])
		ratios, engine, floor = append(ratios, e/f), append(engine, e), append(floor, f)
	}
	return ratios, fmt.Sprintf("%.2f s / %.2f s", engine.median(), floor.median())
}

func profilePath(folder, name string) string {
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, name)
}

// firstLoads measures first loads.
func (b *bench) firstLoads(ctx context.Context, store string) ([]row, error) {
	var rows []row
	for _, users := range b.Loads {
		more, err := b.firstLoad(ctx, store, newCompany(users))
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func (b *bench) firstLoad(ctx context.Context, store string, c company) ([]row, error) {
	at, stop, err := startStandin(ctx, c)
	if err != nil {
		return nil, err
	}
	defer stop()
	var speeds series
	var counts []map[string]int
	for i := range b.Runs {
		b.say("load/%s: %d users, run %d of %d", store, c.Users, i+1, b.Runs)
		t, asked, err := b.loadOnce(ctx, store, c, at)
		if err != nil {
			return nil, err
		}
		speeds, counts = append(speeds, float64(t.Applied)/t.Wall.Seconds()), append(counts, asked)
	}
	writes := sameCount(counts, countWrites)
	work := fmt.Sprintf("first load, %s users, %s groups", grouped(c.Users), grouped(c.Groups))
	want := c.Users + c.Groups
	return []row{
		{Work: work, Store: store, What: "Omni requests that write", Got: writes.told, Detail: "and " + sameCount(counts, countReads).told + " that read",
			Targets: []string{"users + groups = " + grouped(want)}, Reached: []bool{writes.all(want)}},
		{Work: work, Store: store, What: "changes a second", Got: fmt.Sprintf("%.0f", speeds.median()), Detail: ranged("%.0f", speeds)},
	}, nil
}

// loadOnce loads the company into an empty Omni and a new ledger.
func (b *bench) loadOnce(ctx context.Context, store string, c company, at string) (taken, map[string]int, error) {
	dir, err := os.MkdirTemp(b.dir, "load-")
	if err != nil {
		return taken{}, nil, err
	}
	url := "bolt://" + filepath.Join(dir, "load.db")
	if store == "redis" {
		address, stop, err := startRedis(ctx, dir)
		if err != nil {
			return taken{}, nil, err
		}
		defer stop()
		url = address
	}
	t, counts, err := counted(ctx, task{Role: "engine", Company: c, At: at, Ledger: url}, setup{Empty: true})
	if err != nil {
		return t, nil, err
	}
	if want := c.Users + c.Groups; t.Outcome != "done" || t.Applied != want {
		return t, nil, fmt.Errorf("it ended as %q with %d changes, want %d: %v", t.Outcome, t.Applied, want, t.Doubts)
	}
	return t, counts, nil
}

// ledgerAlone measures the ledger without an engine.
func (b *bench) ledgerAlone(ctx context.Context, store string) ([]row, error) {
	url, err := b.prepared(ctx, store)
	if err != nil {
		return nil, err
	}
	costs := map[string][]toll{}
	var held series
	for i := range b.Runs {
		b.say("ledger/%s: run %d of %d", store, i+1, b.Runs)
		dir, err := os.MkdirTemp(b.dir, "ledger-")
		if err != nil {
			return nil, err
		}
		t, err := perform(ctx, task{Role: "ledger", Company: b.company, Ledger: url, Scratch: dir, Records: b.Records})
		if err != nil {
			return nil, err
		}
		held = append(held, float64(t.Index)/float64(b.company.Users))
		for what, more := range t.Costs {
			costs[what] = append(costs[what], more...)
		}
	}
	work := "the ledger alone, " + grouped(b.company.Users) + " users"
	_, most := held.spread()
	rows := []row{atMost(row{Work: work, Store: store, What: "memory of the index, a user", Got: fmt.Sprintf("%.0f bytes", most),
		Detail: fmt.Sprintf("%.1f MB of all users", most*float64(b.company.Users)/1e6)}, most, indexBytes, "%.0f bytes")}
	for _, what := range []string{tollIndex, tollHeld, tollWhole, tollWrite} {
		r := row{Work: work, Store: store, What: what + " / " + alone(store)}
		if what == tollWrite {
			r.What = fmt.Sprintf("%s, %s of them / %s", what, grouped(b.Records), alone(store))
		}
		var targets []float64
		if what == tollIndex && store == "redis" {
			targets = indexTargets
		}
		rows = append(rows, tollRow(r, costs[what], targets))
	}
	return rows, nil
}

// tollRow fills r with what became of the pairs.
func tollRow(r row, pairs []toll, targets []float64) row {
	var ratios, ours, plain series
	for _, c := range pairs {
		ratios = append(ratios, c.Ours.Seconds()/c.Bare.Seconds())
		ours, plain = append(ours, c.Ours.Seconds()*1e3), append(plain, c.Bare.Seconds()*1e3)
	}
	r.Detail = fmt.Sprintf("%.1f ms / %.1f ms", ours.median(), plain.median())
	return ratioRow(r, ratios, targets)
}

func alone(store string) string {
	return map[string]string{"bolt": "bbolt alone", "redis": "Redis alone"}[store]
}
