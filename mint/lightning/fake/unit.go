package fake

import (
	"fmt"
	"math/bits"

	"mintmark/cashu"
	"mintmark/mint/lightning"
)

// Units that the node converts.
const (
	unitMsat cashu.Unit = "msat"
	unitUSD  cashu.Unit = "usd" // amounts are cents
	unitEUR  cashu.Unit = "eur" // amounts are cents
)

const (
	msatPerSat = 1000
	// msatPerBTC / 100 cents.
	msatPerBTCCent = 1_000_000_000
	// The most that an invoice of this node asks for: all bitcoin there will be.
	maxMsat = 21_000_000 * 100_000_000 * msatPerSat
)

// msat converts an amount to thousandths of a satoshi, cents half up.
func (c *Config) msat(a cashu.Amount, u cashu.Unit) (uint64, error) {
	switch u {
	case unitMsat:
		return convert(a, 1, 1)
	case cashu.UnitSat:
		return convert(a, msatPerSat, 1)
	case unitUSD:
		return convert(a, msatPerBTCCent, c.USDPerBTC)
	case unitEUR:
		return convert(a, msatPerBTCCent, c.EURPerBTC)
	}
	return 0, fmt.Errorf("%w: unit is not supported", lightning.ErrRefused)
}

// convert returns a*mul/div, rounded half up. It refuses what is more than all
// bitcoin, and what rounds an amount away.
func convert(a cashu.Amount, mul, div uint64) (uint64, error) {
	high, low := bits.Mul64(uint64(a), mul)
	low, carry := bits.Add64(low, div/2, 0)
	high += carry
	if high >= div { // the quotient needs more than 64 bits
		return 0, fmt.Errorf("%w: amount is too large", lightning.ErrRefused)
	}
	msat, _ := bits.Div64(high, low, div)
	if msat > maxMsat {
		return 0, fmt.Errorf("%w: amount is too large", lightning.ErrRefused)
	}
	if msat == 0 && a != 0 {
		return 0, fmt.Errorf("%w: amount is too small", lightning.ErrRefused)
	}
	return msat, nil
}

// received converts thousandths of a satoshi to an amount, rounded down: nobody is
// credited with more than was paid.
func (c *Config) received(msat uint64, u cashu.Unit) (cashu.Amount, error) {
	up, err := c.fromMsat(msat, u)
	if err != nil || up == 0 {
		return 0, err
	}
	back, err := c.msat(up, u)
	if err == nil && back > msat {
		up--
	}
	return up, err
}

// fromMsat converts thousandths of a satoshi to an amount, rounded up, so that
// the mint never pays more than it takes.
func (c *Config) fromMsat(msat uint64, u cashu.Unit) (cashu.Amount, error) {
	mul, div := uint64(1), uint64(1)
	switch u {
	case unitMsat:
	case cashu.UnitSat:
		div = msatPerSat
	case unitUSD:
		mul, div = c.USDPerBTC, msatPerBTCCent
	case unitEUR:
		mul, div = c.EURPerBTC, msatPerBTCCent
	default:
		return 0, fmt.Errorf("%w: unit is not supported", lightning.ErrRefused)
	}
	if msat > maxMsat {
		return 0, fmt.Errorf("%w: amount is too large", lightning.ErrRefused)
	}
	high, low := bits.Mul64(msat, mul)
	low, carry := bits.Add64(low, div-1, 0)
	high += carry
	if high >= div {
		return 0, fmt.Errorf("%w: amount is too large", lightning.ErrRefused)
	}
	amount, _ := bits.Div64(high, low, div)
	return cashu.Amount(amount), nil
}
