package operator_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/operator"
	"mintmark/mint/sqlstore"

	"mintmark/internal/sqldb"
)

// openMelt leaves a melt behind whose payment has no known end.
func openMelt(t *testing.T, store mint.Store, seed string) (*mint.Saga, []bdhke.Point) {
	t.Helper()
	now := time.Unix(1_800_000_000, 0)
	q := mint.MeltQuote{ID: "quote of " + seed, Method: "bolt11", Unit: "sat", LookupID: seed, Amount: 3, FeeReserve: 1, Created: now, Updated: now, Expiry: now.Add(time.Hour)}
	s := &mint.Saga{
		Operation: mint.Operation{ID: uuid.Must(uuid.NewV7()), Kind: mint.OperationMelt, Inputs: 1, Outputs: 1, QuoteID: q.ID, Created: now},
		State:     mint.SagaSetupComplete, Owner: "dead", LeaseUntil: now, Updated: now,
	}
	ys := []bdhke.Point{point(t, seed)}
	err := store.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
		return errors.Join(tx.AddMeltQuote(t.Context(), q), tx.AddSaga(t.Context(), s),
			tx.AddProofs(t.Context(), s.Operation, []mint.SpentProof{{Y: ys[0], Amount: 8, KeysetID: keyset}}),
			tx.AddOutputs(t.Context(), s.Operation, []cashu.BlindedMessage{{Amount: 1, ID: keyset, B: point(t, seed+"b")}}),
			tx.ReserveMelt(t.Context(), q.ID, s.Ref, 0, now))
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, ys
}

func TestAnOpenPaymentIsDecidedByTheOperatorWhenItHasHadItsTime(t *testing.T) {
	t.Parallel()
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: sqldb.Memory, Owner: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	now := time.Unix(1_800_000_000, 0)
	op := &operator.Local{Store: store, Clock: func() time.Time { return now }}
	failed, coins := openMelt(t, store, "failed")
	paid, _ := openMelt(t, store, "paid")
	list, err := op.Sagas(t.Context())
	if err != nil || len(list) != 2 || list[0].Verdict != "ask" || list[0].Kind != "melt" {
		t.Errorf("the operator sees %+v, %v", list, err)
	}
	now = now.Add(9 * time.Minute)
	for _, d := range []operator.Decision{operator.Release, operator.Keep} {
		if err := op.Resolve(t.Context(), shown(t, op, failed.ID), d, "seen"); !errors.Is(err, operator.ErrNotStuck) {
			t.Errorf("%s too early: %v", d, err)
		}
	}
	now = now.Add(2 * time.Minute)
	if err := op.Resolve(t.Context(), shown(t, op, failed.ID), operator.Release, "seen"); err != nil {
		t.Fatal(err)
	}
	records, err := store.Proofs(t.Context(), coins)
	q, err2 := store.MeltQuote(t.Context(), failed.QuoteID)
	if err != nil || err2 != nil || records[0].State != mint.ProofUnspent || q.State != mint.MeltUnpaid {
		t.Errorf("released: %+v, %+v, %v, %v", records[0], q, err, err2)
	}
	if err := op.Resolve(t.Context(), shown(t, op, paid.ID), operator.Keep, "seen"); err != nil {
		t.Fatal(err)
	}
	q, err = store.MeltQuote(t.Context(), paid.QuoteID)
	if err != nil || q.State != mint.MeltSettled || q.Spent != 4 {
		t.Errorf("kept: %+v, %v", q, err)
	}
	list, err = op.Sagas(t.Context())
	if err != nil || len(list) != 1 || list[0].Verdict != "finish" {
		t.Errorf("then the operator sees %+v, %v", list, err)
	}
	if err := op.Resolve(t.Context(), shown(t, op, paid.ID), operator.Release, "seen"); !errors.Is(err, operator.ErrNotStuck) {
		t.Errorf("a paid melt was released: %v", err)
	}
}

// shown is what an operator sees before he decides: of what is not there, only its id.
func shown(t *testing.T, op operator.Operator, id uuid.UUID) operator.Evidence {
	t.Helper()
	e, err := op.Evidence(t.Context(), id)
	if err != nil {
		return operator.Evidence{Saga: operator.Saga{Operation: id}}
	}
	return e
}

// witness is a running mint that asks a backend.
type witness struct {
	err   error
	lines []string
}

func (witness) Payments(context.Context) mint.Payments { return mint.Payments{} }

func (w witness) MeltEvidence(context.Context, mint.Operation) ([]string, error) {
	if w.err != nil {
		return nil, w.err
	}
	return w.lines, nil
}

func TestADecisionIsKeptWithTheEvidenceThatThereWas(t *testing.T) {
	t.Parallel()
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: sqldb.Memory, Owner: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	now := time.Unix(1_800_000_000, 0)
	op := &operator.Local{Store: store, Clock: func() time.Time { return now }}
	said := witness{lines: []string{"the node says IN_FLIGHT", "no channel holds it"}}
	op.Mint = said
	s, _ := openMelt(t, store, "lost")
	e, err := op.Evidence(t.Context(), s.ID)
	if err != nil || e.Melt == nil || e.Melt.Amount != 3 || e.Melt.LookupID != "lost" || len(e.Melt.Said) != 2 || e.Saga.Verdict != "ask" {
		t.Errorf("the operator sees %+v, %v", e, err)
	}
	op.Mint = witness{err: errors.New("nobody at home")}
	if e, err := op.Evidence(t.Context(), s.ID); err != nil || e.Melt.NotAsked != "nobody at home" || e.Melt.Said != nil {
		t.Errorf("while the backend is away he sees %+v, %v", e, err)
	}
	op.Mint = said
	now = now.Add(time.Hour)
	if err := op.Resolve(t.Context(), shown(t, op, s.ID), operator.Release, ""); err == nil {
		t.Error("it was decided without a reason")
	}
	if list, err := op.Decisions(t.Context(), 9); err != nil || len(list) != 0 {
		t.Errorf("before: %+v, %v", list, err)
	}
	if err := op.Resolve(t.Context(), shown(t, op, s.ID), operator.Release, "the payee has nothing"); err != nil {
		t.Fatal(err)
	}
	list, err := op.Decisions(t.Context(), 9)
	if err != nil || len(list) != 1 || list[0].About != s.ID.String() || list[0].Decision != "release" || list[0].Why != "the payee has nothing" ||
		!list[0].At.Equal(now) || !strings.Contains(list[0].Evidence, "no channel holds it") {
		t.Errorf("kept is %+v, %v", list, err)
	}
}

// What was shown was an open payment. Since then it has got into a state that cannot be,
// which is another question.
func TestWhatHasChangedSinceItWasShownIsNotDecided(t *testing.T) {
	t.Parallel()
	store, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: sqldb.Memory, Owner: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	op := &operator.Local{Store: store}
	s, _ := openMelt(t, store, "lost")
	seen := shown(t, op, s.ID)
	err = store.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
		_, err := tx.RemoveProofs(t.Context(), s.Ref)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []operator.Decision{operator.Release, operator.Keep} {
		if err := op.Resolve(t.Context(), seen, d, "seen"); !errors.Is(err, operator.ErrChanged) {
			t.Errorf("%s: %v", d, err)
		}
	}
	if list, err := op.Decisions(t.Context(), 9); err != nil || len(list) != 0 {
		t.Errorf("kept is %+v, %v", list, err)
	}
	if err := op.Resolve(t.Context(), shown(t, op, s.ID), operator.Release, "seen again"); err != nil {
		t.Errorf("looked at again: %v", err)
	}
}
