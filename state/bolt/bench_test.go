package bolt_test

import (
	"os"
	"testing"

	"github.com/omnisync/omnisync/state/statetest"
)

func BenchmarkStore(b *testing.B) {
	statetest.Bench(b, func(b *testing.B) statetest.Store { return open(b, ledgerPath(b)) })
}

func BenchmarkLog(b *testing.B) {
	path := ledgerPath(b)
	statetest.BenchLog(b, open(b, path), func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		return info.Size()
	})
}
