package bench

import (
	"math"
	"slices"
	"time"
)

// Latencies is every latency of a run, sorted. Percentiles are read from it, so
// they are as exact as the clock.
type Latencies struct {
	sorted []time.Duration
}

// NewLatencies joins what the workers collected.
func NewLatencies(parts ...[]time.Duration) Latencies {
	all := slices.Concat(parts...)
	slices.Sort(all)
	return Latencies{all}
}

// Len counts the samples.
func (l Latencies) Len() int { return len(l.sorted) }

// Quantile is the nearest rank: the smallest sample that at least the share q of
// all samples does not exceed. 0 is the minimum, 1 the maximum; 0 for no samples.
func (l Latencies) Quantile(q float64) time.Duration {
	if len(l.sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(q * float64(len(l.sorted))))
	return l.sorted[min(max(rank, 1), len(l.sorted))-1]
}

// Mean is the average, which hides what the percentiles show.
func (l Latencies) Mean() time.Duration {
	if len(l.sorted) == 0 {
		return 0
	}
	var sum time.Duration
	for _, d := range l.sorted {
		sum += d
	}
	return sum / time.Duration(len(l.sorted))
}

// LatencySummary is what a report tells of the latencies, in milliseconds.
type LatencySummary struct {
	Min  float64 `json:"min"`
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
}

// Summary reads the percentiles.
func (l Latencies) Summary() LatencySummary {
	return LatencySummary{
		Min:  milliseconds(l.Quantile(0)),
		P50:  milliseconds(l.Quantile(0.50)),
		P95:  milliseconds(l.Quantile(0.95)),
		P99:  milliseconds(l.Quantile(0.99)),
		Max:  milliseconds(l.Quantile(1)),
		Mean: milliseconds(l.Mean()),
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func microseconds(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
