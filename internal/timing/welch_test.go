package timing

import (
	"math"
	"math/rand/v2"
	"testing"
)

// durations are what a busy machine shows of an operation of 70 µs: a spread, a
// tail, and now and then another process.
func durations(source *rand.Rand, n int, shift float64) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = 70_000 + shift + 2_000*source.NormFloat64() + 3_000*source.ExpFloat64()
		if source.IntN(50) == 0 {
			all[i] += 5e6 * source.Float64()
		}
	}
	return all
}

func report(source *rand.Rand, shifts ...float64) Report {
	var r Report
	for _, shift := range shifts {
		r.Rounds = append(r.Rounds, compare(durations(source, 4000, shift), durations(source, 4000, 0)))
	}
	return r
}

func TestTheSameTimesAreNoLeak(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		if r := report(rand.New(rand.NewPCG(seed, 1)), 0, 0, 0); r.Leaks() {
			t.Errorf("seed %d: a leak out of nothing: %+v", seed, r.Worst())
		}
	}
}

func TestALeakOfOnePercentIsFoundUnderTheNoise(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		for _, shift := range []float64{700, -700} {
			r := report(rand.New(rand.NewPCG(seed, 2)), shift, shift, shift)
			if !r.Leaks() {
				t.Errorf("seed %d: %v ns stay hidden: %+v", seed, shift, r.Worst())
			}
			if w := r.Worst(); math.Signbit(w.T) != math.Signbit(shift) || math.Abs(w.T) <= threshold {
				t.Errorf("seed %d: the worst result of %v ns is %+v", seed, shift, w)
			}
		}
	}
}

func TestHalvesThatDoNotEvenOverlapAreALeak(t *testing.T) {
	t.Parallel()
	var r Report
	for range rounds {
		r.Rounds = append(r.Rounds, compare([]float64{1, 2, 3, 4, 5, 6, 7, 8}, []float64{101, 102, 103, 104, 105, 106, 107, 108}))
	}
	if w := r.Worst(); !r.Leaks() || math.IsNaN(w.T) || math.IsNaN(r.Sharpest()) {
		t.Errorf("leaks: %v, %+v", r.Leaks(), w)
	}
}

func TestWhatOneRoundAloneShowsIsNoLeak(t *testing.T) {
	t.Parallel()
	for _, shifts := range [][]float64{{2000, 0, 0}, {2000, -2000, 2000}, {0, 2000, 2000}} {
		if r := report(rand.New(rand.NewPCG(1, 3)), shifts...); r.Leaks() {
			t.Errorf("shifts of %v in three rounds are called a leak", shifts)
		}
	}
}

// Two small samples whose t another program has computed.
func TestTIsThatOfWelch(t *testing.T) {
	t.Parallel()
	a := []float64{27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4}
	b := []float64{27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.4}
	got := compare(a, b)[0]
	if math.Abs(got.T - -2.852954870171521) > 1e-9 || math.Abs(got.Difference-(20.82-23.65333333333333)) > 1e-9 {
		t.Errorf("t = %v, difference %v", got.T, got.Difference)
	}
}
