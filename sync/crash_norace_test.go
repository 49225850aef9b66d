//go:build !race

package sync_test

// histories is how many are drawn where nothing slows them down.
const histories = 2000
