package main

import (
	"errors"
	"math"
	"testing"

	"mintmark/cashu"
)

func TestAmountsAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		unit cashu.Unit
		want cashu.Amount
		of   cashu.Unit
	}{
		{"1000", "", 1000, "sat"},
		{"1_000", "", 1000, "sat"},
		{"1,000,000", "sat", 1000000, "sat"},
		{"18446744073709551615", "", math.MaxUint64, "sat"},
		{"12.34 usd", "", 1234, "usd"},
		{"12.3 USD", "usd", 1230, "usd"},
		{"$1,234.56", "", 123456, "usd"},
		{"12", "usd", 1200, "usd"},
		{"€0.05", "", 5, "eur"},
		{"7 msat", "", 7, "msat"},
		{"10sat", "", 10, "sat"},
		{"12.34usd", "", 1234, "usd"},
	} {
		got, of, err := parseAmount(c.text, c.unit)
		if err != nil || got != c.want || of != c.of {
			t.Errorf("%q in %q is %d %s, %v; want %d %s", c.text, c.unit, got, of, err, c.want, c.of)
		}
	}
}

func TestWhatIsNoAmountIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "0", "0.00 usd", "-1", "+1", "1e3", "0x10", "1.5", "12.345 usd", "1.", ".5 usd", "1__000", "_1", "1_", "10_00",
		"1,00", "1 2 sat", "18446744073709551616", "184467440737095516.16 usd", "٣", "1 !", "1!", "sat", "12 usd sat", "12usd sat",
	} {
		if got, unit, err := parseAmount(text, ""); !errors.Is(err, errAmount) {
			t.Errorf("%q is %d %s, %v", text, got, unit, err)
		}
	}
	for text, unit := range map[string]cashu.Unit{"1 usd": "sat", "$1": "sat"} {
		if _, _, err := parseAmount(text, unit); err == nil {
			t.Errorf("%q was read as %s", text, unit)
		}
	}
}

func TestAmountsAreWrittenForPeople(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		a    cashu.Amount
		unit cashu.Unit
	}{
		"0 sat": {0, "sat"}, "999 sat": {999, "sat"}, "1,000 sat": {1000, "sat"}, "18,446,744,073,709,551,615 sat": {math.MaxUint64, "sat"},
		"$0.05": {5, "usd"}, "$1,234.56": {123456, "usd"}, "3.00 chf": {300, "chf"},
	} {
		if got := formatAmount(c.a, c.unit); got != want {
			t.Errorf("%d %s is written %q, want %q", c.a, c.unit, got, want)
		}
	}
}

// What is written is read again as the same.
func FuzzAmount(f *testing.F) {
	f.Add(uint64(1), "sat")
	f.Add(uint64(123456), "usd")
	f.Add(uint64(math.MaxUint64), "chf")
	f.Fuzz(func(t *testing.T, n uint64, text string) {
		unit, err := cashu.ParseUnit(text)
		if err != nil || n == 0 {
			return
		}
		got, of, err := parseAmount(formatAmount(cashu.Amount(n), unit), unit)
		if err != nil || uint64(got) != n || of != unit {
			t.Fatalf("%d %s came back as %d %s, %v", n, unit, got, of, err)
		}
	})
}
