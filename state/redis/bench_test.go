package redis_test

import (
	"testing"

	"github.com/omnisync/omnisync/state/statetest"
)

func BenchmarkStore(b *testing.B) {
	statetest.Bench(b, func(b *testing.B) statetest.Store { return open(b, shared, statetest.Name()) })
}

func BenchmarkLog(b *testing.B) {
	name := statetest.Name()
	client := raw(b, shared)
	statetest.BenchLog(b, open(b, shared, name), func() int64 {
		return client.MemoryUsage(b.Context(), "omnisync:{"+name+"}:stream:log", 0).Val() // 0 for none yet
	})
}
