package sqldb_test

import (
	"sync/atomic"
	"testing"

	"mintmark/internal/pgtest"
	"mintmark/internal/sqldb"
)

// What a notice costs those who commit to the disk side by side: within their
// transactions, and in one of its own for many.
func BenchmarkDurableCommits(b *testing.B) {
	for _, notice := range []bool{false, true} {
		name := "without a notice"
		if notice {
			name = "each with a notice"
		}
		b.Run(name, func(b *testing.B) {
			server := pgtest.Start(b, pgtest.Options{Fsync: true})
			db := open(b, sqldb.Config{Path: server.Database(b)})
			var id atomic.Int64
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					err := db.Write(b.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
						if err := add(b.Context(), tx, int(id.Add(1))); err != nil || !notice {
							return err
						}
						return tx.Notify(b.Context(), "coins", "0123456789abcdef")
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
