package sqlstore_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/internal/pgtest"
	"mintmark/mint"
	"mintmark/mint/sqlstore"
)

// BenchmarkSwap is both transactions of a swap of 2 inputs and 2 outputs, by so
// many workers at once. Points are made before the clock starts.
func BenchmarkSwap(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		none := func(testing.TB) time.Duration { return 0 }
		benchmarkSwap(b, none, func() *sqlstore.Store { return open(b, filepath.Join(b.TempDir(), "mint.db")) })
	})
	b.Run("postgres", func(b *testing.B) {
		server := pgtest.Start(b, pgtest.Options{Fsync: true})
		benchmarkSwap(b, server.CPU, func() *sqlstore.Store { return open(b, server.Database(b)) })
	})
}

func benchmarkSwap(b *testing.B, serverCPU func(testing.TB) time.Duration, open func() *sqlstore.Store) {
	for _, workers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			s := open()
			f := newForge(1)
			swaps := make([]*swap, b.N)
			for i := range swaps {
				swaps[i] = f.swap(2)
			}
			took := make([]time.Duration, b.N)
			var next atomic.Int64
			var wg sync.WaitGroup
			cpu, server := cpuTime(b), serverCPU(b)
			b.ResetTimer()
			for range workers {
				wg.Go(func() {
					for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
						start := time.Now()
						if err := swaps[i].run(b.Context(), s); err != nil {
							b.Error(err)
						}
						took[i] = time.Since(start)
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "swaps/s")
			b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "cpu-us/swap")
			if used := serverCPU(b) - server; used > 0 {
				b.ReportMetric(float64(used.Microseconds())/float64(b.N), "server-cpu-us/swap")
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[b.N/2].Microseconds()), "p50-us")
			b.ReportMetric(float64(took[b.N*99/100].Microseconds()), "p99-us")
		})
	}
}

// cpuTime is what this process has used of the processors.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fill adds so many spent proofs and returns 1000 of their Ys.
func fill(t testing.TB, s *sqlstore.Store, proofs int) []bdhke.Point {
	t.Helper()
	f := newForge(7)
	var ys []bdhke.Point
	for range proofs / 200 {
		sw := f.swap(0)
		for range 200 {
			p := mint.SpentProof{Y: f.point(true), Amount: 1, KeysetID: keysetOne()}
			sw.proofs = append(sw.proofs, p)
		}
		if err := sw.run(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < 200; i += proofs / 1000 {
			ys = append(ys, sw.proofs[i].Y)
		}
	}
	return ys
}

// BenchmarkCheckState is a look at 1000 Ys, known and unknown.
func BenchmarkCheckState(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkCheckState(b, filepath.Join(b.TempDir(), "mint.db")) })
	b.Run("postgres", func(b *testing.B) { benchmarkCheckState(b, postgres.Database(b)) })
}

func benchmarkCheckState(b *testing.B, path string) {
	s := open(b, path)
	known := fill(b, s, 100_000)
	unknown := make([]bdhke.Point, len(known))
	for i, f := 0, newForge(8); i < len(unknown); i++ {
		unknown[i] = f.point(true)
	}
	for name, ys := range map[string][]bdhke.Point{"spent": known, "unknown": unknown} {
		b.Run(fmt.Sprintf("%s=%d", name, len(ys)), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Proofs(b.Context(), ys); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRestore is a look at 100 blinded messages of 50 operations.
func BenchmarkRestore(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "mint.db"))
	f := newForge(3)
	var bs []bdhke.Point
	for range 50 {
		sw := f.swap(2)
		if err := sw.run(b.Context(), s); err != nil {
			b.Fatal(err)
		}
		bs = append(bs, sw.outputs[0].B, sw.outputs[1].B)
	}
	for b.Loop() {
		if _, err := s.Signatures(b.Context(), bs); err != nil {
			b.Fatal(err)
		}
	}
}

func TestLookingUp1000YsTakesMilliseconds(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	proofs, most := 100_000, 10*time.Millisecond
	if raceEnabled { // a scan would still be found out
		proofs, most = 10_000, 200*time.Millisecond
	}
	s := open(t, filepath.Join(t.TempDir(), "mint.db"))
	ys := fill(t, s, proofs)
	best := time.Hour
	for range 20 {
		start := time.Now()
		if _, err := s.Proofs(t.Context(), ys); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	t.Logf("%d Ys among %d proofs: %v", len(ys), proofs, best)
	if best > most {
		t.Errorf("the best of 20 took %v, want less than %v", best, most)
	}
}
