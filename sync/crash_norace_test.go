//go:build !race

package sync_test

// histories is how many are drawn where nothing slows them down.
const histories = 2000

// sweepStride is the distance of the requests that a sweep meets.
const sweepStride = 1
