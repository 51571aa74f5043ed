package cashu

import (
	"fmt"
	"math/bits"
	"slices"
)

// Amount is money in the minor unit of a Unit, e.g. satoshi or cent. Additions
// are checked: the largest denomination in the wild is 2^63, and two of them
// already wrap.
type Amount uint64

// ErrAmountOverflow: a sum of amounts does not fit into 64 bits, or a difference
// would be negative. Wallets see it as an unbalanced transaction.
var ErrAmountOverflow = &Error{Code: CodeUnbalanced, Detail: "amounts overflow"}

// Add returns a + b or ErrAmountOverflow.
func (a Amount) Add(b Amount) (Amount, error) {
	sum, carry := bits.Add64(uint64(a), uint64(b), 0)
	if carry != 0 {
		return 0, ErrAmountOverflow
	}
	return Amount(sum), nil
}

// Sub returns a - b or ErrAmountOverflow.
func (a Amount) Sub(b Amount) (Amount, error) {
	if b > a {
		return 0, ErrAmountOverflow
	}
	return a - b, nil
}

// Mul returns a * n, or ErrAmountOverflow.
func (a Amount) Mul(n uint64) (Amount, error) {
	high, low := bits.Mul64(uint64(a), n)
	if high != 0 {
		return 0, ErrAmountOverflow
	}
	return Amount(low), nil
}

// Sum adds amounts up, or returns ErrAmountOverflow. No amounts are 0.
func Sum(amounts ...Amount) (Amount, error) {
	var sum Amount
	for _, a := range amounts {
		var err error
		if sum, err = sum.Add(a); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// Split expresses a in denominations, largest first and as few as a greedy
// choice finds. It returns nil when the denominations cannot express a, e.g.
// when 1 is missing; no denomination may be 0. The order of the denominations
// does not matter.
func Split(a Amount, denominations []Amount) []Amount {
	sorted := slices.Sorted(slices.Values(denominations))
	var parts []Amount
	for _, d := range slices.Backward(sorted) {
		if d == 0 {
			return nil
		}
		for a >= d {
			parts = append(parts, d)
			a -= d
			if len(parts) > maxParts {
				return nil
			}
		}
	}
	if a != 0 {
		return nil
	}
	return parts
}

// maxParts keeps Split from filling the memory when only small denominations
// exist: nobody may send that many outputs anyway.
const maxParts = 1 << 16

// InputFee is the fee of a transaction, from the sum of the input_fee_ppk of
// each input's keyset: one rounding up for all of them (NUT-02).
func InputFee(sumPPK uint64) Amount {
	fee := sumPPK / 1000
	if sumPPK%1000 != 0 {
		fee++
	}
	return Amount(fee)
}

// String is the decimal number.
func (a Amount) String() string { return fmt.Sprintf("%d", uint64(a)) }
