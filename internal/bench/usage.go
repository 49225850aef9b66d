//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// used is the process's CPU time, user and system, and its peak memory in bytes.
func used() (time.Duration, int64, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0, err
	}
	cpu := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	if runtime.GOOS != "linux" {
		return cpu, int64(u.Maxrss), nil //nolint:unconvert // bytes on macOS; on some machines an int32
	}
	peak, err := highWater()
	return cpu, peak, err
}

// highWater reads VmHWM. Linux's ru_maxrss begins with the memory of the process
// that started this one.
func highWater() (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no VmHWM")
}
