package sqlstore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/httpapi"
	"mintmark/mint/sqlstore"
	"mintmark/signatory"
)

// BenchmarkMillion looks at a database with a million spent proofs, a million
// signatures, 100,000 open quotes and 200 keysets: how long 1000 Ys take, known and
// unknown, as the mint looks for them and as a request from its body to the answer,
// and how long a mint takes to start. Filling it takes about a minute.
func BenchmarkMillion(b *testing.B) {
	path := filepath.Join(b.TempDir(), "mint.db")
	known := fillMillion(b, path)
	f := newForge(99)
	var unknown []bdhke.Point
	for range len(known) {
		unknown = append(unknown, f.point(true))
	}
	s := open(b, path)
	m := started(b, s)
	handler, err := httpapi.New(httpapi.Config{Mint: m})
	if err != nil {
		b.Fatal(err)
	}
	for _, look := range []struct {
		name string
		ys   []bdhke.Point
	}{{"known", known}, {"unknown", unknown}} {
		b.Run("1000-ys-"+look.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := m.CheckState(b.Context(), look.ys); err != nil {
					b.Fatal(err)
				}
			}
		})
		body, err := json.Marshal(map[string]any{"Ys": look.ys})
		if err != nil {
			b.Fatal(err)
		}
		b.Run("1000-ys-"+look.name+"-request", func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/checkstate", bytes.NewReader(body)))
				if w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
		})
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("start", func(b *testing.B) {
		for b.Loop() {
			s, err := sqlstore.Open(b.Context(), sqlstore.Config{Path: path, Owner: "bench"})
			if err != nil {
				b.Fatal(err)
			}
			m := started(b, s)
			if err := m.Sweep(b.Context()); err != nil || len(m.Keysets().All()) != 200 {
				b.Fatalf("%d keysets, %v", len(m.Keysets().All()), err)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// noSignatory is away.
type noSignatory struct{ signatory.Signatory }

func started(b *testing.B, s mint.Store) *mint.Mint {
	b.Helper()
	m, err := mint.New(b.Context(), mint.Config{Store: s, Signer: noSignatory{}, Source: noSignatory{}})
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// history is 200 keysets of 32 keys.
func history(b *testing.B, f *forge) signatory.Snapshot {
	b.Helper()
	snapshot := signatory.Snapshot{Identity: f.point(false), Epoch: 200}
	for i := range 200 {
		keys := map[cashu.Amount]bdhke.Point{}
		for bit := range 32 {
			keys[1<<bit] = f.point(false)
		}
		list, err := cashu.NewKeys(keys)
		if err != nil {
			b.Fatal(err)
		}
		snapshot.Keysets = append(snapshot.Keysets, cashu.Keyset{
			ID: cashu.DeriveKeysetIDV2(list, "sat", 0, 0), Unit: "sat", Active: i == 199, Keys: list,
		})
	}
	return snapshot
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
	snapshot := history(b, f)
	err := s.Update(b.Context(), mint.Durable, func(tx mint.Tx) error {
		return errors.Join(tx.SaveKeysets(b.Context(), snapshot), tx.SetConfig(b.Context(), mint.ConfigIdentity, snapshot.Identity.String()))
	})
	if err != nil {
		b.Fatal(err)
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
