package mint_test

import (
	"context"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
)

// guardedStore is a store that says something else than it has, in transactions and
// outside, once a test wants that: the guards behind the checks are what is tested.
type guardedStore struct {
	mint.Store
	quote func(*mint.MintQuote) // nil: as it is
	spent func(int) int
}

type guardedTx struct {
	mint.Tx
	store *guardedStore
}

func (s *guardedStore) Update(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
	return s.Store.Update(ctx, d, func(tx mint.Tx) error { return fn(guardedTx{tx, s}) })
}

func (s *guardedStore) MintQuote(ctx context.Context, method, id string) (mint.MintQuote, error) {
	q, err := s.Store.MintQuote(ctx, method, id)
	if s.quote != nil {
		s.quote(&q)
	}
	return q, err
}

func (t guardedTx) MintQuoteByLookup(ctx context.Context, method, id string) (mint.MintQuote, error) {
	q, err := t.Tx.MintQuoteByLookup(ctx, method, id)
	if t.store.quote != nil {
		t.store.quote(&q)
	}
	return q, err
}

func (t guardedTx) SpendProofs(ctx context.Context, ref mint.OperationRef) (int, error) {
	n, err := t.Tx.SpendProofs(ctx, ref)
	if t.store.spent != nil {
		n = t.store.spent(n)
	}
	return n, err
}

// An invoice in one unit cannot be paid within the mint with coins of another: sat
// would become as many dollars.
func TestAPaymentWithinTheMintIsOfOneUnit(t *testing.T) {
	t.Parallel()
	store := &guardedStore{Store: newMemStore()}
	w := newWorld(t, store)
	payee := w.quote(100)
	q, err := w.mint.CreateMeltQuote(t.Context(), "bolt11", cashu.MeltQuoteRequest{Request: payee.Request, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	coins := w.mintCoins(128)
	store.quote = func(q *mint.MintQuote) { q.Unit = "usd" }
	_, err = w.mint.Melt(t.Context(), "bolt11", meltRequest(q, coins, nil))
	wantCode(t, err, cashu.ErrInvoiceAmount.Code)
	store.quote = nil
	w.wantStates(coins, mint.ProofUnspent)
	w.wantMelt(q, mint.MeltUnpaid)
	w.wantSagas(0)
	if now, err := w.mint.MintQuote(t.Context(), "bolt11", payee.ID); err != nil || now.AmountPaid != 0 {
		t.Errorf("the payee got %d: %v", now.AmountPaid, err)
	}
}

// Of a quote that is issued in part no more is issued than is left, and who asks for
// more is told so, not to come back later.
func TestNoMoreIsIssuedThanIsLeftOfAQuote(t *testing.T) {
	t.Parallel()
	store := &guardedStore{Store: newMemStore()}
	w := newWorld(t, store)
	q := w.quote(8)
	w.backend.pay(q)
	if _, err := w.mint.MintQuote(t.Context(), "bolt11", q.ID); err != nil {
		t.Fatal(err)
	}
	notes := w.notes(w.active("sat"), 8)
	for _, issued := range []cashu.Amount{1, 7} {
		store.quote = func(q *mint.MintQuote) { q.AmountIssued = issued }
		_, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: q.ID, Outputs: messages(notes)})
		wantCode(t, err, cashu.CodeUnbalanced)
	}
	store.quote = nil
	w.wantRestorable(notes, 0)
	w.wantSagas(0)
}

// A swap whose inputs are not all there to be spent when it ends signs nothing.
func TestASwapThatSpendsFewerInputsThanItTookSignsNothing(t *testing.T) {
	t.Parallel()
	store := &guardedStore{Store: newMemStore()}
	w := newWorld(t, store)
	coins, notes := w.mintCoins(4, 4), w.notes(w.active("sat"), 8)
	for _, spent := range []func(int) int{func(n int) int { return n - 1 }, func(n int) int { return n + 1 }, func(int) int { return 0 }} {
		store.spent = spent
		if _, err := w.mint.Swap(t.Context(), cashu.SwapRequest{Inputs: coins, Outputs: messages(notes)}); err == nil {
			t.Error("it was answered with signatures")
		}
		w.wantRestorable(notes, 0)
		w.wantStates(coins, mint.ProofUnspent)
		w.wantSagas(0)
	}
	store.spent = nil
	if _, err := w.mint.Swap(t.Context(), cashu.SwapRequest{Inputs: coins, Outputs: messages(notes)}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Where a coin is worth no more than the fee for spending it, a swap without it
// balances as well. It is another swap all the same, and its coins are spent.
func TestASwapWithoutOneOfItsInputsIsNotTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	w.signer.rotate(t, "sat", 1000, 0) // 1 for each input
	w.refresh(w.mint)
	coins, notes := w.mintCoins(8, 1), w.notes(w.active("sat"), 4, 2, 1)
	first, err := w.mint.Swap(t.Context(), cashu.SwapRequest{Inputs: coins, Outputs: messages(notes)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.mint.Swap(t.Context(), cashu.SwapRequest{Inputs: coins[:1], Outputs: messages(notes)})
	wantCode(t, err, cashu.ErrProofsSpent.Code)
	again, err := w.mint.Swap(t.Context(), cashu.SwapRequest{Inputs: coins, Outputs: messages(notes)})
	if err != nil {
		t.Fatal(err)
	}
	wantSameSignatures(t, again, first)
}
