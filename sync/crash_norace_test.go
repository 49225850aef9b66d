//go:build !race

package sync_test

// histories is how many TestPromise4CrashAnywhere draws where nothing slows it down.
const histories = 2000

// sweepStride is the distance of the requests that TestFaultSweep meets.
const sweepStride = 1

// drawnTogether is how many lives with both modes are drawn.
const drawnTogether = 500

// burst is how many are assigned at once.
const burst = 5000

// drawnTrails is how many histories of a followed log are drawn.
const drawnTrails = 150

// leavings is how many histories TestPromise14LeaversHandOverFirst draws.
const leavings = 500

// drawnPauses is how many of them with pauses are.
const drawnPauses = 150

// drawnUndoes is how many runs TestUndoOfDrawnRuns undoes.
const drawnUndoes = 100

// audits is how many histories TestAccessAgreesWithOmni draws.
const audits = 120
