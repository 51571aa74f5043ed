package processor

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"mintmark/cashu"
	pb "mintmark/proto/cdk_payment_processor"
)

const (
	unitSat  = cashu.UnitSat
	unitMsat = cashu.Unit("msat")
)

var errAmount = errors.New("an amount that cannot be")

func writeAmount(a cashu.Amount, u cashu.Unit) *pb.AmountMessage {
	return &pb.AmountMessage{Value: uint64(a), Unit: string(u)}
}

// readAmount reads an amount of the processor in the unit that is wanted. Only sat and
// msat are ever converted into one another, and what is not whole is rounded.
func readAmount(m *pb.AmountMessage, want cashu.Unit, up bool) (cashu.Amount, error) {
	if m == nil {
		return 0, fmt.Errorf("%w: it is missing", errAmount)
	}
	unit, err := cashu.ParseUnit(m.GetUnit())
	if err != nil {
		return 0, fmt.Errorf("%w: its unit is none", errAmount)
	}
	value := m.GetValue()
	switch {
	case unit == want:
	case unit == unitMsat && want == unitSat:
		value = msatToSat(value, up)
	case unit == unitSat && want == unitMsat:
		high, low := bits.Mul64(value, 1000)
		if high != 0 {
			return 0, fmt.Errorf("%w: it is too large", errAmount)
		}
		value = low
	default:
		return 0, fmt.Errorf("%w: it counts %s and not %s", errAmount, unit, want)
	}
	if value > math.MaxInt64 {
		return 0, fmt.Errorf("%w: it is too large", errAmount)
	}
	return cashu.Amount(value), nil
}

func msatToSat(msat uint64, up bool) uint64 {
	sat := msat / 1000
	if up && msat%1000 != 0 {
		sat++
	}
	return sat
}

// ofMsat is an amount of an invoice in the unit, rounded up; false where the unit is
// not one of bitcoin.
func ofMsat(msat uint64, u cashu.Unit) (cashu.Amount, bool) {
	switch u {
	case unitSat:
		return cashu.Amount(msatToSat(msat, true)), true
	case unitMsat:
		return cashu.Amount(msat), true
	}
	return 0, false
}
