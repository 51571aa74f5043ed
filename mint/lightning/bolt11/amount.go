package bolt11

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// The multipliers of the human-readable part, largest first, in thousandths of a
// satoshi. Pico stands for ten of its kind, the least that can be paid.
var multipliers = [...]struct {
	suffix string
	msat   uint64
}{
	{"", 100_000_000_000},
	{"m", 100_000_000},
	{"u", 100_000},
	{"n", 100},
	{"p", 1},
}

// readAmount reads the part of the prefix after the network; empty is zero.
func readAmount(s string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	digits := strings.TrimRight(s, "munp")
	suffix := s[len(digits):]
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("%w: amount is not a number with a multiplier m, u, n or p", ErrMalformed)
		}
	}
	if digits == "" || digits[0] == '0' {
		return 0, fmt.Errorf("%w: amount is not a positive number without leading zeros", ErrMalformed)
	}
	if suffix == "p" {
		// Ten pico are one millisatoshi.
		tens, whole := strings.CutSuffix(digits, "0")
		if !whole {
			return 0, fmt.Errorf("%w: amount is not a whole number of millisatoshis", ErrMalformed)
		}
		digits = tens
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: amount is too large", ErrMalformed)
	}
	for _, m := range multipliers {
		if suffix != m.suffix {
			continue
		}
		high, msat := bits.Mul64(n, m.msat)
		if high != 0 {
			return 0, fmt.Errorf("%w: amount is too large", ErrMalformed)
		}
		return msat, nil
	}
	return 0, fmt.Errorf("%w: amount has an unknown multiplier", ErrMalformed)
}

// writeAmount gives the shortest form, and nothing for zero.
func writeAmount(msat uint64) string {
	if msat == 0 {
		return ""
	}
	for _, m := range multipliers[:len(multipliers)-1] {
		if msat%m.msat == 0 {
			return strconv.FormatUint(msat/m.msat, 10) + m.suffix
		}
	}
	return strconv.FormatUint(msat, 10) + "0p"
}
