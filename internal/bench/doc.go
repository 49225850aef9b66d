// Command bench measures what a run costs, beside the least that it could cost.
//
//	go run ./internal/bench                      all parts, a quarter of an hour; writes docs/benchmarks.md
//	go run ./internal/bench -users 10000 -runs 1 a quick look
//	go run ./internal/bench -only full/bolt -cpuprofile DIR -memprofile DIR
//	go tool pprof -http : DIR/full-bolt-1.cpu.pprof
//
// The parts are full, members, load, ledger, push and delta, each followed by a ledger:
// full/bolt. With -only, and with fewer users, the table goes to the terminal
// alone. A profile costs some of the CPU time that is measured. -work DIR keeps
// the record of the first load, which every ledger is filled from, so that the
// next call finds it; delete it when the form of the ledger changes.
//
// Whatever is measured is a process of its own (child.go), so that its CPU time
// and its memory are its alone: this program starts itself again with "child"
// as its argument and a task on standard input. There are nine kinds:
//
//	serve    the stand-in for both sides, with answers made before (standin.go)
//	record   a first load, whose record is saved (prepare.go)
//	fill     a copy of that record into a ledger (prepare.go)
//	engine   one run of the engine over a ledger (engine.go)
//	floor    a reader that asks the same of Okta and only downloads, or decodes too (floor.go)
//	ledger   the ledger alone, beside bbolt and Redis alone (ledger.go)
//	endpoint takes pushes over a ledger (endpoint.go)
//	caller   pushes as Okta does, and asks the same of Omni alone (caller.go)
//	delta    looks at the System Log, over both sides' stand-ins of the tests (delta_run.go)
//
// How long a change in Okta takes to Omni, with and without deltas and event hooks, and
// what of Okta's limits is used for it, is measured in simulated time, by a test: TestHourOfAFreeOrg prints its table.
//
// Engine and floor take turns, and so do a push and its like at Omni. A figure is the ratio of one pair; the table has
// the median of the pairs, and the least and the largest (table.go).
package main
