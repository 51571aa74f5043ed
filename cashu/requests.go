package cashu

import (
	"github.com/go-json-experiment/json/jsontext"

	"mintmark/bdhke"
)

// SwapRequest is the body of POST /v1/swap (NUT-03).
type SwapRequest struct {
	Inputs  []Proof          `json:"inputs"`
	Outputs []BlindedMessage `json:"outputs"`
}

// UnmarshalJSONFrom reads a swap. Missing lists are empty ones.
func (r *SwapRequest) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v SwapRequest
	err := readObject(d, "body", func(name string) (err error) {
		switch name {
		case "inputs":
			v.Inputs, err = readList[Proof](d, name)
		case "outputs":
			v.Outputs, err = readList[BlindedMessage](d, name)
		default:
			err = d.SkipValue()
		}
		return err
	})
	if err != nil {
		return err
	}
	*r = v
	return nil
}

// MintQuoteRequest is the body of POST /v1/mint/quote/{method} (NUT-04, NUT-23,
// NUT-25, NUT-30).
type MintQuoteRequest struct {
	Amount      Amount  `json:"amount,omitzero"` // 0: not said
	Unit        Unit    `json:"unit"`
	Description *string `json:"description,omitzero"`
	Pubkey      *string `json:"pubkey,omitzero"` // NUT-20, unchecked
}

// UnmarshalJSONFrom reads a mint quote request; the unit is required.
func (r *MintQuoteRequest) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v MintQuoteRequest
	err := readObject(d, "body", func(name string) (err error) {
		switch name {
		case "amount":
			v.Amount, _, err = readAmount(d)
		case "unit":
			v.Unit, err = readUnit(d)
		case "description":
			v.Description, err = readOptional(d, name)
		case "pubkey":
			v.Pubkey, err = readOptional(d, name)
		default:
			err = d.SkipValue()
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case v.Unit == "":
		return Errorf(CodeMalformed, "body has no unit")
	}
	*r = v
	return nil
}

// MintRequest is the body of POST /v1/mint/{method} (NUT-04, NUT-20).
type MintRequest struct {
	Quote     string           `json:"quote"`
	Outputs   []BlindedMessage `json:"outputs"`
	Signature string           `json:"signature,omitzero"` // hex, unchecked; empty: none
}

// UnmarshalJSONFrom reads a mint request; the quote is required.
func (r *MintRequest) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v MintRequest
	err := readObject(d, "body", func(name string) (err error) {
		switch name {
		case "quote":
			v.Quote, _, err = readString(d, name)
		case "outputs":
			v.Outputs, err = readList[BlindedMessage](d, name)
		case "signature":
			v.Signature, _, err = readString(d, name)
		default:
			err = d.SkipValue()
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case v.Quote == "":
		return Errorf(CodeMalformed, "body has no quote")
	}
	*r = v
	return nil
}

// CheckStateRequest is the body of POST /v1/checkstate (NUT-07).
type CheckStateRequest struct {
	Ys []bdhke.Point `json:"Ys"`
}

// UnmarshalJSONFrom reads the points to look up; Ys is required.
func (r *CheckStateRequest) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v CheckStateRequest
	var hasYs bool
	err := readObject(d, "body", func(name string) error {
		if name != "Ys" {
			return d.SkipValue()
		}
		hasYs = true
		var list []string
		err := readArray(d, name, func() error {
			s, ok, err := readString(d, "Y")
			if err == nil && !ok {
				err = Errorf(CodeMalformed, "Y is missing")
			}
			list = append(list, s)
			return err
		})
		if err != nil {
			return err
		}
		// A wallet that restores sends a thousand of them, and waits.
		if v.Ys, err = bdhke.ParsePointsHex(list); err != nil {
			return Errorf(CodeMalformed, "Y is not a valid point")
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case !hasYs:
		return Errorf(CodeMalformed, "body has no Ys")
	}
	*r = v
	return nil
}

// RestoreRequest is the body of POST /v1/restore (NUT-09).
type RestoreRequest struct {
	Outputs []BlindedMessage `json:"outputs"`
}

// UnmarshalJSONFrom reads the outputs to look up.
func (r *RestoreRequest) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v RestoreRequest
	var hasOutputs bool
	err := readObject(d, "body", func(name string) (err error) {
		if name != "outputs" {
			return d.SkipValue()
		}
		hasOutputs = true
		v.Outputs, err = readList[BlindedMessage](d, name)
		return err
	})
	switch {
	case err != nil:
		return err
	case !hasOutputs:
		return Errorf(CodeMalformed, "body has no outputs")
	}
	*r = v
	return nil
}
