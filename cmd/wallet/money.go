package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"mintmark/cashu"
)

// currency is how people write a unit whose smallest part they do not count in.
type currency struct {
	sign     string // in front; empty: the name behind
	decimals int
}

// currencies are those of ISO 4217 that mints use, by their decimals (NUT-01).
var currencies = map[cashu.Unit]currency{
	"usd": {"$", 2}, "eur": {"€", 2}, "gbp": {"£", 2}, "chf": {"", 2}, "cad": {"", 2}, "aud": {"", 2},
}

// formatAmount writes an amount for people: 1,000 sat, $12.34.
func formatAmount(a cashu.Amount, unit cashu.Unit) string {
	c, known := currencies[unit]
	if !known {
		return thousands(uint64(a)) + " " + unit.String()
	}
	whole := uint64(1)
	for range c.decimals {
		whole *= 10
	}
	text := fmt.Sprintf("%s.%0*d", thousands(uint64(a)/whole), c.decimals, uint64(a)%whole)
	if c.sign != "" {
		return c.sign + text
	}
	return text + " " + unit.String()
}

func thousands(n uint64) string {
	digits := fmt.Sprint(n)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

var errAmount = errors.New("not an amount")

// parseAmount reads what people write: 1000, 1_000, 1,000, 12.34, $12.34, and with
// the unit behind, which then must be the one that is asked for unless that is left
// open.
func parseAmount(text string, unit cashu.Unit) (cashu.Amount, cashu.Unit, error) {
	fields := apart(strings.Fields(text))
	if len(fields) == 2 {
		named, err := cashu.ParseUnit(fields[1])
		if err != nil {
			return 0, "", fmt.Errorf("%w: %q", errAmount, text)
		}
		if unit != "" && named != unit {
			return 0, "", fmt.Errorf("%q is not in %s", text, unit)
		}
		unit, fields = named, fields[:1]
	}
	if len(fields) != 1 {
		return 0, "", fmt.Errorf("%w: %q", errAmount, text)
	}
	number := fields[0]
	for name, c := range currencies {
		if rest, found := strings.CutPrefix(number, c.sign); c.sign != "" && found {
			if unit != "" && unit != name {
				return 0, "", fmt.Errorf("%q is not in %s", text, unit)
			}
			number, unit = rest, name
			break
		}
	}
	if unit == "" {
		unit = cashu.UnitSat
	}
	a, err := parseNumber(number, currencies[unit].decimals)
	if err != nil {
		return 0, "", fmt.Errorf("%w: %q", err, text)
	}
	return a, unit, nil
}

// apart splits a unit off that was written close to its number: 10sat.
func apart(fields []string) []string {
	if len(fields) != 1 {
		return fields
	}
	end := strings.LastIndexAny(fields[0], "0123456789._,") + 1
	if end == 0 || end == len(fields[0]) {
		return fields
	}
	return []string{fields[0][:end], fields[0][end:]}
}

func parseNumber(text string, decimals int) (cashu.Amount, error) {
	whole, part, point := strings.Cut(text, ".")
	if len(part) > decimals || point && part == "" {
		return 0, fmt.Errorf("%w with %d decimals", errAmount, decimals)
	}
	whole, ok := ungrouped(whole)
	if !ok {
		return 0, errAmount
	}
	var n uint64
	for _, d := range whole + part + strings.Repeat("0", decimals-len(part)) {
		if d < '0' || d > '9' {
			return 0, errAmount
		}
		if n > (math.MaxUint64-uint64(d-'0'))/10 {
			return 0, fmt.Errorf("%w that fits", errAmount)
		}
		n = n*10 + uint64(d-'0')
	}
	if n == 0 {
		return 0, fmt.Errorf("%w: nothing", errAmount)
	}
	return cashu.Amount(n), nil
}

// ungrouped takes underscores and commas out that stand before three digits.
func ungrouped(s string) (string, bool) {
	groups := strings.FieldsFunc(s, func(r rune) bool { return r == '_' || r == ',' })
	if len(groups) == 0 || len(strings.Join(groups, "_")) != len(s) {
		return "", false
	}
	for _, g := range groups[1:] {
		if len(g) != 3 {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}
