package sqlstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// A database that grows by more than this for each pair of a spent proof and a
// signature would cost the operator more than promised.
const bytesPerPair = 300

func TestDatabaseGrowsByLessThan300BytesForEachPair(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fills a database")
	}
	const workers = 16
	pairs := 20_000
	if raceEnabled {
		pairs = 4_000
	}
	path := filepath.Join(t.TempDir(), "mint.db")
	s := open(t, path)
	size := func() int64 {
		// Closing the last connection moves the log into the file.
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	empty := size()
	s = open(t, path)
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wg.Go(func() {
			f := newForge(uint64(w))
			for range pairs / workers / 2 {
				errs[w] = errors.Join(errs[w], f.swap(2).run(t.Context(), s))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	perPair := float64(size()-empty) / float64(pairs)
	t.Logf("%.1f bytes for each pair", perPair)
	if perPair > bytesPerPair {
		t.Errorf("%.1f bytes for each pair, want less than %d", perPair, bytesPerPair)
	}
}
