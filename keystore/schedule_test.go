package keystore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/keystore/rotation"
)

const day = 24 * time.Hour

// clock is set by the test.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time       { return testNow.Add(time.Duration(c.ahead.Load())) }
func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }
func (c *clock) config(cfg Config) Config {
	cfg.Clock = c.now
	return cfg
}

func mustComplete(t testing.TB, p rotation.Policy) rotation.Policy {
	t.Helper()
	p, err := p.Complete()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// mustStep does what is due, if anything is.
func mustStep(t testing.TB, ks *Keystore, p rotation.Policy) bool {
	t.Helper()
	_, done, err := ks.Step(context.Background(), "sat", p, nil)
	if err != nil {
		t.Error(err)
	}
	return done
}

func TestAScheduledActivationComesAtItsTimeOverARestart(t *testing.T) {
	t.Parallel()
	var c clock
	cfg := c.config(testConfig(t))
	ks := mustOpen(t, cfg)
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	fresh := mustPrepare(t, ks, RotateParams{Unit: "sat"})
	other := mustPrepare(t, ks, RotateParams{Unit: "sat", FinalExpiry: uint64(testNow.Add(day).Unix())})
	if err := ks.Schedule(t.Context(), fresh.ID, testNow.Add(5*day), true); err != nil {
		t.Fatal(err)
	}
	if err := ks.Schedule(t.Context(), fresh.ID, testNow.Add(2*day), true); err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]cashu.KeysetID{"active": ks.Lives()[0].ID, "will have expired": other.ID, "unknown": {}} {
		if err := ks.Schedule(t.Context(), id, testNow.Add(2*day), true); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.pass(2*day - time.Second)
	if mustStep(t, ks, rotation.Policy{}) {
		t.Fatal("a second too early")
	}
	mustClose(t, ks)
	cfg.Create = false
	ks = mustOpen(t, cfg)
	if got := ks.Lives()[1].ActivateAt; !got.Equal(testNow.Add(2 * day)) {
		t.Errorf("after the restart it is scheduled for %s", got)
	}
	c.pass(time.Second)
	if !mustStep(t, ks, rotation.Policy{}) || mustStep(t, ks, rotation.Policy{}) {
		t.Error("want one step, and one only")
	}
	assertStages(t, ks, StageRetired, StageActive, StagePrepared)
	if s := mustVerifyAudit(t, cfg.Path, nil); s.Kinds[AuditSchedule] != 2 || s.Kinds[AuditActivate] != 1 {
		t.Errorf("records %v", s.Kinds)
	}
}

// The whole of it on a real database: keys, ids, indexes and rows.
func TestAThousandDaysOfRotationOnADatabase(t *testing.T) {
	t.Parallel()
	var c clock
	cfg := c.config(testConfig(t))
	ks := mustOpen(t, cfg)
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	p := mustComplete(t, rotation.Policy{MaxAge: 30 * day, ExpireAfter: 90 * day, Announce: 2 * day})
	for d := range 1000 {
		c.pass(day)
		first := mustStep(t, ks, p)
		if second := mustStep(t, ks, p); first && second {
			t.Fatalf("two steps on day %d", d)
		}
		active := 0
		for i, l := range ks.Lives() {
			if k := ks.Keysets().Keysets[i]; l.Stage == StageActive {
				active++
				if k.ExpiredForOutputs(c.now()) {
					t.Fatalf("on day %d the active keyset has expired", d)
				}
			}
		}
		if active != 1 {
			t.Fatalf("%d keysets are active on day %d", active, d)
		}
		if d%300 == 0 { // restarts change nothing
			mustClose(t, ks)
			cfg.Create = false
			ks = mustOpen(t, cfg)
		}
	}
	ids, indexes := map[cashu.KeysetID]bool{}, map[uint32]bool{}
	for _, l := range ks.Lives() {
		ids[l.ID], indexes[l.Index] = true, true
	}
	if n := len(ks.Lives()); n != 34 || len(ids) != n || len(indexes) != n {
		t.Errorf("%d keysets, %d ids, %d indexes, want 34", n, len(ids), len(indexes))
	}
}

func TestOfManyThatStepAtOnceOneDoesIt(t *testing.T) {
	t.Parallel()
	var c clock
	ks := mustOpen(t, c.config(testConfig(t)))
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	c.pass(31 * day)
	p := mustComplete(t, rotation.Policy{MaxAge: 30 * day})
	var wg sync.WaitGroup
	var did atomic.Int64
	for range 16 {
		wg.Go(func() {
			if mustStep(t, ks, p) {
				did.Add(1)
			}
		})
	}
	wg.Wait()
	if did.Load() != 1 {
		t.Errorf("%d have done it", did.Load())
	}
	assertStages(t, ks, StageRetired, StageActive)
}

// committedDB commits and then says that nobody knows.
type committedDB struct {
	database
	err error
}

func (d *committedDB) Write(ctx context.Context, dur sqldb.Durability, fn func(sqldb.Tx) error) error {
	return errors.Join(d.database.Write(ctx, dur, fn), d.err)
}

// A commit that took effect although it was reported as failed: the next attempt
// decides from the database, and does not rotate a second time.
func TestACommitThatNobodyKnowsOfIsNotRepeated(t *testing.T) {
	t.Parallel()
	var c clock
	cfg := c.config(testConfig(t))
	ks := mustOpen(t, cfg)
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	c.pass(31 * day)
	p := mustComplete(t, rotation.Policy{MaxAge: 30 * day})
	real := ks.db
	ks.db = &committedDB{real, sqldb.ErrUnknownOutcome}
	if _, done, err := ks.Step(t.Context(), "sat", p, nil); !errors.Is(err, sqldb.ErrUnknownOutcome) || done {
		t.Fatalf("%v, %v", done, err)
	}
	assertStages(t, ks, StageActive) // memory does not run ahead of what is known
	ks.db = real
	if mustStep(t, ks, p) {
		t.Error("rotated twice")
	}
	assertStages(t, ks, StageRetired, StageActive) // and has seen what was committed
	if rows := mustRows(t, ks); len(rows) != 2 || rows[1].index != 2 {
		t.Errorf("rows %+v", rows)
	}
}

func TestSignaturesAreCountedAndAudited(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	ks := mustOpen(t, cfg)
	k := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	for range 2 {
		if err := ks.AddSigned(t.Context(), []Signed{{"a", "sat", k.ID, 5, 40}, {"b", "sat", k.ID, 1, 2}}); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, ks)
	ks = mustOpen(t, cfg)
	if got := ks.Signatures()[k.ID]; got != 84 || ks.Facts()[0].Signatures != 84 {
		t.Errorf("%d signatures", got)
	}
	if s := mustVerifyAudit(t, cfg.Path, nil); s.Kinds[AuditSigned] != 4 {
		t.Errorf("records %v", s.Kinds)
	}
	p := mustComplete(t, rotation.Policy{MaxSignatures: 100})
	if _, done, err := ks.Step(t.Context(), "sat", p, map[cashu.KeysetID]uint64{k.ID: 15}); done || err != nil {
		t.Errorf("one too early: %v, %v", done, err)
	}
}

// Three signatories on one database count together, and one of them rotates.
func TestOfSeveralSignatoriesOneRotates(t *testing.T) {
	t.Parallel()
	var c clock
	all := signatories(t, c.config(sharedConfig(t)), 3)
	k := mustRotate(t, all[0], RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	for _, ks := range all {
		at(t, ks, 2)
	}
	c.pass(2 * day)
	p := mustComplete(t, rotation.Policy{MaxSignatures: 90})
	var wg sync.WaitGroup
	for _, ks := range all {
		wg.Go(func() {
			if err := ks.AddSigned(t.Context(), []Signed{{"m", "sat", k.ID, 60, 30}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var did atomic.Int64
	for _, ks := range all {
		for range 4 {
			wg.Go(func() {
				if mustStep(t, ks, p) {
					did.Add(1)
				}
			})
		}
	}
	wg.Wait()
	if did.Load() != 1 {
		t.Errorf("%d have rotated", did.Load())
	}
	for _, ks := range all {
		at(t, ks, 3)
		assertStages(t, ks, StageRetired, StageActive)
	}
}
