package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine is where a measurement was done.
type machine struct {
	System, Processor string
	Cores             int
	Memory            string // with its unit
	Go                string
	Date              time.Time
	Load              string // average of the last 1, 5 and 15 minutes, before the first part
}

const unknown = "unknown"

func thisMachine() machine {
	return machine{
		System: runtime.GOOS + "/" + runtime.GOARCH, Processor: field("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(),
		Memory: memorySize(), Go: runtime.Version(), Date: time.Now().UTC(), Load: loadAverage(),
	}
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	words := strings.Fields(string(text))
	if err != nil || len(words) < 3 {
		return unknown
	}
	return strings.Join(words[:3], " ")
}

// memorySize tells the machine's memory in GB.
func memorySize() string {
	kilobytes, err := strconv.Atoi(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"))
	if err != nil {
		return unknown
	}
	return fmt.Sprintf("%.0f GB", float64(kilobytes)*1024/1e9)
}

// field gives the first value of that name in a file of "name : value" lines.
func field(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return unknown
	}
	for line := range strings.Lines(string(text)) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return unknown
}
