package mint_test

import (
	"errors"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// fakePayer admits that it moves no money.
type fakePayer struct{ *testPayer }

func (fakePayer) PaySettings() []lightning.PaySettings {
	return []lightning.PaySettings{{Method: "bolt11", Unit: "sat", Fake: true}}
}

func TestPlayMoneyNeverBecomesMoneyNorMoneyPlayMoney(t *testing.T) {
	t.Parallel()
	real := func(w *world) mint.Backend { return mint.Backend{Name: "node", Receiver: w.backend, Payer: w.payer} }
	play := func(w *world) mint.Backend {
		return mint.Backend{Name: "play", Receiver: fakeMoney{w.backend}, Payer: fakePayer{w.payer}}
	}
	for name, tt := range map[string]struct {
		first, then func(w *world) mint.Backend
		refused     bool
	}{
		"real and real": {real, real, false},
		"play and play": {play, play, false},
		"play and real": {play, real, true},
		"real and play": {real, play, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, newMemStore())
			store := newMemStore()
			start := func(b mint.Backend, mix bool) error {
				cfg := w.config("any")
				cfg.Store, cfg.Backends, cfg.MixPlayMoney = store, []mint.Backend{b}, mix
				_, err := mint.New(t.Context(), cfg)
				return err
			}
			if err := start(tt.first(w), false); err != nil {
				t.Fatal(err)
			}
			err := start(tt.then(w), false)
			if errors.Is(err, mint.ErrPlayMoney) != tt.refused || (err != nil) != tt.refused {
				t.Errorf("it starts, or not: %v", err)
			}
			if err := start(tt.then(w), true); err != nil {
				t.Errorf("although it is allowed: %v", err)
			}
			if err := start(tt.first(w), false); err != nil {
				t.Errorf("as before: %v", err)
			}
		})
	}
}

func TestPlayMoneyAndMoneyAtOnceAreRefusedInOneUnitOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	start := func(backends ...mint.Backend) error {
		cfg := w.config("any")
		cfg.Store, cfg.Backends = newMemStore(), backends
		_, err := mint.New(t.Context(), cfg)
		return err
	}
	err := start(mint.Backend{Name: "node", Payer: w.payer}, mint.Backend{Name: "play", Receiver: fakeMoney{w.backend}})
	if !errors.Is(err, mint.ErrPlayMoney) {
		t.Errorf("play money in, money out: %v", err)
	}
	usd := &settledBackend{newTestBackend(), []lightning.Settings{{Method: "bolt11", Unit: "usd", Fake: true}, {Method: "bolt12", Unit: "sat", Fake: true}}}
	if err := start(mint.Backend{Name: "node", Payer: w.payer, Receiver: w.backend}, mint.Backend{Name: "play", Receiver: usd, Units: []cashu.Unit{"usd"}}); err != nil {
		t.Errorf("in two units: %v", err)
	}
}

// A database of before, when there was nothing but play money, does not say so.
func TestEcashOfADatabaseOfBeforeIsPlayMoney(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	w := newWorld(t, store)
	w.mintCoins(8)
	store.forgetConfig("money/sat")
	cfg := w.config("today")
	if _, err := mint.New(t.Context(), cfg); !errors.Is(err, mint.ErrPlayMoney) || !strings.Contains(err.Error(), "new database and new keysets") {
		t.Errorf("with a node: %v", err)
	}
	store.forgetConfig("money/sat")
	cfg.Backends = []mint.Backend{{Receiver: fakeMoney{w.backend}}}
	if _, err := mint.New(t.Context(), cfg); err != nil {
		t.Errorf("with a fake: %v", err)
	}
}
