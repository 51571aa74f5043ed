// Package timing tells whether an operation takes a time that depends on its
// secret, in the way of dudect: the operation runs with one fixed secret and with
// random ones, in random order, and Welch's t-test asks whether the two sets of
// durations can have the same mean. It is used by tests only.
//
// It can find a leak and never prove that there is none: every result carries the
// smallest difference that it would have found.
package timing

import (
	"fmt"
	"math"
	"slices"
)

// threshold is the |t| from which chance is no explanation; dudect's is 4.5.
const threshold = 5

// crops are the shares of the shortest durations that are compared. Long ones are
// the machine's (another process, an interrupt) and drown a small difference; but
// a difference may also show in the long ones only, so all are looked at.
var crops = []float64{1, 0.99, 0.95, 0.9, 0.75, 0.5, 0.25}

// Result compares the durations up to one crop.
type Result struct {
	Crop       float64 // the share of all durations that was kept
	T          float64 // Welch's t: how many standard errors the means are apart
	Difference float64 // of the means, fixed less random, in nanoseconds
	Detectable float64 // the difference that would have reached the threshold
}

// compare returns one result for each crop.
func compare(fixed, random []float64) []Result {
	all := slices.Concat(fixed, random)
	slices.Sort(all)
	results := make([]Result, len(crops))
	for i, crop := range crops {
		limit := all[int(crop*float64(len(all)-1))]
		mf, ef := moments(fixed, limit)
		mr, er := moments(random, limit)
		se := math.Sqrt(ef + er)
		if math.IsNaN(se) { // one half lies beyond the crop; a wider crop says so
			results[i] = Result{Crop: crop, Detectable: math.Inf(1)}
			continue
		}
		results[i] = Result{Crop: crop, T: (mf - mr) / se, Difference: mf - mr, Detectable: threshold * se}
	}
	return results
}

// moments returns the mean of the durations up to limit, and its variance; NaN of
// fewer than two.
func moments(durations []float64, limit float64) (mean, variance float64) {
	var n, m2 float64
	for _, d := range durations {
		if d > limit {
			continue
		}
		n++
		delta := d - mean
		mean += delta / n
		m2 += delta * (d - mean)
	}
	if n < 2 {
		return math.NaN(), math.NaN()
	}
	return mean, m2 / (n - 1) / n
}

// Report is what all rounds of one subject say.
type Report struct {
	Rounds [][]Result
}

// Leaks tells that the time depends on the secret: at one crop, every round is
// beyond the threshold and to the same side. A real difference is there in every
// round; what a busy machine does to one round is not.
func (r Report) Leaks() bool {
	for i := range crops {
		above, below := true, true
		for _, round := range r.Rounds {
			above = above && round[i].T > threshold
			below = below && round[i].T < -threshold
		}
		if above || below {
			return true
		}
	}
	return false
}

// Worst is the result that comes closest to a leak: of each crop the round that
// speaks most against one, of those the strongest.
func (r Report) Worst() Result {
	var worst Result
	for i := range crops {
		least := r.Rounds[0][i]
		for _, round := range r.Rounds[1:] {
			if math.Signbit(round[i].T) != math.Signbit(least.T) {
				least.T = 0
			} else if math.Abs(round[i].T) < math.Abs(least.T) {
				least = round[i]
			}
		}
		if i == 0 || math.Abs(least.T) > math.Abs(worst.T) {
			worst = least
		}
	}
	return worst
}

// Sharpest is the smallest difference that any crop would have found in every
// round, in nanoseconds.
func (r Report) Sharpest() float64 {
	best := math.Inf(1)
	for i := range crops {
		var needed float64
		for _, round := range r.Rounds {
			needed = max(needed, round[i].Detectable)
		}
		best = min(best, needed)
	}
	return best
}

// String is one line about the report.
func (r Report) String() string {
	w := r.Worst()
	return fmt.Sprintf("|t| %.1f in the weakest of %d rounds (difference %.0f ns, crop %.2f); would have found %.0f ns",
		math.Abs(w.T), len(r.Rounds), w.Difference, w.Crop, r.Sharpest())
}
