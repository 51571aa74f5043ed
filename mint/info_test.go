package mint_test

import (
	"slices"
	"strings"
	"testing"

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
	cfg.Backends = []lightning.Receiver{fakeMoney{w.backend}}
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
	if want := []string{"10", "11", "12", "14", "20", "4", "7", "9"}; !slices.Equal(nuts, want) {
		t.Errorf("NUTs %v, want %v", nuts, want)
	}
	if strings.Count(w.mint.Info().Version, "/") != 1 {
		t.Errorf("version %q breaks wallets that split it at its one slash", w.mint.Info().Version)
	}
}
