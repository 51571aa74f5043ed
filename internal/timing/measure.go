package timing

import (
	crand "crypto/rand"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"time"
)

// Subject is an operation with a secret of 32 bytes.
type Subject struct {
	// Fixed is the secret of the one half of the runs. Random secrets of the
	// other half come from the system's randomness.
	Fixed [32]byte

	// Prepare takes a secret and returns what is to be timed. It does the same
	// work for every secret, because it runs immediately before.
	Prepare func(secret [32]byte) func()

	// Samples are the runs of one round, both halves together; zero means 8000.
	Samples int
}

// rounds are how often everything is repeated.
const rounds = 3

// Measure times the subject. The caller keeps the rest of its process quiet.
func Measure(s Subject) Report {
	if s.Samples == 0 {
		s.Samples = 8000
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var r Report
	for range rounds {
		runtime.GC()
		fixed, random := s.round()
		r.Rounds = append(r.Rounds, compare(fixed, random))
	}
	return r
}

// round returns the durations of one round in nanoseconds. The first runs warm
// caches and predictors up and do not count.
func (s Subject) round() (fixed, random []float64) {
	fixed, random = make([]float64, 0, s.Samples), make([]float64, 0, s.Samples)
	for i := range s.Samples + s.Samples/20 {
		var secrets [2][32]byte
		secrets[0] = s.Fixed
		crand.Read(secrets[1][:])
		class := rand.IntN(2)
		run := s.Prepare(secrets[class])
		start := time.Now()
		run()
		took := float64(time.Since(start))
		if i < s.Samples/20 {
			continue
		}
		if class == 0 {
			fixed = append(fixed, took)
		} else {
			random = append(random, took)
		}
	}
	return fixed, random
}
