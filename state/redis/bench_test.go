package redis_test

import (
	"testing"

	"github.com/omnisync/omnisync/state/statetest"
)

func BenchmarkStore(b *testing.B) {
	statetest.Bench(b, func(b *testing.B) statetest.Store { return open(b, shared, statetest.Name()) })
}
