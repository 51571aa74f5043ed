package sqlstore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"mintmark/mint"
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
	fillPairs(t, s, workers, pairs)
	perPair := float64(size()-empty) / float64(pairs)
	t.Logf("%.1f bytes for each pair", perPair)
	if perPair > bytesPerPair {
		t.Errorf("%.1f bytes for each pair, want less than %d", perPair, bytesPerPair)
	}
}

// fillPairs runs swaps of 2 inputs and 2 outputs.
func fillPairs(t *testing.T, s mint.Store, workers, pairs int) {
	t.Helper()
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
}

// A row of PostgreSQL has a head of 24 bytes, and every row has to be in an index
// of its own, so it needs more than twice the room.
const bytesPerPairOnPostgreSQL = 800

func TestDatabaseOnPostgreSQLGrowsAsItIsSaidTo(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fills a database")
	}
	const workers, pairs = 16, 12_800
	url := postgres.Database(t)
	s := open(t, url)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	size := func() (total int64, tables []string) {
		// Dead rows are swept as the server would do it by itself, later.
		if _, err := conn.Exec(t.Context(), "VACUUM"); err != nil {
			t.Fatal(err)
		}
		rows, err := conn.Query(t.Context(), `SELECT relname::text, pg_relation_size(relid)::bigint, pg_indexes_size(relid)::bigint, pg_total_relation_size(relid)::bigint
			FROM pg_stat_user_tables ORDER BY 4 DESC`)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var name string
			var heap, indexes, all int64
			if err := rows.Scan(&name, &heap, &indexes, &all); err != nil {
				t.Fatal(err)
			}
			total += all
			tables = append(tables, fmt.Sprintf("%s: %d + %d in indexes", name, heap/pairs, indexes/pairs))
		}
		return total, tables
	}
	empty, _ := size()
	fillPairs(t, s, workers, pairs)
	full, tables := size()
	perPair := float64(full-empty) / pairs
	t.Logf("%.1f bytes for each pair: %s", perPair, strings.Join(tables[:6], ", "))
	if perPair > bytesPerPairOnPostgreSQL {
		t.Errorf("%.1f bytes for each pair, want less than %d", perPair, bytesPerPairOnPostgreSQL)
	}
}
