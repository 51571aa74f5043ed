package mint_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
)

func TestQuoteGoesFromUnpaidToPaidToIssued(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q := w.quote(10)
	if q.State() != mint.QuoteUnpaid || q.Expiry.IsZero() || q.Created.IsZero() || !q.Paid.IsZero() {
		t.Errorf("a new quote is %+v", q)
	}
	w.backend.pay(q)
	paid, err := w.mint.MintQuote(t.Context(), "bolt11", q.ID)
	if err != nil {
		t.Fatal(err)
	}
	if paid.State() != mint.QuotePaid || paid.AmountPaid != 10 || paid.Paid.IsZero() || !paid.Updated.After(q.Updated) {
		t.Errorf("a paid quote is %+v", paid)
	}
	notes := w.notes(w.active("sat"), 8, 2)
	sigs, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: q.ID, Outputs: messages(notes)})
	if err != nil {
		t.Fatal(err)
	}
	w.coins(notes, sigs)
	issued, err := w.mint.MintQuote(t.Context(), "bolt11", q.ID)
	if err != nil {
		t.Fatal(err)
	}
	if issued.State() != mint.QuoteIssued || issued.AmountIssued != 10 || issued.Issued.IsZero() || !issued.Updated.After(paid.Updated) {
		t.Errorf("an issued quote is %+v", issued)
	}
	w.wantSagas(0)
}

func TestRepeatedIssueGivesTheSameSignatures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q := w.quote(8)
	w.backend.pay(q)
	req := cashu.MintRequest{Quote: q.ID, Outputs: messages(w.notes(w.active("sat"), 8))}
	first, err := w.mint.Issue(t.Context(), "bolt11", req)
	if err != nil {
		t.Fatal(err)
	}
	w.signer.rotate(t, "sat", 0, 0)
	w.mint = w.newMint("second")
	w.signer.down.Store(true)
	again, err := w.mint.Issue(t.Context(), "bolt11", req)
	if err != nil {
		t.Fatal(err)
	}
	wantSameSignatures(t, again, first)
	_, err = w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: q.ID, Outputs: messages(w.notes(w.active("sat"), 8))})
	wantCode(t, err, cashu.CodeQuoteIssued)

	// The same outputs do not pass for another quote.
	w.signer.down.Store(false)
	other := w.quote(8)
	w.backend.pay(other)
	req.Quote = other.ID
	_, err = w.mint.Issue(t.Context(), "bolt11", req)
	if err == nil {
		t.Error("one signature was given for two quotes")
	}
}

func TestIssueRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	w.signer.rotate(t, "usd", 0, 0)
	old := w.active("sat")
	w.signer.rotate(t, "sat", 0, 0)
	w.refresh(w.mint)
	sat := w.active("sat")
	paid := w.quote(8)
	w.backend.pay(paid)
	unpaid := w.quote(8)
	key := scalar(t, "quote key").Public().String()
	locked, err := w.mint.CreateMintQuote(t.Context(), "bolt11", cashu.MintQuoteRequest{Amount: 8, Unit: "sat", Pubkey: &key})
	if err != nil {
		t.Fatal(err)
	}
	w.backend.pay(locked)
	for _, tc := range []struct {
		name, method, quote string
		notes               []note
		code                cashu.Code
	}{
		{"unknown quote", "bolt11", "0192d3c0-7e8a-7c3d-8e9f-1a2b3c4d5e6f", w.notes(sat, 8), cashu.CodeUnknownQuote},
		{"unknown method", "cheque", paid.ID, w.notes(sat, 8), cashu.CodeUnknownMethod},
		{"unpaid", "bolt11", unpaid.ID, w.notes(sat, 8), cashu.CodeQuoteUnpaid},
		{"more than the quote", "bolt11", paid.ID, w.notes(sat, 8, 1), cashu.CodeUnbalanced},
		{"less than the quote", "bolt11", paid.ID, w.notes(sat, 4), cashu.CodeUnbalanced},
		{"another unit", "bolt11", paid.ID, w.notes(w.active("usd"), 8), cashu.CodeUnitMismatch},
		{"a retired keyset", "bolt11", paid.ID, w.notes(old, 8), cashu.CodeKeysetInactive},
		{"a missing signature", "bolt11", locked.ID, w.notes(sat, 8), cashu.CodeQuoteSignature},
	} {
		_, err := w.mint.Issue(t.Context(), tc.method, cashu.MintRequest{Quote: tc.quote, Outputs: messages(tc.notes)})
		if err == nil {
			t.Errorf("%s: accepted", tc.name)
			continue
		}
		var refusal *cashu.Error
		if !errors.As(err, &refusal) || refusal.Code != tc.code {
			t.Errorf("%s: error %v, want code %d", tc.name, err, tc.code)
		}
		w.wantRestorable(tc.notes, 0)
	}
	w.wantSagas(0)
	w.clock.Add(int64(2 * time.Hour / time.Second))
	_, err = w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: unpaid.ID, Outputs: messages(w.notes(sat, 8))})
	wantCode(t, err, cashu.CodeQuoteExpired)
	if _, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: paid.ID, Outputs: messages(w.notes(sat, 8))}); err != nil {
		t.Errorf("a paid quote after its expiry: %v", err)
	}
}

func TestQuoteRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	bad, long := "04", string(make([]byte, 640))
	for _, tc := range []struct {
		name, method string
		req          cashu.MintQuoteRequest
		code         cashu.Code
	}{
		{"nothing", "bolt11", cashu.MintQuoteRequest{Amount: 0, Unit: "sat"}, cashu.CodeAmountOutOfRange},
		{"too much", "bolt11", cashu.MintQuoteRequest{Amount: 30001, Unit: "sat"}, cashu.CodeAmountOutOfRange},
		{"another unit", "bolt11", cashu.MintQuoteRequest{Amount: 1, Unit: "usd"}, cashu.CodeUnitUnsupported},
		{"another method", "bolt12", cashu.MintQuoteRequest{Amount: 1, Unit: "sat"}, cashu.CodeUnknownMethod},
		{"a bad key", "bolt11", cashu.MintQuoteRequest{Amount: 1, Unit: "sat", Pubkey: &bad}, cashu.CodeQuotePubkey},
		{"a long description", "bolt11", cashu.MintQuoteRequest{Amount: 1, Unit: "sat", Description: &long}, cashu.CodeTooLarge},
	} {
		_, err := w.mint.CreateMintQuote(t.Context(), tc.method, tc.req)
		var refusal *cashu.Error
		if !errors.As(err, &refusal) || refusal.Code != tc.code {
			t.Errorf("%s: error %v, want code %d", tc.name, err, tc.code)
		}
	}
}

func TestPaymentCountsOnceHoweverOftenItIsReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- w.mint.Run(ctx) }()
	q := w.quote(8)
	w.backend.pay(q)
	for range 3 {
		w.backend.payments <- w.backend.incoming(q.LookupID)
	}
	w.backend.payments <- w.backend.incoming("nobody's") // and a stray one
	got, err := w.mint.MintQuote(t.Context(), "bolt11", q.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.AmountPaid != 8 {
		t.Errorf("paid %d, want 8", got.AmountPaid)
	}
	stop()
	if err := <-ran; err != nil {
		t.Error(err)
	}
}

func TestOfManyIssuesOfOneQuoteOneWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q := w.quote(8)
	w.backend.pay(q)
	const workers = 32
	results := make([]error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		notes := w.notes(w.active("sat"), 8)
		wg.Go(func() {
			_, results[i] = w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: q.ID, Outputs: messages(notes)})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range results {
		switch {
		case err == nil:
			won++
		case errors.Is(err, cashu.ErrQuotePending), errors.Is(err, cashu.ErrQuoteIssued):
		case errors.Is(err, cashu.ErrQuoteUnpaid): // a poll was under way
		default:
			t.Errorf("a loser got %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d issues won, want 1", won)
	}
}
