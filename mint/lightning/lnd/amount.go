package lnd

import (
	"math/bits"
	"strconv"

	"mintmark/cashu"
)

const unitMsat cashu.Unit = "msat"

const (
	msatPerSat = 1000
	// maxMsat is all bitcoin that there will be.
	maxMsat = 21_000_000 * 100_000_000 * msatPerSat
)

// perUnit is how many thousandths of a satoshi the unit counts.
func (b *Backend) perUnit() uint64 {
	if b.cfg.Unit == unitMsat {
		return 1
	}
	return msatPerSat
}

// msat converts an amount; false: it is more than all bitcoin.
func (b *Backend) msat(a cashu.Amount) (uint64, bool) {
	high, low := bits.Mul64(uint64(a), b.perUnit())
	return low, high == 0 && low <= maxMsat
}

// roundUp converts what goes out, at most maxMsat and a fee, so that the mint never pays
// more than it takes.
func (b *Backend) roundUp(msat uint64) cashu.Amount {
	per := b.perUnit()
	amount := msat / per
	if msat%per != 0 {
		amount++
	}
	return cashu.Amount(amount)
}

// roundDown converts what came in.
func (b *Backend) roundDown(msat uint64) cashu.Amount { return cashu.Amount(msat / b.perUnit()) }

// number is a 64-bit number as lnd writes it into JSON: a string.
type number uint64

func (n number) MarshalText() ([]byte, error) { return strconv.AppendUint(nil, uint64(n), 10), nil }

// UnmarshalText reads no negative number: nothing that is read here can be one.
func (n *number) UnmarshalText(text []byte) error {
	v, err := strconv.ParseUint(string(text), 10, 64)
	*n = number(v)
	return err
}

// UnmarshalJSON reads the number with and without quotes.
func (n *number) UnmarshalJSON(text []byte) error {
	if len(text) >= 2 && text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	return n.UnmarshalText(text)
}
