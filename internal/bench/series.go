package main

import (
	"math"
	"slices"
)

// series are the outcomes of one measurement, repeated.
type series []float64

// median is the middle one, or the mean of the two in the middle; 0 of none.
func (s series) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	n := len(sorted)
	switch {
	case n == 0:
		return 0
	case n%2 == 1:
		return sorted[n/2]
	default:
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
}

// spread is the least and the largest; 0 of none.
func (s series) spread() (least, most float64) {
	if len(s) == 0 {
		return 0, 0
	}
	return slices.Min(s), slices.Max(s)
}

// share is the outcome that so large a share of them don't exceed; 0 of none.
func (s series) share(part float64) float64 {
	sorted := slices.Sorted(slices.Values(s))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, int(math.Ceil(part*float64(len(sorted))))-1)]
}
