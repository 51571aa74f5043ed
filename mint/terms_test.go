package mint_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// say keeps terms in the database, as the operator does.
func (w *world) say(said mint.Terms) {
	w.tb.Helper()
	if err := mint.ChangeTerms(context.Background(), w.store, said); err != nil {
		w.tb.Fatal(err)
	}
}

func (w *world) askToMint(amount cashu.Amount) error {
	_, err := w.mint.CreateMintQuote(context.Background(), "bolt11", cashu.MintQuoteRequest{Amount: amount, Unit: "sat"})
	return err
}

func (w *world) askToMelt(request string) error {
	_, err := w.mint.CreateMeltQuote(context.Background(), "bolt11", cashu.MeltQuoteRequest{Request: request, Unit: "sat"})
	return err
}

func methodsOf(m *mint.Mint, nut string) cashu.MethodsInfo {
	return m.Info().Nuts[nut].(cashu.MethodsInfo)
}

func TestMintingThatIsSwitchedOffMakesNoQuotesAndPaysOutWhatWasPaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	paid, later := w.quote(8), w.quote(4)
	w.backend.pay(paid)
	w.say(mint.Terms{Mint: new(false)})
	w.mint = w.newMint("second")
	wantCode(t, w.askToMint(8), cashu.CodeMintingDisabled)
	if info := methodsOf(w.mint, "4"); !info.Disabled || len(info.Methods) != 0 || methodsOf(w.mint, "5").Disabled {
		t.Errorf("NUT-04 is %+v", info)
	}
	w.backend.pay(later) // after it was switched off
	for q, amount := range map[string]cashu.Amount{paid.ID: 8, later.ID: 4} {
		notes := w.notes(w.active("sat"), amount)
		if _, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: q, Outputs: messages(notes)}); err != nil {
			t.Errorf("what was paid cannot be minted: %v", err)
		}
	}
}

func TestMeltingThatIsSwitchedOffBeginsNothingAndEndsWhatWasBegun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	done, open, offered := w.meltQuote("done", 4), w.meltQuote("open", 4), w.meltQuote("offered", 4)
	coins := [][]cashu.Proof{w.mintCoins(4, 2), w.mintCoins(4, 2), w.mintCoins(4, 2)}
	finished := meltRequest(done, coins[0], nil)
	w.melt(finished)
	w.payer.becomes(lightning.PaymentPending, nil)
	w.melt(meltRequest(open, coins[1], nil))
	w.wantMelt(open, mint.MeltPending)

	w.say(mint.Terms{Method: "bolt11", Melt: new(false)})
	w.mint = w.newMint("second")
	wantCode(t, w.askToMelt("pay:new:4"), cashu.CodeMeltingDisabled)
	_, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(offered, coins[2], nil))
	wantCode(t, err, cashu.CodeMeltingDisabled)
	w.wantStates(coins[2], mint.ProofUnspent)
	if info := methodsOf(w.mint, "5"); !info.Disabled || w.mint.Info().Nuts["15"] != nil || methodsOf(w.mint, "4").Disabled {
		t.Errorf("NUT-05 is %+v", info)
	}
	if again := w.melt(finished); again.State != mint.MeltPaid { // P4
		t.Errorf("a melt that is repeated is %v", again.State)
	}
	w.payer.becomes(lightning.PaymentPaid, nil)
	w.clock.Add(1000)
	if err := w.mint.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantMelt(open, mint.MeltPaid)
}

func TestBoundsOfTheTermsNarrowThoseOfTheBackend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	w.say(mint.Terms{Unit: "sat", MinMint: new(cashu.Amount(10)), MaxMint: new(cashu.Amount(20)), MinMelt: new(cashu.Amount(5)), MaxMelt: new(cashu.Amount(1_000_000))})
	w.mint = w.newMint("second")
	for amount, ok := range map[cashu.Amount]bool{9: false, 10: true, 20: true, 21: false} {
		if err := w.askToMint(amount); ok && err != nil {
			t.Errorf("minting %d: %v", amount, err)
		} else if !ok {
			wantCode(t, err, cashu.CodeAmountOutOfRange)
		}
	}
	wantCode(t, w.askToMelt("pay:a:4"), cashu.CodeAmountOutOfRange)
	wantCode(t, w.askToMelt("pay:b:20001"), cashu.CodeAmountOutOfRange) // the backend's own
	if err := w.askToMelt("pay:c:5"); err != nil {
		t.Error(err)
	}
	in, out := methodsOf(w.mint, "4").Methods[0], methodsOf(w.mint, "5").Methods[0]
	if in.MinAmount != 10 || in.MaxAmount != 20 || out.MinAmount != 5 || out.MaxAmount != 20000 {
		t.Errorf("wallets read %+v and %+v", in, out)
	}
}

func TestTheReserveIsWhatTheBackendAsksForAndAtLeastWhatTheTermsSay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore()) // its backend asks for 2
	cfg := w.config("second")
	cfg.Terms = []mint.Terms{{FeeMin: new(cashu.Amount(4)), FeePPM: new(uint64(10_000))}}
	var err error
	if w.mint, err = mint.New(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	w.refresh(w.mint)
	for _, tt := range []struct {
		debt            string
		amount, reserve cashu.Amount
	}{{"a", 1, 4}, {"b", 400, 4}, {"c", 401, 5}, {"d", 10_000, 100}} {
		if q := w.meltQuote(tt.debt, tt.amount); q.FeeReserve != tt.reserve {
			t.Errorf("for %d it reserves %d, want %d", tt.amount, q.FeeReserve, tt.reserve)
		}
	}
	paid := w.melt(meltRequest(w.meltQuote("e", 1000), w.mintCoins(512, 256, 128, 64, 32, 16, 2), w.blanks(8)))
	if a := w.payer.attempts; paid.FeeReserve != 10 || len(a) != 1 {
		t.Errorf("reserved %d", paid.FeeReserve)
	} else {
		for _, attempt := range a {
			if attempt.MaxFee != 10 {
				t.Errorf("the backend may spend %d", attempt.MaxFee)
			}
		}
	}
	within := w.quote(8)
	q, err := w.mint.CreateMeltQuote(t.Context(), "bolt11", cashu.MeltQuoteRequest{Request: within.Request, Unit: "sat"})
	if err != nil || q.FeeReserve != 0 {
		t.Errorf("within the mint it reserves %d, %v", q.FeeReserve, err)
	}
}

func TestTheWordThatSaysMoreHoldsAndOffIsOff(t *testing.T) {
	t.Parallel()
	amount := func(n cashu.Amount) *cashu.Amount { return &n }
	for name, tt := range map[string]struct {
		file, said []mint.Terms
		max        cashu.Amount
		mintOff    bool
	}{
		"nothing":                     {max: 30000},
		"a method over a unit":        {file: []mint.Terms{{Method: "bolt11", MaxMint: amount(2)}, {Unit: "sat", MaxMint: amount(1)}}, max: 2},
		"both over one":               {file: []mint.Terms{{Method: "bolt11", Unit: "sat", MaxMint: amount(3)}, {Method: "bolt11", MaxMint: amount(2)}}, max: 3},
		"the database over the file":  {file: []mint.Terms{{Method: "bolt11", Unit: "sat", MaxMint: amount(3)}}, said: []mint.Terms{{MaxMint: amount(1)}}, max: 1},
		"no bound of the mint's own":  {file: []mint.Terms{{MaxMint: amount(3)}}, said: []mint.Terms{{MaxMint: amount(0)}}, max: 30000},
		"off by one of two":           {file: []mint.Terms{{Mint: new(false)}, {Method: "bolt11", Unit: "sat", Mint: new(true)}}, max: 30000, mintOff: true},
		"switched on by the database": {file: []mint.Terms{{Method: "bolt11", Unit: "sat", Mint: new(false)}}, said: []mint.Terms{{Mint: new(true)}}, max: 30000},
		"said of others":              {file: []mint.Terms{{Method: "bolt12", Mint: new(false)}, {Unit: "usd", MaxMint: amount(1)}}, max: 30000},
		"said one after the other":    {said: []mint.Terms{{Unit: "sat", Mint: new(false)}, {Method: "bolt11", Mint: new(true)}}, max: 30000, mintOff: true},
		"taken back for all":          {said: []mint.Terms{{Unit: "sat", Mint: new(false), MaxMint: amount(7)}, {Mint: new(true)}}, max: 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, newMemStore())
			for _, said := range tt.said {
				w.say(said)
			}
			cfg := w.config("second")
			cfg.Terms = tt.file
			m, err := mint.New(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if off := methodsOf(m, "4").Disabled; off != tt.mintOff {
				t.Errorf("off: %v", off)
			} else if !off && methodsOf(m, "4").Methods[0].MaxAmount != tt.max {
				t.Errorf("the most is %d, want %d", methodsOf(m, "4").Methods[0].MaxAmount, tt.max)
			}
		})
	}
}

func TestTermsThatNobodyCanMeanAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	amount := func(n cashu.Amount) *cashu.Amount { return &n }
	w.say(mint.Terms{MaxMelt: amount(5)})
	for want, said := range map[string]mint.Terms{
		"min_mint is more than max_mint": {MinMint: amount(2), MaxMint: amount(1)},
		"min_melt is more than max_melt": {MinMelt: amount(6)},
		"amounts end at":                 {FeeMin: amount(math.MaxUint64)},
		"fee_ppm":                        {FeePPM: new(uint64(1_000_001))},
		"is not a unit":                  {Unit: "auth"},
		"method is longer":               {Method: strings.Repeat("x", 33)},
	} {
		if err := mint.ChangeTerms(t.Context(), w.store, said); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	for _, text := range []string{"", "{}", `[{"mint":"off"}]`, `[{"max":1}]`, `[{"mint":true},{"melt":true}]`} {
		if err := mint.SetConfig(t.Context(), w.store, mint.ConfigTerms, text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	if list, err := mint.StoredTerms(t.Context(), w.store); err != nil || len(list) != 1 || *list[0].MaxMelt != 5 {
		t.Errorf("kept: %+v, %v", list, err)
	}
}

// Two mints on one database, which are up: what is set on the way of either holds for
// both within seconds.
func TestWhatIsSetHoldsForAllReplicasWithinSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		mints := []*mint.Mint{w.mint, w.newMint("second")}
		for _, m := range mints {
			defer run(m)()
		}
		time.Sleep(time.Minute)
		if err := mint.SetConfig(t.Context(), w.store, mint.ConfigMintInfo, `{"name":"Another"}`); err != nil {
			t.Fatal(err)
		}
		w.say(mint.Terms{Mint: new(false)})
		time.Sleep(3 * time.Second)
		for i, m := range mints {
			if info := m.Info(); info.Name != "Another" || !methodsOf(m, "4").Disabled {
				t.Errorf("mint %d says %q, %+v", i, info.Name, info.Nuts["4"])
			}
			_, err := m.CreateMintQuote(t.Context(), "bolt11", cashu.MintQuoteRequest{Amount: 8, Unit: "sat"})
			if !errors.Is(err, cashu.ErrMintingDisabled) {
				t.Errorf("mint %d: %v", i, err)
			}
		}
	})
}
