package cashu

import (
	"github.com/go-json-experiment/json/jsontext"

	"mintmark/bdhke"
)

// Readers of single fields. Absent and null leave the zero value behind, which
// no valid field has; an amount says so itself.

func readAmount(d *jsontext.Decoder) (Amount, bool, error) {
	n, ok, err := readUint(d, "amount")
	return Amount(n), ok, err
}

func readKeysetID(d *jsontext.Decoder) (KeysetID, error) {
	s, ok, err := readString(d, "id")
	if err != nil || !ok {
		return KeysetID{}, err
	}
	return ParseKeysetID(s)
}

func readPoint(d *jsontext.Decoder, what string, code Code) (bdhke.Point, error) {
	s, ok, err := readString(d, what)
	if err != nil || !ok {
		return bdhke.Point{}, err
	}
	p, err := bdhke.ParsePointHex(s)
	switch {
	case err == nil:
		return p, nil
	case code == CodeProofInvalid:
		return bdhke.Point{}, ErrProofInvalid
	}
	return bdhke.Point{}, Errorf(code, "%s is not a valid point", what)
}

// readList reads an array of values that read themselves.
func readList[T any, P interface {
	*T
	UnmarshalJSONFrom(*jsontext.Decoder) error
}](d *jsontext.Decoder, what string) ([]T, error) {
	var list []T
	err := readArray(d, what, func() error {
		var v T
		if err := P(&v).UnmarshalJSONFrom(d); err != nil {
			return err
		}
		list = append(list, v)
		return nil
	})
	return list, err
}

func readUnit(d *jsontext.Decoder) (Unit, error) {
	s, ok, err := readString(d, "unit")
	if err != nil || !ok {
		return "", err
	}
	return ParseUnit(s)
}

func readOptional(d *jsontext.Decoder, what string) (*string, error) {
	s, ok, err := readString(d, what)
	if err != nil || !ok {
		return nil, err
	}
	return &s, nil
}
