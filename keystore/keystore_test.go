package keystore

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
)

const otherSeed = "0000000000000000000000000000000000000000000000000000000000000002"

// testConfig is a keystore in a file of its own, made if it is missing.
func testConfig(t testing.TB) Config {
	t.Helper()
	return Config{
		Path:          filepath.Join(t.TempDir(), "keystore.db"),
		Create:        true,
		Seed:          mustSeed(t, nuts250Seed),
		IssuerVersion: "mintmark/0.1.0",
		Clock:         func() time.Time { return testNow },
		Logger:        slog.New(slog.DiscardHandler),
	}
}

func mustOpen(t testing.TB, cfg Config) *Keystore {
	t.Helper()
	ks, err := Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ks.Close() })
	return ks
}

func mustRotate(t testing.TB, ks *Keystore, p RotateParams) cashu.Keyset {
	t.Helper()
	k, err := ks.Rotate(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestANewKeystoreIsEmpty(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	s := ks.Keysets()
	if s.Epoch != 1 || len(s.Keysets) != 0 {
		t.Errorf("snapshot %+v, want epoch 1 and no keysets", s)
	}
	if _, err := ks.Sign(t.Context(), []cashu.BlindedMessage{{Amount: 1}}); !errors.Is(err, cashu.ErrKeysetUnknown) {
		t.Errorf("Sign = %v, want 12001", err)
	}
}

// The whole way: rotation, database, re-opening. The ids are those of nuts#250.
func TestKeysetsComeBackAfterARestart(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	ks := mustOpen(t, cfg)
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(64), IDVersion: ptr(cashu.V1), InputFeePPK: ptr[uint64](100)})
	mustRotate(t, ks, RotateParams{Unit: "auth", Amounts: powersOfTwo(1), IDVersion: ptr(cashu.V1)})
	mustRotate(t, ks, RotateParams{Unit: "sat", FinalExpiry: 1_900_000_000, IDVersion: ptr(cashu.V2)})
	before := ks.Keysets()
	if err := ks.Close(); err != nil {
		t.Fatal(err)
	}

	cfg.Create = false
	after := mustOpen(t, cfg).Keysets()
	if after.Epoch != 4 || before.Epoch != 4 {
		t.Errorf("epochs %d and %d, want 4", before.Epoch, after.Epoch)
	}
	assertSameKeysets(t, after.Keysets, before.Keysets)
	if len(after.Keysets) != 3 {
		t.Fatalf("%d keysets, want 3", len(after.Keysets))
	}
	sat, auth, newSat := after.Keysets[0], after.Keysets[1], after.Keysets[2]
	if sat.ID.String() != "00b5a0580f75cc2f" || sat.Active {
		t.Errorf("first keyset %s active=%v", sat.ID, sat.Active)
	}
	if auth.ID.String() != "00e1cf6079abb988" || !auth.Active {
		t.Errorf("second keyset %s active=%v", auth.ID, auth.Active)
	}
	if newSat.ID.Version() != cashu.V2 || !newSat.Active || newSat.InputFeePPK != 100 || newSat.FinalExpiry != 1_900_000_000 ||
		newSat.Keys.Len() != 64 || newSat.IssuerVersion != "mintmark/0.1.0" {
		t.Errorf("third keyset %+v", newSat)
	}
	for _, k := range after.Keysets {
		if err := k.VerifyID(); err != nil {
			t.Errorf("keyset %s: %v", k.ID, err)
		}
	}
}

func TestTheFirstIndexIsOneAndNoneIsUsedTwice(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	for range 3 {
		mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
		mustRotate(t, ks, RotateParams{Unit: "usd", Amounts: powersOfTwo(2)})
	}
	got := map[cashu.Unit][]uint32{}
	for _, r := range mustRows(t, ks) {
		got[r.unit] = append(got[r.unit], r.index)
		if !r.created.Equal(testNow) {
			t.Errorf("created %v, want %v", r.created, testNow)
		}
	}
	for _, unit := range []cashu.Unit{"sat", "usd"} {
		if !slices.Equal(got[unit], []uint32{1, 2, 3}) {
			t.Errorf("%s has the indexes %v", unit, got[unit])
		}
	}
}

func TestConcurrentRotationsAllCountAndLeaveOneActiveKeyset(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	const n = 8
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, err := ks.Rotate(t.Context(), RotateParams{Unit: "sat", Amounts: powersOfTwo(2)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s := ks.Keysets()
	active := 0
	for _, k := range s.Keysets {
		if k.Active {
			active++
		}
	}
	if len(s.Keysets) != n || active != 1 || s.Epoch != n+1 || !s.Keysets[n-1].Active {
		t.Errorf("%d keysets, %d active, epoch %d", len(s.Keysets), active, s.Epoch)
	}
}

// The unique keys are the last line of defence: here the rotation is bypassed.
func TestTheDatabaseRefusesAnIndexOrAnIdTwice(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	taken := mustRows(t, ks)[0]
	otherID, err := cashu.ParseKeysetID("00e1cf6079abb988")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*row){
		"unit and index": func(r *row) { r.epoch, r.id = 99, otherID },
		"id":             func(r *row) { r.epoch, r.index = 99, 99 },
		"epoch":          func(r *row) { r.index, r.id = 99, otherID },
	} {
		t.Run(name, func(t *testing.T) {
			r := taken
			change(&r)
			err := ks.db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error { return addRow(t.Context(), tx, r) })
			if !errors.Is(err, sqldb.ErrUnique) {
				t.Errorf("Write = %v, want ErrUnique", err)
			}
		})
	}
}

// mustRows reads the table behind the keystore's back.
func mustRows(t *testing.T, ks *Keystore) []row {
	t.Helper()
	var rows []row
	err := ks.db.Read(t.Context(), func(tx sqldb.Tx) (err error) {
		rows, err = readRows(t.Context(), tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func assertSameKeysets(t *testing.T, got, want []cashu.Keyset) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d keysets, want %d", len(got), len(want))
	}
	for i := range want {
		g, w := got[i], want[i]
		if g.ID != w.ID || g.Unit != w.Unit || g.Active != w.Active || g.InputFeePPK != w.InputFeePPK ||
			g.FinalExpiry != w.FinalExpiry || g.IssuerVersion != w.IssuerVersion || !slices.Equal(g.Keys.Amounts(), w.Keys.Amounts()) {
			t.Errorf("keyset %d is %+v, want %+v", i, g, w)
		}
	}
}
