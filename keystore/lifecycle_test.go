package keystore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/keystore/rotation"
)

func mustPrepare(t testing.TB, ks *Keystore, p RotateParams) cashu.Keyset {
	t.Helper()
	k, err := ks.Prepare(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// stages is the stage of every keyset, in order.
func stages(ks *Keystore) []Stage {
	var all []Stage
	for _, l := range ks.Lives() {
		all = append(all, l.Stage)
	}
	return all
}

func assertStages(t *testing.T, ks *Keystore, want ...Stage) {
	t.Helper()
	if got := stages(ks); !slices.Equal(got, want) {
		t.Errorf("stages %v, want %v", got, want)
	}
	for i, k := range ks.Keysets().Keysets {
		if k.Active != (want[i] == StageActive) || k.ID != ks.Lives()[i].ID {
			t.Errorf("keyset %d is published with active %v, its stage is %v", i, k.Active, want[i])
		}
	}
}

func TestAKeysetIsPreparedThenActivatedThenRetired(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	ks := mustOpen(t, cfg)
	old := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	fresh := mustPrepare(t, ks, RotateParams{Unit: "sat"})
	assertStages(t, ks, StageActive, StagePrepared)
	if _, err := ks.Sign(t.Context(), testMessages(t, fresh, 1)); !errors.Is(err, cashu.ErrKeysetInactive) {
		t.Errorf("a prepared keyset signs: %v", err)
	}

	if err := ks.Activate(t.Context(), fresh.ID, false); err != nil {
		t.Fatal(err)
	}
	assertStages(t, ks, StageActive, StageActive) // overlap
	for _, k := range []cashu.Keyset{old, fresh} {
		if _, err := ks.Sign(t.Context(), testMessages(t, k, 1)); err != nil {
			t.Errorf("keyset %s does not sign in the overlap: %v", k.ID, err)
		}
	}

	coins := testProofs(t, ks, old, 2)
	if err := ks.Retire(t.Context(), old.ID); err != nil {
		t.Fatal(err)
	}
	assertStages(t, ks, StageRetired, StageActive)
	if _, err := ks.Sign(t.Context(), testMessages(t, old, 1)); !errors.Is(err, cashu.ErrKeysetInactive) {
		t.Errorf("a retired keyset signs: %v", err)
	}
	if err := ks.Verify(t.Context(), coins); err != nil {
		t.Errorf("a retired keyset does not verify: %v", err)
	}

	epoch := ks.Keysets().Epoch
	mustClose(t, ks)
	again := mustOpen(t, cfg)
	assertStages(t, again, StageRetired, StageActive)
	if got := again.Keysets().Epoch; got != epoch || got != 5 {
		t.Errorf("epoch %d after the restart, %d before, want 5", got, epoch)
	}
	if s := mustVerifyAudit(t, cfg.Path, nil); s.Kinds[AuditRotate] != 1 || s.Kinds[AuditPrepare] != 1 || s.Kinds[AuditActivate] != 1 || s.Kinds[AuditRetire] != 1 {
		t.Errorf("records %v", s.Kinds)
	}
}

func TestActivatingCanRetireTheOthersOfItsUnitOnly(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	mustRotate(t, ks, RotateParams{Unit: "usd", Amounts: powersOfTwo(2)})
	fresh := mustPrepare(t, ks, RotateParams{Unit: "sat"})
	if err := ks.Activate(t.Context(), fresh.ID, true); err != nil {
		t.Fatal(err)
	}
	assertStages(t, ks, StageRetired, StageActive, StageActive)
}

func TestAStepThatIsDoneAlreadyChangesNothing(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	first := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	second := mustRotate(t, ks, RotateParams{Unit: "sat"})
	before := ks.current.Load()
	seq, _, _ := ks.AuditHead(t.Context())
	if err := errors.Join(ks.Activate(t.Context(), second.ID, true), ks.Retire(t.Context(), first.ID)); err != nil {
		t.Error(err)
	}
	after, _, err := ks.AuditHead(t.Context())
	if ks.current.Load() != before || after != seq || err != nil {
		t.Errorf("something changed: %d records, %d before, %v", after, seq, err)
	}
}

func TestAStepThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	now := testNow
	cfg := testConfig(t)
	cfg.Clock = func() time.Time { return now }
	ks := mustOpen(t, cfg)
	retired := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	discarded := mustPrepare(t, ks, RotateParams{Unit: "sat"})
	if err := ks.Retire(t.Context(), discarded.ID); err != nil {
		t.Fatal(err)
	}
	expired := mustPrepare(t, ks, RotateParams{Unit: "sat", FinalExpiry: uint64(now.Unix()) + 10})
	mustRotate(t, ks, RotateParams{Unit: "sat"})
	now = now.Add(10 * time.Second)
	unknown := cashu.DeriveKeysetIDV2(retired.Keys, "other", 1, 2)
	before := ks.current.Load()
	for name, act := range map[string]func() error{
		"activate a retired one":   func() error { return ks.Activate(t.Context(), retired.ID, true) },
		"activate a discarded one": func() error { return ks.Activate(t.Context(), discarded.ID, false) },
		"activate an expired one":  func() error { return ks.Activate(t.Context(), expired.ID, true) },
		"activate an unknown one":  func() error { return ks.Activate(t.Context(), unknown, true) },
		"retire an unknown one":    func() error { return ks.Retire(t.Context(), unknown) },
		"prepare nonsense": func() error {
			_, err := ks.Prepare(t.Context(), RotateParams{Unit: "sat", FinalExpiry: 1})
			return err
		},
	} {
		if err := act(); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, want ErrRefused", name, err)
		}
	}
	if ks.current.Load() != before {
		t.Error("something changed")
	}
}

// A commit that fails leaves memory as it was, for every step.
func TestMemoryStaysAsItIsWhenTheCommitOfAStepFails(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	active := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	prepared := mustPrepare(t, ks, RotateParams{Unit: "sat"})
	ks.clock = func() time.Time { return testNow.Add(2 * day) } // the minimum interval is over
	faulty := &faultyDB{database: ks.db, after: sqldb.ErrFull}
	ks.db = faulty
	before := ks.current.Load()
	for name, act := range map[string]func() error{
		"prepare":  func() error { _, err := ks.Prepare(t.Context(), RotateParams{Unit: "sat"}); return err },
		"activate": func() error { return ks.Activate(t.Context(), prepared.ID, true) },
		"schedule": func() error { return ks.Schedule(t.Context(), prepared.ID, testNow.Add(3*day), true) },
		"step": func() error {
			_, done, err := ks.Step(t.Context(), "sat", rotation.Policy{MaxSignatures: 1}, map[cashu.KeysetID]uint64{active.ID: 1})
			if done {
				t.Error("a step that was not committed is said to be done")
			}
			return err
		},
		"retire": func() error { return ks.Retire(t.Context(), active.ID) },
	} {
		if err := act(); !errors.Is(err, sqldb.ErrFull) || ks.current.Load() != before {
			t.Errorf("%s: %v; memory changed: %v", name, err, ks.current.Load() != before)
		}
	}
	*faulty = faultyDB{database: faulty.database, before: sqldb.ErrClosed}
	if _, done, err := ks.Step(t.Context(), "sat", rotation.Policy{MaxSignatures: 1}, map[cashu.KeysetID]uint64{active.ID: 1}); done || !errors.Is(err, sqldb.ErrClosed) || ks.current.Load() != before {
		t.Errorf("a step without a database: %v, %v", done, err)
	}
}

func TestRotatorsAtOnceGetOneOrderAndNoIndexTwice(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	ks := mustOpen(t, cfg)
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	mustRotate(t, ks, RotateParams{Unit: "usd", Amounts: powersOfTwo(2)})
	const each = 6
	var wg sync.WaitGroup
	for range each {
		for _, unit := range []cashu.Unit{"sat", "usd"} {
			wg.Go(func() {
				if _, err := ks.Rotate(context.Background(), RotateParams{Unit: unit}); err != nil {
					t.Error(err)
				}
			})
			wg.Go(func() {
				k, err := ks.Prepare(context.Background(), RotateParams{Unit: unit})
				if err == nil {
					err = ks.Activate(context.Background(), k.ID, true)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	seen := map[cashu.Unit]map[uint32]bool{"sat": {}, "usd": {}}
	active := map[cashu.Unit]int{}
	for _, l := range ks.Lives() {
		if seen[l.Unit][l.Index] || int(l.Index) != len(seen[l.Unit])+1 {
			t.Errorf("index %d of %s is out of order", l.Index, l.Unit)
		}
		seen[l.Unit][l.Index] = true
		if l.Stage == StageActive {
			active[l.Unit]++
		}
	}
	if len(seen["sat"]) != 2*each+1 || active["sat"] != 1 || active["usd"] != 1 {
		t.Errorf("%d keysets of sat, active %v", len(seen["sat"]), active)
	}
	if s := mustVerifyAudit(t, cfg.Path, nil); s.Records != 2+2*each*3 {
		t.Errorf("%d records, want %d", s.Records, 2+2*each*3)
	}
	before := ks.Lives()
	mustClose(t, ks)
	if after := mustOpen(t, cfg).Lives(); !slices.Equal(before, after) {
		t.Error("memory and database disagree")
	}
}

// A database of the first release: no audit log, no lifecycle, no budgets.
func TestADatabaseOfTheFirstSchemaOpens(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	ks := mustOpen(t, cfg)
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	mustRotate(t, ks, RotateParams{Unit: "sat"})
	ids := ks.Keysets().Keysets
	mustClose(t, ks)
	forge(t, cfg.Path,
		"DROP TABLE audit", "DROP TABLE audit_head", "DROP TABLE budgets", "DROP TABLE freezes",
		"ALTER TABLE keysets DROP COLUMN activated", "ALTER TABLE keysets DROP COLUMN retired",
		"ALTER TABLE keystore DROP COLUMN index_floor", "ALTER TABLE keysets DROP COLUMN activate_at",
		"ALTER TABLE keysets DROP COLUMN keep_others", "DROP TABLE signed", "DELETE FROM migrations WHERE position > 1")
	if _, err := VerifyAudit(t.Context(), At(cfg.Path), nil); !errors.Is(err, ErrNoAudit) {
		t.Errorf("VerifyAudit = %v, want ErrNoAudit", err)
	}
	cfg.Create = false
	ks = mustOpen(t, cfg)
	assertStages(t, ks, StageRetired, StageActive)
	if got := ks.Keysets().Keysets; got[0].ID != ids[0].ID || got[1].ID != ids[1].ID {
		t.Error("the keysets are others")
	}
	if err := ks.Activate(t.Context(), ids[0].ID, false); !errors.Is(err, ErrRefused) {
		t.Errorf("a keyset of old that was retired was activated: %v", err)
	}
	mustRotate(t, ks, RotateParams{Unit: "sat"})
	if s := mustVerifyAudit(t, cfg.Path, nil); s.Records != 1 {
		t.Errorf("%d records", s.Records)
	}
}
