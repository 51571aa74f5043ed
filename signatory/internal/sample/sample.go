// Package sample decides which signatures are verified when not all of them are:
// by the signatory before they leave, and by the mint before it believes them.
//
// What it looks for is broken or wrong for good, not once: the first answer after
// a pause is always looked at, and under load one signature in many. So the price
// is bounded, 2 ms of each second and 7 µs of each signature, whether answers are
// few and large or many and small. It must never become a protection against a
// signatory that lies now and then; for that, all have to be verified.
package sample

import (
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// pause is the time after which the next answer is looked at in any case.
	pause = 100 * time.Millisecond
	// oneIn signatures is verified, on average, of answers that follow closely.
	oneIn = 32
)

// Sampler picks. The zero value is ready, and safe for concurrent use.
type Sampler struct {
	mu   sync.Mutex
	last time.Time // when the last answer was picked for being due
}

// Pick chooses one of n signatures, n at least 1, or none.
func (s *Sampler) Pick(n int) (i int, ok bool) {
	if !s.due(time.Now()) && rand.IntN(oneIn) >= n {
		return 0, false
	}
	return rand.IntN(n), true
}

func (s *Sampler) due(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if since := now.Sub(s.last); since >= 0 && since < pause {
		return false
	}
	s.last = now
	return true
}
