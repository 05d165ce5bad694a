package main

import (
	"math"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Latencies collects durations; any goroutine may add.
type Latencies struct {
	mutex sync.Mutex
	all   []time.Duration
}

// Add takes a duration.
func (latencies *Latencies) Add(took ...time.Duration) {
	latencies.mutex.Lock()
	latencies.all = append(latencies.all, took...)
	latencies.mutex.Unlock()
}

// Milliseconds returns quantiles, in milliseconds with three decimals, and the count.
func (latencies *Latencies) Milliseconds() map[string]float64 {
	slices.Sort(latencies.all)
	figures := map[string]float64{"count": float64(len(latencies.all))}
	if len(latencies.all) == 0 {
		return figures
	}
	for name, share := range map[string]float64{"p50": 0.5, "p99": 0.99, "max": 1} {
		at := min(int(math.Ceil(share*float64(len(latencies.all))))-1, len(latencies.all)-1)
		figures[name] = math.Round(float64(latencies.all[max(at, 0)].Microseconds())) / 1000
	}
	return figures
}

// Window is the measured part of a run: it begins after the warm-up.
type Window struct{ start, begin, end time.Time }

// NewWindow begins now.
func NewWindow(warmUp, length time.Duration) Window {
	now := time.Now()
	return Window{now, now.Add(warmUp), now.Add(warmUp + length)}
}

// Has tells whether a moment is measured.
func (window Window) Has(moment time.Time) bool {
	return !moment.Before(window.begin) && moment.Before(window.end)
}

// Seconds is the window's length.
func (window Window) Seconds() float64 { return window.end.Sub(window.begin).Seconds() }

// usedCPU is the processor time of this process so far, in seconds.
func usedCPU() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return seconds(usage.Utime) + seconds(usage.Stime)
}

func seconds(value syscall.Timeval) float64 { return float64(value.Sec) + float64(value.Usec)/1e6 }
