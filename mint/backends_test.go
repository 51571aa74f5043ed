package mint_test

import (
	"context"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// settledBackend says of itself what a test wants it to say.
type settledBackend struct {
	*testBackend
	settings []lightning.Settings
}

func (b *settledBackend) Settings() []lightning.Settings { return b.settings }

func sats(methods ...string) (list []lightning.Settings) {
	for _, m := range methods {
		list = append(list, lightning.Settings{Method: m, Unit: "sat"})
	}
	return list
}

func TestTwoBackendsForTheSameAreAMistakeUnlessOneIsNotUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	one := mint.Backend{Name: "one", Receiver: w.backend, Payer: w.payer}
	two := mint.Backend{Name: "two", Receiver: newTestBackend(), Payer: newTestPayer()}
	refused := func(name, want string, backends ...mint.Backend) {
		t.Helper()
		cfg := w.config(name)
		cfg.Backends = backends
		_, err := mint.New(t.Context(), cfg)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	refused("both ways", "two ways to receive method bolt11 and unit sat: one and two", one, two)
	two.NoMint = true
	refused("both pay", "two ways to pay method bolt11 and unit sat: one and two", one, two)
	one.NoMelt = true
	refused("each one way", "", one, two)
	two.NoMint, two.Units = false, []cashu.Unit{"usd"}
	refused("used for another unit", "", one, two)
	two.Name, two.NoMint = "one", true
	refused("one name", `two backends are called "one"`, one, two)
}

func TestABackendThatCannotTellYetIsAwayAndNotUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	late := &settledBackend{testBackend: w.backend}
	cfg := w.config("late")
	cfg.Backends = []mint.Backend{{Name: "late", Receiver: late, Methods: []string{"bolt11"}, Units: []cashu.Unit{"sat"}}}
	m, err := mint.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method string, unit cashu.Unit) error {
		_, err := m.CreateMintQuote(t.Context(), method, cashu.MintQuoteRequest{Amount: 8, Unit: unit})
		return err
	}
	wantCode(t, ask("bolt11", "sat"), cashu.CodeUnavailable)
	wantCode(t, ask("bolt12", "sat"), cashu.CodeUnknownMethod)
	if info := m.Info().Nuts["4"].(cashu.MethodsInfo); len(info.Methods) != 0 {
		t.Errorf("the mint claims %+v", info)
	}
	late.settings = sats("bolt11", "bolt12")
	if err := ask("bolt11", "sat"); err != nil {
		t.Errorf("when it is there: %v", err)
	}
	wantCode(t, ask("bolt12", "sat"), cashu.CodeUnknownMethod) // it can, and is not used for it
	wantCode(t, ask("bolt11", "usd"), cashu.CodeUnitUnsupported)
	if info := m.Info().Nuts["4"].(cashu.MethodsInfo); len(info.Methods) != 1 || info.Methods[0].Method != "bolt11" {
		t.Errorf("the mint claims %+v", info)
	}
}

func TestABackendIsBelievedAboutWhatItServesAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	liar := newTestBackend()
	cfg := w.config("with a liar")
	cfg.Backends = append(cfg.Backends, mint.Backend{Name: "liar", Receiver: liar, Units: []cashu.Unit{"usd"}})
	m, err := mint.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	q, err := m.CreateMintQuote(t.Context(), "bolt11", cashu.MintQuoteRequest{Amount: 8, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	report := func(b *testBackend, p lightning.Incoming) { // returns when the one before was taken
		select {
		case b.payments <- p:
		case <-ctx.Done():
		}
	}
	p := lightning.Incoming{Method: "bolt11", LookupID: q.LookupID, PaymentID: "a lie", Amount: 8, Unit: "sat"}
	paid := func() cashu.Amount {
		row, err := w.store.MintQuote(t.Context(), "bolt11", q.ID)
		if err != nil {
			t.Fatal(err)
		}
		return row.AmountPaid
	}
	report(liar, p)
	p.Unit = "usd"
	report(liar, p)
	report(liar, p)
	if got := paid(); got != 0 {
		t.Errorf("a lie has paid %d", got)
	}
	p.Unit, p.PaymentID = "sat", "the truth"
	report(w.backend, p)
	report(w.backend, lightning.Incoming{Method: "bolt11", LookupID: "nobody's", Unit: "sat", Amount: 1})
	if got := paid(); got != 8 {
		t.Errorf("the truth has paid %d", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func TestNoMoneyIsTakenInForAUnitThatNobodyCanSign(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	dollars := &settledBackend{newTestBackend(), []lightning.Settings{{Method: "bolt11", Unit: "usd"}}}
	w.mint = w.with("second", mint.Backend{Name: "node", Receiver: w.backend}, mint.Backend{Name: "dollars", Receiver: dollars})
	ask := func() error {
		_, err := w.mint.CreateMintQuote(t.Context(), "bolt11", cashu.MintQuoteRequest{Amount: 8, Unit: "usd"})
		return err
	}
	wantCode(t, ask(), cashu.CodeUnavailable)
	if err := w.askToMint(8); err != nil {
		t.Errorf("in the other unit: %v", err)
	}
	if in := methodsOf(w.mint, "4").Methods; len(in) != 1 || in[0].Unit != "sat" {
		t.Errorf("wallets are told of %+v", in)
	}
	w.signer.rotate(t, "usd", 0, 0)
	w.refresh(w.mint)
	if err := ask(); err != nil || len(methodsOf(w.mint, "4").Methods) != 2 {
		t.Errorf("with a keyset: %v", err)
	}
}
