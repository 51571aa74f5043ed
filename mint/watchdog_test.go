package mint_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// guarded is a running mint with a watchdog, whose backend says what it holds.
func guarded(t *testing.T, limits mint.Watchdog) (*world, *livingBackend) {
	t.Helper()
	w := newWorld(t, newMemStore())
	node := &livingBackend{testBackend: w.backend}
	cfg := w.config("guarded")
	cfg.Watchdog = limits
	cfg.Backends = []mint.Backend{{Name: "node", Receiver: node, Payer: w.payer}}
	var err error
	if w.mint, err = mint.New(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	w.refresh(w.mint)
	t.Cleanup(run(w.mint))
	return w, node
}

// look lets the watchdog look until what it remembers is over.
func look() { time.Sleep(time.Minute) }

func (w *world) watched(unit cashu.Unit) mint.Watched {
	w.tb.Helper()
	for _, u := range w.mint.Payments(w.tb.Context()).Units {
		if u.Unit == unit {
			return u
		}
	}
	w.tb.Errorf("nobody watches %s", unit)
	return mint.Watched{}
}

func TestTheWatchdogAlarmsAndStopsAndGoesOnOnlyWhenThereIsMoreThanEnough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, node := guarded(t, mint.Watchdog{AlarmBelow: 1, StopMintBelow: 0.9, StopMeltBelow: 0.5, Margin: 0.1})
		node.holds.Store(1024)
		paid := w.quote(8)
		w.backend.pay(paid)
		offered, coins := w.meltQuote("a", 4), w.mintCoins(512, 256, 128, 64, 32, 16, 8, 8) // 1024 are owed
		for step, tt := range []struct {
			held               uint64
			alarm, mint, melt  bool
			whatTheHolderFeels string
		}{
			{1024, false, false, false, "all is covered"},
			{1023, true, false, false, "something is missing"},
			{922, true, false, false, "just enough to mint"},
			{921, true, true, false, "too little to mint"},
			{1000, true, true, false, "more, but not by the margin"},
			{1023, true, true, false, "still not"},
			{1024, true, false, false, "enough to mint, not to be calm"},
			{1126, true, false, false, "almost"},
			{1127, false, false, false, "calm again"},
			{1024, false, false, false, "and not nervous"},
			{511, true, true, true, "too little to melt"},
			{0, true, true, true, "nothing"},
			{614, true, true, true, "not by the margin"},
			{615, true, true, false, "enough to melt"},
			{5000, false, false, false, "plenty"},
		} {
			node.holds.Store(tt.held)
			look()
			got := w.watched("sat")
			if got.Alarm != tt.alarm || got.MintStopped != tt.mint || got.MeltStopped != tt.melt || got.Owed != 1024 || uint64(got.Held) != tt.held || !got.Known {
				t.Errorf("step %d, %s: %+v", step, tt.whatTheHolderFeels, got)
			}
			if short := w.mint.Health(t.Context()).Short; short != tt.alarm {
				t.Errorf("step %d: short is %v", step, short)
			}
			err := w.askToMint(8)
			if tt.mint {
				wantCode(t, err, cashu.CodeMintingDisabled)
			} else if err != nil {
				t.Errorf("step %d: %v", step, err)
			}
			err = w.askToMelt(fmt.Sprintf("pay:%d:1", step))
			if tt.melt {
				wantCode(t, err, cashu.CodeMeltingDisabled)
				_, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(offered, coins[5:], nil))
				wantCode(t, err, cashu.CodeMeltingDisabled)
			} else if err != nil {
				t.Errorf("step %d: %v", step, err)
			}
		}
		node.holds.Store(0)
		look()
		notes := w.notes(w.active("sat"), 8)
		if _, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: paid.ID, Outputs: messages(notes)}); err != nil {
			t.Errorf("what was paid cannot be minted: %v", err)
		}
		if _, err := w.mint.Swap(t.Context(), swapRequest(coins[:1], w.notes(w.active("sat"), 512))); err != nil {
			t.Errorf("swaps do not work: %v", err)
		}
	})
}

func TestTheWatchdogForgetsNothingWhileTheBackendIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, node := guarded(t, mint.Watchdog{StopMintBelow: 1})
		node.holds.Store(100)
		w.mintCoins(64)
		away := errors.New("away")
		node.err.Store(&away)
		look()
		if got := w.watched("sat"); got.Known || got.MintStopped || got.Ratio != 0 {
			t.Errorf("away, it sees %+v", got)
		}
		node.err.Store(nil)
		node.holds.Store(63)
		look()
		if got := w.watched("sat"); !got.MintStopped {
			t.Errorf("back, it sees %+v", got)
		}
		node.err.Store(&away)
		node.holds.Store(1000)
		look()
		if got := w.watched("sat"); got.Known || !got.MintStopped {
			t.Errorf("away again, it sees %+v", got)
		}
	})
}

// The money of a payment under way is gone from the node, and its ecash is not: that is
// no loss.
func TestAnOpenMeltIsNoLoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, node := guarded(t, mint.Watchdog{AlarmBelow: 1})
		node.holds.Store(128)
		coins := w.mintCoins(128)
		q := w.meltQuote("a", 100)
		w.payer.becomes(lightning.PaymentPending, nil)
		w.melt(meltRequest(q, coins, w.blanks(5)))
		node.holds.Store(26) // 100 and the fee reserve are locked
		look()
		if got := w.watched("sat"); got.Alarm || got.Owed != 26 {
			t.Errorf("while it is open: %+v", got)
		}
		w.payer.becomes(lightning.PaymentPaid, nil)
		w.clock.Add(1000)
		if err := w.mint.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		node.holds.Store(27) // the fee was 1
		look()
		if got := w.watched("sat"); got.Alarm || got.Owed != 27 {
			t.Errorf("when it is paid: %+v", got)
		}
	})
}

// What has just been minted was paid for before: a balance that is some seconds old must
// not look like a loss.
func TestEcashThatWasJustIssuedIsNoLoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, node := guarded(t, mint.Watchdog{AlarmBelow: 1})
		for range 20 {
			time.Sleep(14 * time.Second)
			w.mintCoins(8) // the balance that is known does not have it yet
			time.Sleep(time.Second)
			node.holds.Add(8)
			if got := w.mint.Payments(t.Context()).Units; len(got) == 1 && got[0].Alarm {
				t.Fatalf("it sees %+v", got)
			}
		}
	})
}

// dollarBackend takes in dollars.
type dollarBackend struct{ *testBackend }

func (dollarBackend) Settings() []lightning.Settings {
	return []lightning.Settings{{Method: "bolt11", Unit: "usd"}}
}

func (b dollarBackend) CheckIncoming(ctx context.Context, method, id string) ([]lightning.Incoming, error) {
	list, err := b.testBackend.CheckIncoming(ctx, method, id)
	for i := range list {
		list[i].Unit = "usd"
	}
	return list, err
}

// mintDollars brings a coin of dollars into the world.
func (w *world) mintDollars(amount cashu.Amount) {
	w.tb.Helper()
	bank := dollarBackend{newTestBackend()}
	bank.n = 1000
	m := w.with("bank", mint.Backend{Name: "bank", Receiver: bank})
	q, err := m.CreateMintQuote(w.tb.Context(), "bolt11", cashu.MintQuoteRequest{Amount: amount, Unit: "usd"})
	if err != nil {
		w.tb.Fatal(err)
	}
	bank.pay(q)
	notes := w.notes(w.active("usd"), amount)
	if _, err := m.Issue(w.tb.Context(), "bolt11", cashu.MintRequest{Quote: q.ID, Outputs: messages(notes)}); err != nil {
		w.tb.Fatal(err)
	}
}

func TestUnitsThatShareABackendShareWhatItHolds(t *testing.T) {
	t.Parallel()
	type backend struct {
		units []cashu.Unit
		holds uint64
		mute  bool
	}
	for name, tt := range map[string]struct {
		backends []backend
		sat, usd float64 // ratios; 0 is not known
	}{
		"apart":                      {[]backend{{[]cashu.Unit{"sat"}, 128, false}, {[]cashu.Unit{"usd"}, 16, false}}, 2, 0.5},
		"together, enough for both":  {[]backend{{[]cashu.Unit{"sat", "usd"}, 192, false}}, 2, 2}, // 64 and 32 of 192
		"together, enough for each":  {[]backend{{[]cashu.Unit{"sat", "usd"}, 64, false}}, 2.0 / 3, 2.0 / 3},
		"two for one":                {[]backend{{[]cashu.Unit{"sat"}, 32, false}, {[]cashu.Unit{"sat"}, 96, false}, {[]cashu.Unit{"usd"}, 32, false}}, 2, 1},
		"one of two is mute":         {[]backend{{[]cashu.Unit{"sat"}, 32, true}, {[]cashu.Unit{"sat"}, 96, false}, {[]cashu.Unit{"usd"}, 32, false}}, 0, 1},
		"one that is shared is mute": {[]backend{{[]cashu.Unit{"sat", "usd"}, 1000, true}, {[]cashu.Unit{"sat"}, 1000, false}}, 0, 0},
		"one that shares is mute":    {[]backend{{[]cashu.Unit{"sat", "usd"}, 1000, false}, {[]cashu.Unit{"sat"}, 1000, true}}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, newMemStore())
				w.signer.rotate(t, "usd", 0, 0)
				w.refresh(w.mint)
				w.mintCoins(64)
				w.mintDollars(32)
				cfg := w.config("guarded")
				cfg.Watchdog, cfg.Backends = mint.Watchdog{AlarmBelow: 1}, nil
				for i, b := range tt.backends {
					node := &livingBackend{testBackend: newTestBackend()}
					node.holds.Store(b.holds)
					if away := errors.New("mute"); b.mute {
						node.err.Store(&away)
					}
					cfg.Backends = append(cfg.Backends, mint.Backend{Name: fmt.Sprint(i), Receiver: node, Units: b.units, NoMint: true})
				}
				var err error
				if w.mint, err = mint.New(t.Context(), cfg); err != nil {
					t.Fatal(err)
				}
				w.refresh(w.mint)
				defer run(w.mint)()
				look()
				if sat, usd := w.watched("sat").Ratio, w.watched("usd").Ratio; sat != tt.sat || usd != tt.usd {
					t.Errorf("ratios are %v and %v, want %v and %v: %+v", sat, usd, tt.sat, tt.usd, w.mint.Payments(t.Context()).Units)
				}
			})
		})
	}
}

// Money came in, and nobody has minted for it yet. It is owed all the same.
func TestTheWatchdogCountsWhatIsPaidAndNotMintedYet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, node := guarded(t, mint.Watchdog{AlarmBelow: 1})
		w.mintCoins(64)
		q := w.quote(36)
		w.backend.pay(q)
		if q, err := w.mint.MintQuote(t.Context(), "bolt11", q.ID); err != nil || q.AmountPaid != 36 {
			t.Fatalf("%+v, %v", q, err)
		}
		node.holds.Store(99)
		look()
		if got := w.watched("sat"); got.Owed != 100 || !got.Alarm {
			t.Errorf("paid, with one missing: %+v", got)
		}
		notes := w.notes(w.active("sat"), 32, 4)
		if _, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: q.ID, Outputs: messages(notes)}); err != nil {
			t.Fatal(err)
		}
		look()
		if got := w.watched("sat"); got.Owed != 100 || !got.Alarm {
			t.Errorf("minted, with one missing: %+v", got)
		}
		node.holds.Store(100)
		look()
		if got := w.watched("sat"); got.Owed != 100 || got.Alarm {
			t.Errorf("all is there: %+v", got)
		}
	})
}
