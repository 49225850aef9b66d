//go:build race

package sync_test

// histories is how many the race detector leaves time for.
const histories = 200

// sweepStride is the distance of the requests that a sweep meets.
const sweepStride = 9
