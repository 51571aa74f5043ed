package keystore

import (
	"context"
	"errors"
	"testing"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
)

// faultyDB fails writes in the way that it is told.
type faultyDB struct {
	database
	after  error // the function runs, then the commit fails with this
	before error // the function does not even run
}

func (f *faultyDB) Write(ctx context.Context, d sqldb.Durability, fn func(sqldb.Tx) error) error {
	if f.before != nil {
		return f.before
	}
	return f.database.Write(ctx, d, func(tx sqldb.Tx) error {
		return errors.Join(fn(tx), f.after) // the error rolls everything back
	})
}

func TestMemoryStaysAsItIsWhenTheCommitFails(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	old := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	faulty := &faultyDB{database: ks.db}
	ks.db = faulty

	for name, arm := range map[string]func(){
		"full disk at the commit": func() { faulty.after = sqldb.ErrFull },
		"unknown outcome":         func() { faulty.after = sqldb.ErrUnknownOutcome },
		"database gone":           func() { faulty.before = sqldb.ErrClosed },
	} {
		t.Run(name, func(t *testing.T) {
			*faulty = faultyDB{database: faulty.database}
			arm()
			before, changed := ks.current.Load(), ks.Changed()
			if _, err := ks.Rotate(t.Context(), RotateParams{Unit: "sat"}); err == nil {
				t.Fatal("a rotation that was not committed succeeded")
			} else if want := errors.Join(faulty.after, faulty.before); !errors.Is(err, faulty.after) && !errors.Is(err, faulty.before) {
				t.Errorf("error %v, want %v", err, want)
			}
			if ks.current.Load() != before {
				t.Error("memory changed")
			}
			select {
			case <-changed:
				t.Error("a change was announced")
			default:
			}
			if _, err := ks.Sign(t.Context(), testMessages(t, old, 1)); err != nil {
				t.Errorf("the old keyset does not sign any more: %v", err)
			}
		})
	}

	*faulty = faultyDB{database: faulty.database}
	fresh := mustRotate(t, ks, RotateParams{Unit: "sat"})
	if rows := mustRows(t, ks); len(rows) != 2 || rows[1].index != 2 || rows[1].epoch != 3 {
		t.Errorf("the failed rotations left traces: %+v", rows)
	}
	if _, err := ks.Sign(t.Context(), testMessages(t, fresh, 1)); err != nil {
		t.Error(err)
	}
}

// A row that memory has not seen, as after a commit with an unknown outcome: the
// next rotation takes the facts from the database.
func TestARotationGoesOnFromWhatTheDatabaseHolds(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	behind := ks.current.Load()
	unseen := mustRotate(t, ks, RotateParams{Unit: "sat", InputFeePPK: ptr[uint64](5)})
	ks.current.Store(&state{Snapshot: behind.Snapshot, byID: behind.byID, replaced: make(chan struct{})})

	last := mustRotate(t, ks, RotateParams{Unit: "sat"})
	if last.InputFeePPK != 5 {
		t.Errorf("fee %d, want the 5 of the keyset in the database", last.InputFeePPK)
	}
	s := ks.Keysets()
	if len(s.Keysets) != 3 || s.Epoch != 4 || s.Keysets[1].ID != unseen.ID || s.Keysets[1].Active || !s.Keysets[2].Active {
		t.Errorf("snapshot %+v", s)
	}
}

func TestAChangeIsAnnouncedOnceItCanBeRead(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	changed := ks.Changed()
	if ks.Changed() != changed {
		t.Error("the channel changed and nothing else did")
	}
	seen := make(chan Snapshot)
	go func() {
		<-changed
		seen <- ks.Keysets()
	}()
	k := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	if s := <-seen; len(s.Keysets) != 1 || s.Keysets[0].ID != k.ID || s.Epoch != 2 {
		t.Errorf("snapshot %+v", s)
	}
	select {
	case <-ks.Changed():
		t.Error("the new channel is closed already")
	default:
	}
}

func TestARefusedRotationChangesNothing(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	mustRotate(t, ks, RotateParams{Unit: "aisb", Amounts: powersOfTwo(2)})
	before := ks.current.Load()
	for _, p := range []RotateParams{
		{Unit: "deew", Amounts: powersOfTwo(2)}, // collides with aisb
		{Unit: "aisb", Amounts: []cashu.Amount{0}},
		{Unit: "aisb", FinalExpiry: 1},
		{Unit: "sat"},
	} {
		if _, err := ks.Rotate(t.Context(), p); !errors.Is(err, ErrRefused) {
			t.Errorf("Rotate(%+v) = %v, want ErrRefused", p, err)
		}
		if _, err := ks.PlanRotation(p); !errors.Is(err, ErrRefused) {
			t.Errorf("PlanRotation(%+v) = %v, want ErrRefused", p, err)
		}
	}
	if ks.current.Load() != before || len(mustRows(t, ks)) != 1 {
		t.Error("something changed")
	}
}

func TestAPlanIsWhatTheRotationThenDoes(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(5), InputFeePPK: ptr[uint64](3), IDVersion: ptr(cashu.V1)})
	p := RotateParams{Unit: "sat", FinalExpiry: 1_900_000_000}
	plan, err := ks.PlanRotation(p)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(ks.Keysets().Keysets); n != 1 {
		t.Fatalf("a plan made a keyset: %d", n)
	}
	k := mustRotate(t, ks, p)
	if k.Unit != plan.Unit || k.InputFeePPK != plan.InputFeePPK || k.FinalExpiry != plan.FinalExpiry ||
		k.ID.Version() != plan.IDVersion || k.Keys.Len() != len(plan.Amounts) || !k.Active {
		t.Errorf("planned %+v, made %+v", plan, k)
	}
}

func TestARotationThatIsCancelledChangesNothing(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ks.Rotate(ctx, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)}); !errors.Is(err, context.Canceled) {
		t.Errorf("Rotate = %v, want context.Canceled", err)
	}
	if ks.Keysets().Epoch != 1 || len(mustRows(t, ks)) != 0 {
		t.Error("something changed")
	}
}
