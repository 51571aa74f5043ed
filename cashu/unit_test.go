package cashu_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mintmark/cashu"
)

func TestParseUnitMakesCanonical(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]cashu.Unit{
		"sat": "sat", "SAT": "sat", " Sat\n": "sat", "eurc": "eurc",
		"cafe\u0301": "caf\u00e9", "CAF\u00c9": "caf\u00e9", "usd_test-1.0": "usd_test-1.0",
	} {
		if got, err := cashu.ParseUnit(in); got != want || err != nil {
			t.Errorf("ParseUnit(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestParseUnitRefusesWhatCouldForgeAKeysetID(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "  ", "sat|input_fee_ppk:0", "sat,1:02", "a:b", "a b", "a\x00", "a\u200b", "sat\xff", "\u00a3",
		strings.Repeat("a", 33), strings.Repeat(" ", 1000) + "sat", strings.Repeat("e\u0301", 30),
	} {
		got, err := cashu.ParseUnit(in)
		if !errors.Is(err, cashu.ErrUnitUnsupported) || got != "" {
			t.Errorf("ParseUnit(%q) = %q, %v", in, got, err)
		}
	}
}

func TestDerivationIndexMeetsThePublishedOnes(t *testing.T) {
	t.Parallel()
	for unit, want := range map[string]uint32{
		"sat": 1967237907, "msat": 142929756, "usd": 577560378, "eur": 1473545324,
		"auth": 1222349093, "nuts": 1502388627, "caf\u00e9": 642348965, "eurc": 1321886550,
	} {
		for _, spelling := range []string{unit, strings.ToUpper(unit), " " + unit + " "} {
			u, err := cashu.ParseUnit(spelling)
			if err != nil || u.DerivationIndex() != want {
				t.Errorf("%q has index %d, %v; want %d", spelling, u.DerivationIndex(), err, want)
			}
		}
	}
}

func TestPropertyParsingAUnitAgainChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u, err := cashu.ParseUnit(rapid.StringN(0, 16, 64).Draw(t, "text"))
		if err != nil {
			return
		}
		again, err := cashu.ParseUnit(u.String())
		if err != nil || again != u {
			t.Fatalf("%q becomes %q, %v", u, again, err)
		}
		if u.DerivationIndex()>>31 != 0 {
			t.Fatalf("%q has the hardened bit in its index", u)
		}
	})
}
