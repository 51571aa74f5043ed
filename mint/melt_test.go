package mint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

func (w *world) melt(req cashu.MeltRequest) mint.Melted {
	w.tb.Helper()
	m, err := w.mint.Melt(context.Background(), "bolt11", req)
	if err != nil {
		w.tb.Fatal(err)
	}
	return m
}

func TestMeltPaysSpendsAndSignsTheChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q := w.meltQuote("a", 100)
	coins, blanks := w.mintCoins(64, 32, 16), w.blanks(4) // 112: 100, a fee of 1, 11 left
	req := meltRequest(q, coins, blanks)
	paid := w.melt(req)
	if paid.State != mint.MeltPaid || paid.Proof != "proof of a" || paid.Spent != 101 || paid.Paid.IsZero() {
		t.Errorf("the quote is %+v", paid.MeltQuote)
	}
	change := w.change(blanks, paid)
	if fmt.Sprint(change[0].Amount, change[1].Amount, change[2].Amount, len(change)) != "8 2 1 3" {
		t.Errorf("the change is %v", change)
	}
	w.wantStates(coins, mint.ProofSpent)
	w.wantRestorable(blanks, 3)
	w.wantSagas(0)
	w.wantExactTotals()
	if w.payer.moved["a"] != 1 {
		t.Errorf("money went %d times", w.payer.moved["a"])
	}
	// P4: for ever the same, from the quote and from the request.
	wantSameSignatures(t, w.readMelt(q).Signatures, paid.Signatures)
	w.clock.Add(int64(1000 * time.Hour / time.Second))
	w.signer.rotate(t, "sat", 0, 0)
	w.signer.down.Store(true)
	wantSameSignatures(t, w.melt(req).Signatures, paid.Signatures)
	w.signer.down.Store(false)
	w.refresh(w.mint)
	// The blank that was not needed is free.
	if _, err := w.mint.Swap(t.Context(), swapRequest(change, w.notes(w.active("sat"), 8, 2, 1))); err != nil {
		t.Errorf("the change cannot be spent: %v", err)
	}
	w.wantExactTotals()
}

func TestMeltWithoutBlanksKeepsWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q := w.meltQuote("a", 100)
	paid := w.melt(meltRequest(q, w.mintCoins(128), nil))
	if paid.State != mint.MeltPaid || len(paid.Signatures) != 0 {
		t.Errorf("got %+v", paid)
	}
	w.wantExactTotals()
	q = w.meltQuote("b", 100)
	blanks := w.blanks(2) // 27 are left: too few for 16+8+2+1, the largest come first
	if change := w.change(blanks, w.melt(meltRequest(q, w.mintCoins(128), blanks))); sumOf(change) != 24 {
		t.Errorf("the change is %v", change)
	}
	w.wantExactTotals()
}

func TestMeltPaysTheInputFee(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	w.signer.rotate(t, "sat", 1000, 0)
	w.refresh(w.mint)
	coins := w.mintCoins(64, 32, 4, 4, 2)
	q := w.meltQuote("a", 100)
	_, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(q, coins[:4], nil)) // 104 < 100 + 2 + 4
	wantCode(t, err, cashu.CodeUnbalanced)
	q2 := w.meltQuote("b", 99) // 106 = 99 + 2 + 5
	blanks := w.blanks(1)
	if change := w.change(blanks, w.melt(meltRequest(q2, coins, blanks))); sumOf(change) != 1 {
		t.Errorf("the change is %v, want the unused part of the reserve", change)
	}
}

func TestAPaymentThatFailedGivesEverythingBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q := w.meltQuote("a", 100)
	coins, blanks := w.mintCoins(64, 64), w.blanks(3)
	w.payer.sending = func(a *attempt) error {
		a.Outgoing = lightning.Outgoing{State: lightning.PaymentFailed}
		return nil
	}
	_, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(q, coins, blanks))
	wantCode(t, err, cashu.CodePaymentFailed)
	w.wantStates(coins, mint.ProofUnspent)
	w.wantRestorable(blanks, 0)
	w.wantSagas(0)
	w.wantMelt(q, mint.MeltUnpaid)
	w.payer.sending = nil
	w.melt(meltRequest(q, coins, blanks)) // a new attempt with the same blanks
	w.wantMelt(q, mint.MeltPaid)
	w.wantExactTotals()
}

// The table of the backend's answers: what it says when it is told to pay, and
// what it says when it is asked.
func TestOnlyAFreshWordThatThePaymentFailedUndoesAMelt(t *testing.T) {
	t.Parallel()
	const failed, paid, pending, unknown = lightning.PaymentFailed, lightning.PaymentPaid, lightning.PaymentPending, lightning.PaymentUnknown
	lost := errors.New("connection lost")
	for _, tc := range []struct {
		name     string
		send     lightning.PaymentState
		sendErr  error
		check    lightning.PaymentState
		checkErr error
		want     mint.MeltState
	}{
		{"paid", paid, nil, 0, lost, mint.MeltPaid},
		{"failed, and says so again", failed, nil, failed, nil, mint.MeltUnpaid},
		{"failed, and then paid", failed, nil, paid, nil, mint.MeltPaid},
		{"failed, and then pending", failed, nil, pending, nil, mint.MeltPending},
		{"failed, and then unknown", failed, nil, unknown, nil, mint.MeltPending},
		{"failed, and then silent", failed, nil, 0, lost, mint.MeltPending},
		{"pending, then paid", pending, nil, paid, nil, mint.MeltPaid},
		{"pending, then failed", pending, nil, failed, nil, mint.MeltUnpaid},
		{"pending", pending, nil, pending, nil, mint.MeltPending},
		{"an error, then paid", 0, lost, paid, nil, mint.MeltPaid},
		{"an error, then failed", 0, lost, failed, nil, mint.MeltUnpaid},
		{"an error, then unknown", 0, lost, unknown, nil, mint.MeltPending},
		{"an error, then an error", 0, lost, 0, lost, mint.MeltPending},
		{"refused, so never begun", 0, fmt.Errorf("no: %w", lightning.ErrRefused), 0, lost, mint.MeltUnpaid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, newMemStore())
			q := w.meltQuote("a", 100)
			coins, blanks := w.mintCoins(128), w.blanks(5)
			asked := 0
			w.payer.answering = func(a *attempt) (lightning.Outgoing, error) {
				state, err := tc.send, tc.sendErr
				if asked++; asked > 1 {
					state, err = tc.check, tc.checkErr
				}
				if state == paid {
					return lightning.Outgoing{State: paid, Spent: 101, Proof: "p"}, err
				}
				return lightning.Outgoing{State: state}, err
			}
			melted, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(q, coins, blanks))
			if (err != nil) != (tc.want == mint.MeltUnpaid) {
				t.Fatalf("got %+v, %v", melted, err)
			}
			w.wantMelt(q, tc.want)
			w.wantStates(coins, map[mint.MeltState]mint.ProofState{
				mint.MeltUnpaid: mint.ProofUnspent, mint.MeltPending: mint.ProofPending, mint.MeltPaid: mint.ProofSpent}[tc.want])
			if tc.want != mint.MeltPending {
				w.wantSagas(0)
				return
			}
			wantCode(t, err2(w.mint.Melt(t.Context(), "bolt11", meltRequest(q, coins, blanks))), cashu.CodeQuotePending)
			w.wantSagas(1)
			// Nothing changes while the backend says nothing that decides.
			for _, says := range []struct {
				state lightning.PaymentState
				err   error
			}{{pending, nil}, {unknown, nil}, {0, lost}} {
				w.payer.becomes(says.state, says.err)
				_ = w.mint.Sweep(t.Context())
				w.wantStates(coins, mint.ProofPending)
			}
			w.payer.becomes(paid, nil)
			if err := w.mint.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.wantMelt(q, mint.MeltPaid)
			w.wantStates(coins, mint.ProofSpent)
			if got := sumOf(w.change(blanks, w.readMelt(q))); got != 27 {
				t.Errorf("the change is %d, want 27", got)
			}
			w.wantExactTotals()
			if w.payer.sends != 1 {
				t.Errorf("%d attempts", w.payer.sends)
			}
		})
	}
}

func err2[T any](_ T, err error) error { return err }

func TestARefusedMeltLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	old := w.active("sat")
	coins := w.mintCoins(128, 64)
	w.signer.rotate(t, "sat", 0, 0)
	w.signer.rotate(t, "usd", 0, 0)
	w.refresh(w.mint)
	spent := w.mintCoins(128)
	if _, err := w.mint.Swap(t.Context(), swapRequest(spent, w.notes(w.active("sat"), 128))); err != nil {
		t.Fatal(err)
	}
	q := w.meltQuote("a", 100)
	signed := w.blanks(1)
	w.melt(meltRequest(w.meltQuote("other", 100), w.mintCoins(128), signed))
	forged := coins[:1:1]
	forged = []cashu.Proof{forged[0]}
	forged[0].C = scalar(t, "forged").Public()
	before := w.payer.sends
	for _, tc := range []struct {
		name string
		req  cashu.MeltRequest
		code cashu.Code
	}{
		{"an unknown quote", meltRequest(mint.MeltQuote{ID: "nobody"}, coins, nil), cashu.CodeUnknownQuote},
		{"no inputs", meltRequest(q, nil, nil), cashu.CodeUnbalanced},
		{"too little", meltRequest(q, coins[1:], nil), cashu.CodeUnbalanced},
		{"duplicate inputs", meltRequest(q, []cashu.Proof{coins[0], coins[0]}, nil), cashu.CodeDuplicateInputs},
		{"spent inputs", meltRequest(q, spent, nil), cashu.CodeProofsSpent},
		{"forged inputs", meltRequest(q, forged, nil), cashu.CodeProofInvalid},
		{"duplicate blanks", meltRequest(q, coins, []note{signed[0], signed[0]}), cashu.CodeDuplicateOutputs},
		{"blanks signed before", meltRequest(q, coins, signed), cashu.CodeOutputsSigned},
		{"blanks of a retired keyset", meltRequest(q, coins, w.notes(old, 0)), cashu.CodeKeysetInactive},
		{"blanks of another unit", meltRequest(q, coins, w.notes(w.active("usd"), 0)), cashu.CodeUnitMismatch},
	} {
		_, err := w.mint.Melt(t.Context(), "bolt11", tc.req)
		t.Log(tc.name)
		wantCode(t, err, tc.code)
	}
	_, err := w.mint.Melt(t.Context(), "bolt12", meltRequest(q, coins, nil))
	wantCode(t, err, cashu.CodeUnknownMethod)
	w.clock.Store(q.Expiry.Unix() + 1)
	_, err = w.mint.Melt(t.Context(), "bolt11", meltRequest(q, coins, nil))
	wantCode(t, err, cashu.CodeQuoteExpired)
	w.wantStates(coins, mint.ProofUnspent)
	w.wantMelt(q, mint.MeltUnpaid)
	w.wantSagas(0)
	if w.payer.sends != before {
		t.Error("a refused melt was paid")
	}
}

func TestMeltQuotesOfOneInvoiceFollowEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	ask := func(request string, o cashu.MeltOptions) error {
		return err2(w.mint.CreateMeltQuote(t.Context(), "bolt11", cashu.MeltQuoteRequest{Request: request, Unit: "sat", Options: o}))
	}
	first := w.meltQuote("a", 100)
	err := ask("pay:a:100", cashu.MeltOptions{})
	wantCode(t, err, cashu.CodeQuotePending)
	if until := first.Expiry.UTC().Format(time.RFC3339); !strings.Contains(err.Error(), until) {
		t.Errorf("%q does not say that it is until %s", err, until)
	}
	w.clock.Store(first.Expiry.Unix())
	second := w.meltQuote("a", 100) // D1: allowed when the first has expired
	w.payer.becomes(lightning.PaymentPending, nil)
	coins := w.mintCoins(128)
	w.melt(meltRequest(second, coins, nil))
	w.clock.Store(second.Expiry.Unix() + 1)
	wantCode(t, ask("pay:a:100", cashu.MeltOptions{}), cashu.CodeQuotePending)
	w.payer.becomes(lightning.PaymentPaid, nil)
	if err := w.mint.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantCode(t, ask("pay:a:100", cashu.MeltOptions{}), cashu.CodeInvoicePaid)
	_, err = w.mint.Melt(t.Context(), "bolt11", meltRequest(second, w.mintCoins(128), nil))
	wantCode(t, err, cashu.CodeInvoicePaid)

	wantCode(t, ask("pay:b:0", cashu.MeltOptions{}), cashu.CodeAmountlessInvoice)
	wantCode(t, ask("pay:b:7", cashu.MeltOptions{AmountlessMsat: 8000}), cashu.CodeInvoiceAmount)
	wantCode(t, ask("nonsense", cashu.MeltOptions{}), cashu.CodeMalformed)
	wantCode(t, ask("pay:b:20001", cashu.MeltOptions{}), cashu.CodeAmountOutOfRange)
	wantCode(t, ask("pay:b:7", cashu.MeltOptions{AmountlessMsat: 1, PartMsat: 1}), cashu.CodeMalformed)
	if err := ask("pay:b:0", cashu.MeltOptions{AmountlessMsat: 7000}); err != nil {
		t.Errorf("an amount of the payer's choice: %v", err)
	}
	for _, part := range []uint64{3000, 4000} { // NUT-15: each part is a quote of its own
		if err := ask("pay:c:7", cashu.MeltOptions{PartMsat: part}); err != nil {
			t.Errorf("a part of %d: %v", part, err)
		}
	}
}

func TestAMeltBetweenTwoQuotesOfThisMintNeedsNoNetwork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	payee := w.quote(100)
	ask := func() (mint.MeltQuote, error) {
		return w.mint.CreateMeltQuote(t.Context(), "bolt11", cashu.MeltQuoteRequest{Request: payee.Request, Unit: "sat"})
	}
	q, err := ask()
	if err != nil || q.FeeReserve != 0 || q.Amount != 100 {
		t.Fatalf("quoted %+v, %v", q, err)
	}
	coins, blanks := w.mintCoins(64, 64), w.blanks(5)
	paid := w.melt(meltRequest(q, coins, blanks))
	if change := w.change(blanks, paid); paid.State != mint.MeltPaid || paid.Proof != "" || sumOf(change) != 28 {
		t.Errorf("got %+v and %v", paid.MeltQuote, change)
	}
	if w.payer.sends != 0 {
		t.Error("the payment left the mint")
	}
	notes := w.notes(w.active("sat"), 64, 32, 4)
	sigs, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: payee.ID, Outputs: messages(notes)})
	if err != nil {
		t.Fatal(err)
	}
	w.coins(notes, sigs)
	w.wantExactTotals()
	_, err = ask()
	wantCode(t, err, cashu.CodeInvoicePaid)
	if got := w.backend.cancelled[payee.LookupID]; got != 1 {
		t.Errorf("the invoice that nobody else shall pay was cancelled %d times", got)
	}

	// Somebody outside is faster.
	payee = w.quote(50)
	if q, err = ask(); err != nil {
		t.Fatal(err)
	}
	w.backend.pay(payee)
	if _, err := w.mint.MintQuote(t.Context(), "bolt11", payee.ID); err != nil {
		t.Fatal(err)
	}
	coins = w.mintCoins(64)
	_, err = w.mint.Melt(t.Context(), "bolt11", meltRequest(q, coins, nil))
	wantCode(t, err, cashu.CodeInvoicePaid)
	w.wantStates(coins, mint.ProofUnspent)
	w.wantMelt(q, mint.MeltUnpaid)
	w.wantSagas(0)
}

func TestOfRacingMeltsExactlyOneWins(t *testing.T) {
	t.Parallel()
	for _, sameInputs := range []bool{true, false} {
		w := newWorld(t, newMemStore())
		q := w.meltQuote("a", 100)
		shared := w.mintCoins(128)
		const racers = 8
		coins, blanks := make([][]cashu.Proof, racers), make([][]note, racers)
		for i := range racers {
			if coins[i], blanks[i] = shared, w.blanks(5); !sameInputs {
				coins[i] = w.mintCoins(128)
			}
		}
		var group sync.WaitGroup
		won := make([]bool, racers)
		for i := range racers {
			group.Go(func() {
				m, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(q, coins[i], blanks[i]))
				if won[i] = err == nil && m.State == mint.MeltPaid; won[i] {
					return
				}
				if !errors.Is(err, cashu.ErrQuotePending) && !errors.Is(err, cashu.ErrInvoicePaid) && !errors.Is(err, cashu.ErrProofsPending) && !errors.Is(err, cashu.ErrProofsSpent) {
					t.Errorf("a loser got %+v, %v", m, err)
				}
			})
		}
		group.Wait()
		winners := 0
		for i := range racers {
			if won[i] {
				winners++
				w.wantStates(coins[i], mint.ProofSpent)
				continue
			}
			w.wantRestorable(blanks[i], 0)
			if !sameInputs {
				w.wantStates(coins[i], mint.ProofUnspent)
			}
		}
		if winners != 1 || w.payer.moved["a"] != 1 {
			t.Errorf("%d won and money went %d times", winners, w.payer.moved["a"])
		}
		w.wantSagas(0)
		w.wantExactTotals()
	}
}

func TestAMeltThatDoesNotWaitIsPendingAndThenPaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		q := w.meltQuote("a", 100)
		coins, blanks := w.mintCoins(128), w.blanks(5)
		w.payer.wait = make(chan struct{})
		req := meltRequest(q, coins, blanks)
		req.PreferAsync = true
		if got := w.melt(req); got.State != mint.MeltPending {
			t.Errorf("the answer is %v", got.State)
		}
		synctest.Wait()
		w.wantStates(coins, mint.ProofPending)
		if got := w.readMelt(q); got.State != mint.MeltPending { // the question is not kept waiting
			t.Errorf("it is %v", got.State)
		}
		close(w.payer.wait)
		synctest.Wait()
		if paid := w.readMelt(q); paid.State != mint.MeltPaid || sumOf(w.change(blanks, paid)) != 27 {
			t.Errorf("in the end it is %+v", paid)
		}
		wantSameSignatures(t, w.melt(req).Signatures, w.readMelt(q).Signatures)
	})
}

func TestAMeltIsPaidThoughItsClientHungUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		q := w.meltQuote("a", 100)
		coins, blanks := w.mintCoins(128), w.blanks(5)
		w.payer.wait = make(chan struct{})
		ctx, hangUp := context.WithCancel(t.Context())
		done := make(chan mint.Melted)
		go func() {
			m, err := w.mint.Melt(ctx, "bolt11", meltRequest(q, coins, blanks))
			if err != nil {
				t.Error(err)
			}
			done <- m
		}()
		synctest.Wait()
		hangUp()
		synctest.Wait()
		w.wantStates(coins, mint.ProofPending)
		close(w.payer.wait)
		if m := <-done; m.State != mint.MeltPaid {
			t.Errorf("it is %v", m.State)
		}
		w.wantStates(coins, mint.ProofSpent)
	})
}

func TestASlowPaymentIsAnsweredAsPendingAndFoundLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		q := w.meltQuote("a", 100)
		coins, blanks := w.mintCoins(128), w.blanks(5)
		w.payer.wait = make(chan struct{})
		w.payer.becomes(lightning.PaymentPending, nil)
		began := time.Now()
		if got := w.melt(meltRequest(q, coins, blanks)); got.State != mint.MeltPending || time.Since(began) != 45*time.Second {
			t.Errorf("after %v it is %v", time.Since(began), got.State)
		}
		w.payer.becomes(lightning.PaymentPaid, nil)
		if got := w.readMelt(q); got.State != mint.MeltPending { // this look sends somebody
			t.Errorf("the look waited: %v", got.State)
		}
		synctest.Wait()
		w.wantMelt(q, mint.MeltPaid)
		w.wantSagas(0)
	})
}

// A keyset that is retired while a payment is under way still signs its change;
// until the signatory does that, nothing is lost.
func TestChangeThatCannotBeSignedYetIsNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q := w.meltQuote("a", 100)
	coins, blanks := w.mintCoins(128), w.blanks(5)
	w.signer.onSign(func(int) error { return cashu.ErrKeysetInactive })
	got := w.melt(meltRequest(q, coins, blanks))
	if got.State != mint.MeltSettled || got.State.String() != "PENDING" {
		t.Errorf("it is %v", got.State)
	}
	w.payer.becomes(lightning.PaymentFailed, nil) // whatever the backend says now, the payment is final
	for range 2 {
		if err := w.mint.Sweep(t.Context()); !errors.Is(err, cashu.ErrKeysetInactive) {
			t.Errorf("sweeping: %v", err)
		}
		w.wantStates(coins, mint.ProofPending)
	}
	w.signer.rotate(t, "sat", 0, 0)
	w.refresh(w.mint)
	w.signer.onSign(func(int) error { return nil })
	if err := w.mint.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	paid := w.readMelt(q)
	if change := w.change(blanks, paid); sumOf(change) != 27 || paid.Proof != "proof of a" || paid.Spent != 101 {
		t.Errorf("in the end it is %+v with %v", paid.MeltQuote, change)
	}
	w.wantStates(coins, mint.ProofSpent)
	w.wantExactTotals()
	if w.payer.sends != 1 {
		t.Errorf("%d attempts", w.payer.sends)
	}
}

func TestChangeOfAnExpiredKeysetIsWorthNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	w.signer.rotate(t, "sat", 0, uint64(w.clock.Load())+100)
	w.refresh(w.mint)
	q := w.meltQuote("a", 100)
	coins, blanks := w.mintCoins(128), w.blanks(5)
	w.signer.onSign(func(int) error { return cashu.ErrKeysetExpired })
	w.melt(meltRequest(q, coins, blanks))
	w.clock.Add(200)
	if err := w.mint.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if paid := w.readMelt(q); paid.State != mint.MeltPaid || len(paid.Signatures) != 0 {
		t.Errorf("it is %+v", paid)
	}
	w.wantSagas(0)
}

func TestSignaturesOverAllOfAMeltCoverItsQuote(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	alice := scalar(t, "alice")
	coins, blanks := w.lockedCoins(conditions.Lock{Key: alice.Public(), SigAll: true}, 128), w.blanks(5)
	q, other := w.meltQuote("a", 100), w.meltQuote("b", 100)
	if err := conditions.SignAll(conditions.Transaction{Inputs: coins, Outputs: messages(blanks), QuoteID: q.ID}, alice, nil); err != nil {
		t.Fatal(err)
	}
	_, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(other, coins, blanks))
	wantCode(t, err, cashu.CodeProofInvalid)
	_, err = w.mint.Melt(t.Context(), "bolt11", meltRequest(q, coins, w.blanks(5)))
	wantCode(t, err, cashu.CodeProofInvalid)
	req := meltRequest(q, coins, blanks)
	paid := w.melt(req)
	wantSameSignatures(t, w.melt(req).Signatures, paid.Signatures)
	w.wantWitness(coins[0])
}

func TestNothingIsPaidForCoinsThatWereNeverIssued(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	coins := w.mintCoins(128)
	// Somebody has the keys: another coin, of which the mint knows nothing.
	note := w.notes(w.active("sat"), 128)
	sigs, err := w.signer.BlindSign(t.Context(), messages(note))
	if err != nil {
		t.Fatal(err)
	}
	stolen := w.coins(note, sigs)
	q := w.meltQuote("a", 200)
	_, err = w.mint.Melt(t.Context(), "bolt11", meltRequest(q, append(stolen, coins...), nil))
	wantCode(t, err, cashu.CodeOverRedeemed)
	w.wantStates(append(stolen, coins...), mint.ProofUnspent)
	if w.payer.sends != 0 || w.mint.Health(t.Context()).OverRedeemed != 1 {
		t.Error("it was paid, or nobody was called")
	}
	// Coins that were spent before are only that.
	w.melt(meltRequest(w.meltQuote("b", 100), coins, nil))
	_, err = w.mint.Melt(t.Context(), "bolt11", meltRequest(w.meltQuote("c", 100), coins, nil))
	wantCode(t, err, cashu.CodeProofsSpent)
	if w.mint.Health(t.Context()).OverRedeemed != 1 {
		t.Error("the operator was called for nothing")
	}
}
