//go:build race

package sync_test

// histories is how many the race detector leaves time for.
const histories = 200

// sweepStride is the distance of the requests that a sweep meets.
const sweepStride = 15

// drawnTogether is how many lives with both modes the race detector leaves time for.
const drawnTogether = 60

// burst is how many are assigned at once, where the race detector counts.
const burst = 1000

// drawnTrails is how many histories of a followed log are drawn, where the race detector counts.
const drawnTrails = 30

// leavings is how many histories of leavers the race detector leaves time for.
const leavings = 60

// drawnPauses is how many of them with pauses are.
const drawnPauses = 20

// drawnUndoes is how many runs the race detector leaves time to undo.
const drawnUndoes = 15

// audits is how many histories of who had access the race detector leaves time for.
const audits = 25
