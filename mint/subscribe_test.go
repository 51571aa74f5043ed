package mint_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/events"
	"mintmark/signatory"
)

// run runs a mint until the returned function is called.
func run(m *mint.Mint) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	return func() {
		cancel()
		<-done
	}
}

// told is the next n states in an inbox; notes are left out.
func told(t testing.TB, in *events.Inbox, n int) (list []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for len(list) < n {
		some, err := in.Next(ctx)
		if err != nil {
			t.Fatalf("after %v: %v", list, err)
		}
		for _, d := range some {
			switch s := d.State.(type) {
			case mint.ProofNews:
				list = append(list, s.State.String())
			case mint.MintQuoteNews:
				list = append(list, string(s.MintQuote.State()))
			case mint.MeltQuoteNews:
				list = append(list, fmt.Sprintf("%v with %d of change", s.MeltQuote.State, len(s.Signatures)))
			}
		}
	}
	return list
}

func wantTold(t testing.TB, in *events.Inbox, want ...string) {
	t.Helper()
	if got := told(t, in, len(want)); !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

func hexYs(t testing.TB, proofs []cashu.Proof) (ys []string) {
	t.Helper()
	for _, p := range proofs {
		y, err := p.Y()
		if err != nil {
			t.Fatal(err)
		}
		b := y.Bytes()
		ys = append(ys, fmt.Sprintf("%x", b[:]))
	}
	return ys
}

func subscribe(t testing.TB, m *mint.Mint, kind string, filters ...string) *events.Inbox {
	t.Helper()
	in := m.OpenInbox()
	t.Cleanup(in.Close)
	if _, err := m.Subscribe(t.Context(), in, kind, filters, "ok"); err != nil {
		t.Fatal(err)
	}
	return in
}

func TestSubscribersOfProofsHearOfEveryStepOfASwap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	defer run(w.mint)()
	inputs := w.mintCoins(8)
	in := subscribe(t, w.mint, "proof_state", hexYs(t, inputs)...)
	wantTold(t, in, "UNSPENT")
	w.signer.onSign(func(int) error {
		wantTold(t, in, "PENDING")
		return signatory.ErrUnavailable
	})
	_, err := w.mint.Swap(t.Context(), swapRequest(inputs, w.notes(w.active("sat"), 8)))
	wantCode(t, err, cashu.CodeUnavailable)
	wantTold(t, in, "UNSPENT")
	w.signer.onSign(func(int) error { return nil })
	if _, err := w.mint.Swap(t.Context(), swapRequest(inputs, w.notes(w.active("sat"), 8))); err != nil {
		t.Fatal(err)
	}
	wantTold(t, in, "PENDING", "SPENT")
}

// A commit whose answer was lost: the state is what the database says.
func TestSubscribersHearOfASpendWhoseCommitSaidOtherwise(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{Store: newMemStore()}
		w := newWorld(t, store)
		defer run(w.mint)()
		inputs := w.mintCoins(8)
		in := subscribe(t, w.mint, "proof_state", hexYs(t, inputs)...)
		synctest.Wait() // the mint has begun its own work, which writes too
		store.arm(2, nil, errDisk)
		if _, err := w.mint.Swap(t.Context(), swapRequest(inputs, w.notes(w.active("sat"), 8))); err != nil {
			t.Fatal(err)
		}
		wantTold(t, in, "UNSPENT", "PENDING", "SPENT")
	})
}

func TestSubscribersHearOfWhatRecoveryUndoes(t *testing.T) {
	t.Parallel()
	store := &faultyStore{Store: newMemStore()}
	w := newWorld(t, store)
	inputs := w.coinsForLater(8)
	strand(t, w, store, inputs, w.notes(w.active("sat"), 8))
	in := subscribe(t, w.mint, "proof_state", hexYs(t, inputs)...)
	wantTold(t, in, "PENDING")
	defer run(w.mint)() // its first act is to look for unfinished sagas
	wantTold(t, in, "UNSPENT")
}

func TestSubscribersOfAMeltHearOfItsStepsAndItsChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	defer run(w.mint)()
	q := w.meltQuote("a", 100)
	coins, blanks := w.mintCoins(128), w.blanks(5)
	quote := subscribe(t, w.mint, "bolt11_melt_quote", q.ID)
	proofs := subscribe(t, w.mint, "proof_state", hexYs(t, coins)...)
	paid := w.melt(meltRequest(q, coins, blanks))
	wantTold(t, quote, "UNPAID with 0 of change", "PENDING with 0 of change",
		fmt.Sprintf("PAID with %d of change", len(paid.Signatures)))
	wantTold(t, proofs, "UNSPENT", "PENDING", "SPENT")
}

func TestSubscribersHearOfAPaymentWithinTheMint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	defer run(w.mint)()
	payee := w.quote(100)
	in := subscribe(t, w.mint, "bolt11_mint_quote", payee.ID)
	q, err := w.mint.CreateMeltQuote(t.Context(), "bolt11", cashu.MeltQuoteRequest{Request: payee.Request, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	w.melt(meltRequest(q, w.mintCoins(64, 64), w.blanks(5)))
	wantTold(t, in, "UNPAID", "PAID")
}

// Nobody asks for the quote, and the backend does not report the payment.
func TestASubscribedQuoteIsAskedForAtTheBackend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		cfg := w.config("first")
		start := time.Now()
		cfg.Clock = func() time.Time { return time.Unix(w.clock.Load(), 0).Add(time.Since(start)) }
		var err error
		if w.mint, err = mint.New(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		w.refresh(w.mint)
		stop := run(w.mint)
		defer stop()
		q, other := w.quote(8), w.quote(8)
		in := w.mint.OpenInbox()
		defer in.Close()
		if _, err := w.mint.Subscribe(t.Context(), in, "bolt11_mint_quote", []string{q.ID}, "ok"); err != nil {
			t.Fatal(err)
		}
		wantTold(t, in, "UNPAID")
		time.Sleep(time.Minute)
		asked := w.backend.asked(q)
		if asked < 6 || asked > 8 {
			t.Errorf("asked %d times in a minute, want once every 10 s", asked)
		}
		if n := w.backend.asked(other); n != 0 {
			t.Errorf("asked %d times about a quote that nobody waits for", n)
		}
		w.backend.pay(q)
		wantTold(t, in, "PAID")
		asked = w.backend.asked(q)
		time.Sleep(time.Minute)
		if n := w.backend.asked(q); n != asked {
			t.Errorf("asked %d times more about a paid quote", n-asked)
		}
		notes := w.notes(w.active("sat"), 8)
		if _, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: q.ID, Outputs: messages(notes)}); err != nil {
			t.Fatal(err)
		}
		wantTold(t, in, "ISSUED")
	})
}

func TestSubscriptionsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q := w.quote(8)
	y := hexYs(t, w.mintCoins(1))[0]
	many := make([]string, 1001)
	for i := range many {
		many[i] = y
	}
	in := w.mint.OpenInbox()
	defer in.Close()
	for _, tt := range []struct {
		name, kind string
		filters    []string
		code       cashu.Code
	}{
		{"a kind that there is not", "lnurl_mint_quote", []string{q.ID}, cashu.CodeMalformed},
		{"no kind", "", []string{q.ID}, cashu.CodeMalformed},
		{"half a kind", "_mint_quote", []string{q.ID}, cashu.CodeMalformed},
		{"no filters", "proof_state", nil, cashu.CodeMalformed},
		{"too many filters", "proof_state", many, cashu.CodeTooManyInputs},
		{"no Y", "proof_state", []string{y, "02" + strings.Repeat("ff", 32)}, cashu.CodeMalformed},
		{"an unknown quote", "bolt11_mint_quote", []string{q.ID, "0"}, cashu.ErrUnknownQuote.Code},
		{"a quote id that is too long", "bolt11_mint_quote", []string{strings.Repeat("a", 65)}, cashu.ErrUnknownQuote.Code},
	} {
		t.Log(tt.name)
		_, err := w.mint.Subscribe(t.Context(), in, tt.kind, tt.filters, "ok")
		wantCode(t, err, tt.code)
	}
	if got := w.mint.EventStats(); got.Subscriptions != 0 || got.Topics != 0 {
		t.Errorf("left behind: %+v", got)
	}
	if _, err := w.mint.Subscribe(t.Context(), in, "proof_state", []string{strings.ToUpper(y), y}, "ok"); err != nil {
		t.Errorf("a Y in capitals, twice: %v", err)
	}
}

// Many swap, all at once, while others come and go: nobody goes back in time, and
// whoever stays hears of the end.
func TestStatesOfProofsNeverGoBackInARace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	defer run(w.mint)()
	const coins = 24
	amounts := slices.Repeat([]cashu.Amount{1}, coins)
	inputs := w.mintCoins(amounts...)
	ys := hexYs(t, inputs)
	fail := make(chan struct{})
	w.signer.onSign(func(call int) error {
		select {
		case <-fail:
			return nil
		default:
			if call%2 == 0 {
				return signatory.ErrUnavailable
			}
			return nil
		}
	})
	requests := make([][]cashu.SwapRequest, coins)
	for i := range requests {
		for range 4 {
			requests[i] = append(requests[i], swapRequest(inputs[i:i+1], w.notes(w.active("sat"), 1)))
		}
	}
	var watchers, swappers sync.WaitGroup
	for range 8 {
		watchers.Go(func() {
			in := w.mint.OpenInbox()
			defer in.Close()
			if _, err := w.mint.Subscribe(t.Context(), in, "proof_state", ys, "ok"); err != nil {
				t.Error(err)
				return
			}
			last := map[bdhke.Point]mint.ProofState{}
			for spent := 0; spent < coins; {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				list, err := in.Next(ctx)
				cancel()
				if err != nil {
					t.Errorf("%d of %d are spent: %v", spent, coins, err)
					return
				}
				for _, d := range list {
					s, ok := d.State.(mint.ProofNews)
					if !ok {
						continue
					}
					before, known := last[s.Y]
					if known && (before == mint.ProofSpent || before == s.State) {
						t.Errorf("%v after %v", s.State, before)
					}
					if last[s.Y] = s.State; s.State == mint.ProofSpent {
						spent++
					}
				}
			}
		})
	}
	for i := range requests {
		for _, r := range requests[i] {
			swappers.Go(func() { _, _ = w.mint.Swap(t.Context(), r) })
		}
	}
	swappers.Wait()
	close(fail)
	for i := range requests { // those of which every swap failed
		for _, r := range requests[i] {
			_, _ = w.mint.Swap(t.Context(), r)
		}
	}
	watchers.Wait()
}
