package sqldb_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mintmark/internal/sqldb"
)

func TestLogStaysShortUnderLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "coins.db")
	var mu sync.Mutex
	seen := map[string]int{}
	db := open(t, sqldb.Config{Path: path, Observe: func(name string, _ time.Duration, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			seen[name]++
		}
	}})
	const workers, each, size = 8, 100, 64 << 10
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				if err := db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error {
					_, err := tx.Exec(t.Context(), addCoin, w*each+i, nil, make([]byte, size), nil)
					return err
				}); err != nil {
					t.Error(err)
				}
				_ = ids(t, db) // readers must not keep the log long either
			}
		})
	}
	wg.Wait()
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	written := int64(workers * each * size)
	t.Logf("wrote %d MiB, the log has %d MiB, %d checkpoints, %d rewinds", written>>20, info.Size()>>20,
		seen["sqldb.checkpoint"], seen["sqldb.checkpoint.rewind"])
	if info.Size() > written*3/4 || seen["sqldb.checkpoint"] == 0 || seen["sqldb.checkpoint.rewind"] == 0 {
		t.Errorf("the log has grown to %d of %d bytes written", info.Size(), written)
	}
}
