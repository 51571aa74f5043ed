package mint_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
)

// paidQuotes makes quotes of these amounts and pays them.
func (w *world) paidQuotes(amounts ...cashu.Amount) (ids []string) {
	w.tb.Helper()
	for _, a := range amounts {
		q := w.quote(a)
		w.backend.pay(q)
		ids = append(ids, q.ID)
	}
	return ids
}

func (w *world) readQuotes(ids []string) []mint.MintQuote {
	w.tb.Helper()
	list, err := w.mint.MintQuotes(context.Background(), "bolt11", ids)
	if err != nil {
		w.tb.Fatal(err)
	}
	return list
}

// The first of NUT-29's published vectors: quotes of 5 and 3 become one output of 8.
func TestTwoQuotesAreMintedIntoOneOutput(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	ids := w.paidQuotes(5, 3)
	notes := w.notes(w.active("sat"), 8)
	req := cashu.BatchMintRequest{Quotes: ids, Amounts: []cashu.Amount{5, 3}, Outputs: messages(notes)}
	first, err := w.mint.IssueBatch(t.Context(), "bolt11", req)
	if err != nil {
		t.Fatal(err)
	}
	w.coins(notes, first)
	for i, q := range w.readQuotes(ids) {
		if q.ID != ids[i] || q.State() != mint.QuoteIssued || q.AmountIssued != q.Amount {
			t.Errorf("quote %d is %+v", i, q)
		}
	}
	w.wantSagas(0)

	// P4: the same batch again, by another process, with the signatory away.
	w.signer.rotate(t, "sat", 0, 0)
	w.mint = w.newMint("second")
	w.signer.down.Store(true)
	again, err := w.mint.IssueBatch(t.Context(), "bolt11", req)
	if err != nil {
		t.Fatal(err)
	}
	wantSameSignatures(t, again, first)
	// Anything else is another request.
	swapped := req
	swapped.Quotes, swapped.Amounts = []string{ids[1], ids[0]}, nil
	_, err = w.mint.IssueBatch(t.Context(), "bolt11", swapped)
	wantCode(t, err, cashu.CodeQuoteIssued)
	_, err = w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: ids[0], Outputs: messages(w.notes(w.active("sat"), 4, 1))})
	wantCode(t, err, cashu.CodeQuoteIssued)
}

func TestABatchOfOneIsAnIssue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	ids := w.paidQuotes(8)
	notes := w.notes(w.active("sat"), 8)
	first, err := w.mint.IssueBatch(t.Context(), "bolt11", cashu.BatchMintRequest{Quotes: ids, Outputs: messages(notes)})
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: ids[0], Outputs: messages(notes)})
	if err != nil {
		t.Fatal(err)
	}
	wantSameSignatures(t, again, first)
}

func TestABatchIsRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	w.signer.rotate(t, "usd", 0, 0)
	w.refresh(w.mint)
	sat := w.active("sat")
	paid := w.paidQuotes(5, 3)
	issued := w.paidQuotes(8)
	if _, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: issued[0], Outputs: messages(w.notes(sat, 8))}); err != nil {
		t.Fatal(err)
	}
	unpaid := w.quote(3)
	key := scalar(t, "quote key")
	pubkey := key.Public().String()
	locked, err := w.mint.CreateMintQuote(t.Context(), "bolt11", cashu.MintQuoteRequest{Amount: 3, Unit: "sat", Pubkey: &pubkey})
	if err != nil {
		t.Fatal(err)
	}
	w.backend.pay(locked)
	many := make([]string, 101)
	for i := range many {
		many[i] = unpaid.ID
	}
	word := "ab"
	for _, tc := range []struct {
		name, method string
		req          cashu.BatchMintRequest
		notes        []note
		code         cashu.Code
	}{
		{"no quotes", "bolt11", cashu.BatchMintRequest{}, w.notes(sat, 8), cashu.CodeMalformed},
		{"one twice", "bolt11", cashu.BatchMintRequest{Quotes: []string{paid[0], paid[0]}}, w.notes(sat, 8, 2), cashu.CodeDuplicateQuotes},
		{"too many", "bolt11", cashu.BatchMintRequest{Quotes: many}, w.notes(sat, 8), cashu.CodeTooManyQuotes},
		{"an unknown one", "bolt11", cashu.BatchMintRequest{Quotes: []string{paid[0], "019e6d5a-2347-7000-80fe-07ae8fa79774"}}, w.notes(sat, 8), cashu.CodeUnknownQuote},
		{"an unknown method", "cheque", cashu.BatchMintRequest{Quotes: paid}, w.notes(sat, 8), cashu.CodeUnknownMethod},
		{"an unpaid one", "bolt11", cashu.BatchMintRequest{Quotes: []string{paid[0], unpaid.ID}}, w.notes(sat, 8), cashu.CodeQuoteUnpaid},
		{"one that was issued", "bolt11", cashu.BatchMintRequest{Quotes: []string{issued[0], paid[1]}}, w.notes(sat, 8, 2, 1), cashu.CodeQuoteIssued},
		{"outputs of less", "bolt11", cashu.BatchMintRequest{Quotes: paid}, w.notes(sat, 4, 2, 1), cashu.CodeUnbalanced},
		{"outputs of more", "bolt11", cashu.BatchMintRequest{Quotes: paid}, w.notes(sat, 8, 1), cashu.CodeUnbalanced},
		{"outputs of another unit", "bolt11", cashu.BatchMintRequest{Quotes: paid}, w.notes(w.active("usd"), 8), cashu.CodeUnitMismatch},
		{"amounts of other quotes", "bolt11", cashu.BatchMintRequest{Quotes: paid, Amounts: []cashu.Amount{3, 5}}, w.notes(sat, 8), cashu.CodeUnbalanced},
		{"nothing of one", "bolt11", cashu.BatchMintRequest{Quotes: paid, Amounts: []cashu.Amount{5, 0}}, w.notes(sat, 4, 1), cashu.CodeAmountOutOfRange},
		{"no signature for a locked one", "bolt11", cashu.BatchMintRequest{Quotes: []string{paid[0], locked.ID}}, w.notes(sat, 8), cashu.CodeQuoteSignature},
		{"a signature for one that is not locked", "bolt11", cashu.BatchMintRequest{Quotes: paid, Signatures: []*string{nil, &word}}, w.notes(sat, 8), cashu.CodeQuoteSignature},
	} {
		tc.req.Outputs = messages(tc.notes)
		_, err := w.mint.IssueBatch(t.Context(), tc.method, tc.req)
		var refusal *cashu.Error
		if !errors.As(err, &refusal) || refusal.Code != tc.code {
			t.Errorf("%s: error %v, want code %d", tc.name, err, tc.code)
		}
		w.wantRestorable(tc.notes, 0)
	}
	w.wantSagas(0)
	for _, q := range w.readQuotes(paid) {
		if q.State() != mint.QuotePaid || q.AmountIssued != 0 || q.Pending != 0 {
			t.Errorf("a refused batch has changed %+v", q)
		}
	}
	if _, err := w.mint.MintQuotes(t.Context(), "bolt11", []string{paid[0], "bogus"}); !errors.Is(err, cashu.ErrUnknownQuote) {
		t.Errorf("checking an unknown quote: %v", err)
	}

	// Signed over all outputs, in the place of its quote, it passes.
	notes := w.notes(sat, 8)
	for _, legacy := range []bool{false, true} {
		sig, err := cashu.SignQuote(key, locked.ID, messages(notes), legacy)
		if err != nil {
			t.Fatal(err)
		}
		req := cashu.BatchMintRequest{Quotes: []string{paid[0], locked.ID}, Outputs: messages(notes), Signatures: []*string{nil, &sig}}
		if _, err := w.mint.IssueBatch(t.Context(), "bolt11", req); err != nil {
			t.Errorf("a signed batch: %v", err)
		}
	}
}

// Of batches that share a quote one wins, and the quotes of the losers can be minted.
func TestOfManyBatchesThatShareQuotesOneWinsEach(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	ids := w.paidQuotes(1, 1, 1, 1)
	w.readQuotes(ids) // takes the payments in
	const workers = 16
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		pair := []string{ids[i%4], ids[(i+1)%4]}
		notes := w.notes(w.active("sat"), 2)
		wg.Go(func() {
			_, errs[i] = w.mint.IssueBatch(t.Context(), "bolt11", cashu.BatchMintRequest{Quotes: pair, Outputs: messages(notes)})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case errors.Is(err, cashu.ErrQuotePending), errors.Is(err, cashu.ErrQuoteIssued):
		default:
			t.Errorf("a loser got %v", err)
		}
	}
	var issued cashu.Amount
	for _, q := range w.readQuotes(ids) {
		if q.AmountIssued > q.AmountPaid || q.Pending != 0 {
			t.Errorf("a quote is %+v", q)
		}
		issued += q.AmountIssued
	}
	if won == 0 || won > 2 || issued != cashu.Amount(2*won) {
		t.Errorf("%d batches won, and %d are issued", won, issued)
	}
	w.wantExactTotals()
}

// Two batches that share a quote, and a crash before every step.
func TestEveryInterleavingOfTwoBatchesWithACrashBeforeEveryStep(t *testing.T) {
	t.Parallel()
	inner := newMemStore()
	w := newWorld(t, inner)
	ids := w.paidQuotes(4, 4, 4)
	w.readQuotes(ids)
	notes := [2][]note{w.notes(w.active("sat"), 4, 4), w.notes(w.active("sat"), 8)}
	var reqs [2]request
	for i := range reqs {
		quotes := [2][]string{{ids[0], ids[1]}, {ids[2], ids[1]}}[i]
		reqs[i] = func(ctx context.Context, m *mint.Mint) ([]cashu.BlindSignature, error) {
			return m.IssueBatch(ctx, "bolt11", cashu.BatchMintRequest{Quotes: quotes, Outputs: messages(notes[i])})
		}
	}
	exploreRivals(t, w, inner, notes, reqs, cashu.ErrQuoteIssued, func(label string, done int) {
		var issued cashu.Amount
		for _, q := range w.readQuotes(ids) {
			issued += q.AmountIssued
			if q.Pending != 0 {
				t.Errorf("%s: quote is %+v", label, q)
			}
		}
		if issued != cashu.Amount(8*done) {
			t.Errorf("%s: %d are done, and %d are issued", label, done, issued)
		}
	})
}
