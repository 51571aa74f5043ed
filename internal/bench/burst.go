package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// errExhausted: what was prepared is used up, and no more can be made now.
var errExhausted = errors.New("nothing left that was prepared")

// worker is one of those who ask at the same time. Only one goroutine uses it.
type worker interface {
	// open makes the connection, before the clock starts.
	open(ctx context.Context) error
	close()
	// operate does one operation and tells how long the server took. The time
	// counts only without an error.
	operate(ctx context.Context) (time.Duration, error)
	// sampler holds the signatures to be verified later; nil: none.
	sampler() *sampler
}

// Why a burst ended.
const (
	stoppedByTime        = "duration"
	stoppedByCount       = "count"
	stoppedByInterrupt   = "interrupted"
	stoppedByExhaustion  = "ran out of what was prepared"
	stoppedByFailures    = "too many failures in a row"
	failuresInARow       = 50
	pauseAfterAFailure   = 5 * time.Millisecond
	longestFailurePause  = 200 * time.Millisecond
	expectedSamplesAhead = 1 << 12
)

// burst is load without a pause, and what came of it.
type burst struct {
	latencies Latencies
	tally     tally
	elapsed   time.Duration // from the start to the end of the last operation
	stopped   string
}

// perSecond is the rate of the operations that succeeded.
func (b burst) perSecond() float64 {
	if b.elapsed <= 0 {
		return 0
	}
	return float64(b.latencies.Len()) / b.elapsed.Seconds()
}

// limits end a burst: no operation starts after either. 0 is none.
type limits struct {
	count    int
	duration time.Duration
}

// drive lets all workers operate until a limit.
func drive(ctx context.Context, workers []worker, lim limits, progress *Progress) burst {
	var (
		claimed  atomic.Int64
		parts    = make([][]time.Duration, len(workers))
		tallies  = make([]tally, len(workers))
		outcomes = make([]string, len(workers))
		group    sync.WaitGroup
		start    = time.Now()
	)
	claim := func() string {
		switch {
		case ctx.Err() != nil:
			return stoppedByInterrupt
		case lim.duration > 0 && time.Since(start) >= lim.duration:
			return stoppedByTime
		case lim.count > 0 && claimed.Add(1) > int64(lim.count):
			return stoppedByCount
		}
		return ""
	}
	for i, w := range workers {
		group.Go(func() {
			samples := make([]time.Duration, 0, expectedSamplesAhead)
			failures := 0
			for {
				if outcomes[i] = claim(); outcomes[i] != "" {
					break
				}
				took, err := w.operate(ctx)
				if err == nil {
					samples = append(samples, took)
					failures = 0
					progress.Add(1)
					continue
				}
				if errors.Is(err, errExhausted) {
					outcomes[i] = stoppedByExhaustion
					break
				}
				if ctx.Err() != nil {
					continue // cut off by us: neither done nor failed
				}
				tallies[i].add(asFault(err))
				progress.Fail()
				if failures++; failures >= failuresInARow {
					outcomes[i] = stoppedByFailures
					break
				}
				pause(ctx, min(time.Duration(failures)*pauseAfterAFailure, longestFailurePause))
			}
			parts[i] = samples
		})
	}
	group.Wait()
	b := burst{latencies: NewLatencies(parts...), elapsed: time.Since(start)}
	for _, t := range tallies {
		b.tally.merge(t)
	}
	b.stopped = reason(outcomes)
	return b
}

// reason picks the ordinary end only if every worker came to it.
func reason(outcomes []string) string {
	for _, worse := range []string{stoppedByInterrupt, stoppedByFailures, stoppedByExhaustion} {
		for _, o := range outcomes {
			if o == worse {
				return worse
			}
		}
	}
	return outcomes[0]
}

// pause keeps a server that refuses everything from being flooded.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
