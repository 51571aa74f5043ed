package sqlstore_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/sqlstore"
)

// BenchmarkMillion looks at a database with a million spent proofs, a million
// signatures and 100,000 open quotes: how long 1000 Ys take, known and unknown,
// and how long opening takes. Filling it takes about a minute.
func BenchmarkMillion(b *testing.B) {
	path := filepath.Join(b.TempDir(), "mint.db")
	known := fillMillion(b, path)
	f := newForge(99)
	var unknown []bdhke.Point
	for range len(known) {
		unknown = append(unknown, f.point(true))
	}
	s := open(b, path)
	for _, look := range []struct {
		name string
		ys   []bdhke.Point
	}{{"known", known}, {"unknown", unknown}} {
		b.Run("1000-ys-"+look.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Proofs(b.Context(), look.ys); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			s, err := sqlstore.Open(b.Context(), sqlstore.Config{Path: path, Owner: "bench"})
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// fillMillion returns a thousand Ys from all over the database.
func fillMillion(b *testing.B, path string) (ys []bdhke.Point) {
	b.Helper()
	const (
		operations, each = 2000, 500
		quotes           = 100_000
	)
	s := open(b, path)
	f := newForge(1)
	for i := range operations {
		op := f.swap(each)
		if err := op.run(b.Context(), s); err != nil {
			b.Fatal(err)
		}
		if i%2 == 0 {
			ys = append(ys, op.proofs[i%each].Y)
		}
	}
	now := time.Unix(1_800_000_000, 0)
	for first := 0; first < quotes; first += 1000 {
		err := s.Update(b.Context(), mint.Deferred, func(tx mint.Tx) error {
			for i := first; i < first+1000; i++ {
				q := mint.MintQuote{
					ID: uuid.Must(uuid.NewV7()).String(), Method: "bolt11", Unit: "sat", Amount: cashu.Amount(i + 1),
					Request: "lnbc1", LookupID: fmt.Sprint("lookup ", i), Created: now, Updated: now, Expiry: now.Add(time.Hour),
				}
				if err := tx.AddMintQuote(b.Context(), q); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return ys
}
