//go:build !unix

package main

import (
	"errors"
	"time"
)

// used isn't known here.
func used() (time.Duration, int64, error) {
	return 0, 0, errors.New("CPU time and memory are measured on Linux and macOS alone")
}
