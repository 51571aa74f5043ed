package mint_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// fakeMoney is a backend that admits to inventing its payments.
type fakeMoney struct{ *testBackend }

func (fakeMoney) Settings() []lightning.Settings {
	return []lightning.Settings{{Method: "bolt11", Unit: "sat", Fake: true}}
}

func TestPlayMoneyIsSaidWhateverTheOperatorSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	cfg := w.config("second")
	cfg.About = mint.About{Name: "My mint", MOTD: "Closed on Sundays."}
	real, err := mint.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if info := real.Info(); info.Name != "My mint" || info.MOTD != "Closed on Sundays." {
		t.Errorf("real money says %q, %q", info.Name, info.MOTD)
	}
	cfg.Backends, cfg.MixPlayMoney = []mint.Backend{{Receiver: fakeMoney{w.backend}, Payer: w.payer}}, true
	fake, err := mint.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	info := fake.Info()
	if info.Name != "My mint (play money)" || !strings.HasPrefix(info.MOTD, mint.PlayMoney) || !strings.HasSuffix(info.MOTD, "Closed on Sundays.") {
		t.Errorf("play money says %q, %q", info.Name, info.MOTD)
	}
}

func TestInfoTellsOnlyOfWhatIsWired(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	var nuts []string
	for n := range w.mint.Info().Nuts {
		nuts = append(nuts, n)
	}
	slices.Sort(nuts)
	subscribable := cashu.SubscriptionsInfo{Supported: []cashu.SubscribableInfo{
		{Method: "bolt11", Unit: "sat", Commands: []string{"bolt11_mint_quote", "bolt11_melt_quote", "proof_state"}},
	}}
	if got := w.mint.Info().Nuts["17"]; !reflect.DeepEqual(got, subscribable) {
		t.Errorf("NUT-17 is %v, want %v", got, subscribable)
	}
	if want := []string{"10", "11", "12", "14", "15", "17", "19", "20", "29", "4", "5", "7", "8", "9"}; !slices.Equal(nuts, want) {
		t.Errorf("NUTs %v, want %v", nuts, want)
	}
	cfg := w.config("poor")
	cfg.Backends = nil
	poor, err := mint.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"8", "15", "29"} {
		if poor.Info().Nuts[n] != nil {
			t.Errorf("without a backend the mint has NUT-%s", n)
		}
	}
	for _, n := range []string{"4", "5"} {
		if info, ok := poor.Info().Nuts[n].(cashu.MethodsInfo); !ok || !info.Disabled || len(info.Methods) != 0 {
			t.Errorf("without a backend NUT-%s is %+v", n, poor.Info().Nuts[n])
		}
	}
	_, err = poor.CreateMeltQuote(t.Context(), "bolt11", cashu.MeltQuoteRequest{Request: "pay:a:1", Unit: "sat"})
	wantCode(t, err, cashu.CodeMeltingDisabled)
	w.payer.partsOff, w.payer.amountOff = true, true
	w.mint = w.newMint("second")
	if w.mint.Info().Nuts["15"] != nil || *w.mint.Info().Nuts["5"].(cashu.MethodsInfo).Methods[0].Options.Amountless {
		t.Error("the mint claims what its backend cannot do")
	}
	_, err = w.mint.CreateMeltQuote(t.Context(), "bolt11", cashu.MeltQuoteRequest{Request: "pay:a:0", Unit: "sat", Options: cashu.MeltOptions{AmountlessMsat: 5000}})
	wantCode(t, err, cashu.CodeAmountlessInvoice)
	if strings.Count(w.mint.Info().Version, "/") != 1 {
		t.Errorf("version %q breaks wallets that split it at its one slash", w.mint.Info().Version)
	}
}

func TestHealthSaysWhenTheDatabaseCannotBeWritten(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	w := newWorld(t, store)
	if h := w.mint.Health(t.Context()); !h.Database || h.NoWrites {
		t.Errorf("all well: %+v", h)
	}
	store.unwritable = errors.New("full")
	if h := w.mint.Health(t.Context()); !h.Database || !h.NoWrites {
		t.Errorf("on a full disk: %+v", h)
	}
}
