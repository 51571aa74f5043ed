package wire

import (
	"fmt"

	"mintmark/cashu"
	pb "mintmark/proto/signatory"
)

// Unit writes a unit: those that have a number by number, as CDK does.
func Unit(u cashu.Unit) *pb.CurrencyUnit {
	number := pb.CurrencyUnitType_CURRENCY_UNIT_TYPE_UNSPECIFIED
	switch u {
	case "sat":
		number = pb.CurrencyUnitType_CURRENCY_UNIT_TYPE_SAT
	case "msat":
		number = pb.CurrencyUnitType_CURRENCY_UNIT_TYPE_MSAT
	case "usd":
		number = pb.CurrencyUnitType_CURRENCY_UNIT_TYPE_USD
	case "eur":
		number = pb.CurrencyUnitType_CURRENCY_UNIT_TYPE_EUR
	case "auth":
		number = pb.CurrencyUnitType_CURRENCY_UNIT_TYPE_AUTH
	default:
		return &pb.CurrencyUnit{CurrencyUnit: &pb.CurrencyUnit_CustomUnit{CustomUnit: string(u)}}
	}
	return &pb.CurrencyUnit{CurrencyUnit: &pb.CurrencyUnit_Unit{Unit: number}}
}

// ParseUnit reads a unit by number or by name, and makes it canonical.
func ParseUnit(in *pb.CurrencyUnit) (cashu.Unit, error) {
	switch u := in.GetCurrencyUnit().(type) {
	case *pb.CurrencyUnit_Unit:
		switch u.Unit {
		case pb.CurrencyUnitType_CURRENCY_UNIT_TYPE_SAT:
			return "sat", nil
		case pb.CurrencyUnitType_CURRENCY_UNIT_TYPE_MSAT:
			return "msat", nil
		case pb.CurrencyUnitType_CURRENCY_UNIT_TYPE_USD:
			return "usd", nil
		case pb.CurrencyUnitType_CURRENCY_UNIT_TYPE_EUR:
			return "eur", nil
		case pb.CurrencyUnitType_CURRENCY_UNIT_TYPE_AUTH:
			return "auth", nil
		}
		return "", fmt.Errorf("unit has the unknown number %d", u.Unit)
	case *pb.CurrencyUnit_CustomUnit:
		return cashu.ParseUnit(u.CustomUnit)
	}
	return "", fmt.Errorf("unit is not set")
}
