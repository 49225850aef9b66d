package sync

import "iter"

// ahead reads up to n objects of a list before they are asked for, so that the
// source isn't kept waiting while the reader is busy. It stops with the loop.
func ahead[T any](list iter.Seq2[T, error], n int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		type item struct {
			value T
			err   error
		}
		items, stop, ended := make(chan item, n), make(chan struct{}), make(chan struct{})
		defer func() { close(stop); <-ended }()
		go func() {
			defer close(ended)
			defer close(items)
			for v, err := range list {
				select {
				case items <- item{v, err}:
				case <-stop:
					return
				}
			}
		}()
		for i := range items {
			if !yield(i.value, i.err) {
				return
			}
		}
	}
}
