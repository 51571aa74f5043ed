package payee

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// bitcoins reads a decimal number of bitcoin as thousandths of a satoshi (BIP 21).
func bitcoins(text string) (uint64, error) {
	const decimals = 11
	bad := errors.New("the amount of this bitcoin: URI makes no sense")
	whole, part, _ := strings.Cut(text, ".")
	if len(part) > decimals || whole == "" && part == "" {
		return 0, bad
	}
	n, err := strconv.ParseUint(whole+part+strings.Repeat("0", decimals-len(part)), 10, 64)
	if err != nil || n == 0 || n > math.MaxInt64 {
		return 0, bad
	}
	return n, nil
}
