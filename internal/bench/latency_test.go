package bench

import (
	"testing"
	"time"
)

func TestQuantilesAreSamplesByNearestRank(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100 - i) // 100, 99, ... 1: unsorted on purpose
	}
	tests := []struct {
		name    string
		samples []time.Duration
		q       float64
		want    time.Duration
	}{
		{"the median of a hundred", hundred, 0.50, 50},
		{"the 95th of a hundred", hundred, 0.95, 95},
		{"the 99th of a hundred", hundred, 0.99, 99},
		{"one is the maximum", hundred, 1, 100},
		{"zero is the minimum", hundred, 0, 1},
		{"a single sample is every percentile", []time.Duration{7}, 0.99, 7},
		{"of two, the median is the smaller", []time.Duration{9, 3}, 0.50, 3},
		{"of two, the 99th is the larger", []time.Duration{9, 3}, 0.99, 9},
		{"nothing gives nothing", nil, 0.99, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := NewLatencies(tt.samples).Quantile(tt.q); got != tt.want {
				t.Errorf("Quantile(%v) = %d, want %d", tt.q, got, tt.want)
			}
		})
	}
}

func TestTheSamplesOfAllWorkersCount(t *testing.T) {
	t.Parallel()
	l := NewLatencies([]time.Duration{time.Millisecond, 4 * time.Millisecond}, nil, []time.Duration{time.Second})
	if l.Len() != 3 {
		t.Fatalf("Len() = %d, want 3", l.Len())
	}
	want := LatencySummary{Min: 1, P50: 4, P95: 1000, P99: 1000, Max: 1000, Mean: 335}
	if got := l.Summary(); got != want {
		t.Errorf("Summary() = %+v, want %+v", got, want)
	}
}

func TestOneSlowAnswerInAThousandDoesNotMoveThe99thPercentile(t *testing.T) {
	t.Parallel()
	samples := make([]time.Duration, 1000)
	for i := range samples {
		samples[i] = time.Millisecond
	}
	samples[500] = time.Minute
	l := NewLatencies(samples)
	if p99, worst := l.Quantile(0.99), l.Quantile(1); p99 != time.Millisecond || worst != time.Minute {
		t.Errorf("p99 %v and max %v, want 1ms and 1m", p99, worst)
	}
}
