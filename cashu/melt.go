package cashu

import (
	"github.com/go-json-experiment/json/jsontext"
)

// MeltQuoteRequest is the body of POST /v1/melt/quote/{method} (NUT-05, NUT-15,
// NUT-23, NUT-25, NUT-30).
type MeltQuoteRequest struct {
	Request string      `json:"request"`
	Unit    Unit        `json:"unit"`
	Amount  Amount      `json:"amount,omitzero"` // for requests that say none; 0: not said
	Options MeltOptions `json:"options,omitzero"`
}

// MeltOptions says how much of a request to pay, in thousandths of a satoshi.
// Zero is absent.
type MeltOptions struct {
	AmountlessMsat uint64 // "amountless": {"amount_msat"}: the payer's choice (NUT-23)
	PartMsat       uint64 // "mpp": {"amount"}: a part of the whole (NUT-15)
}

// UnmarshalJSONFrom reads a melt quote request; request and unit are required.
func (r *MeltQuoteRequest) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v MeltQuoteRequest
	err := readObject(d, "body", func(name string) (err error) {
		switch name {
		case "request":
			v.Request, _, err = readString(d, name)
		case "unit":
			v.Unit, err = readUnit(d)
		case "amount":
			v.Amount, _, err = readAmount(d)
		case "options":
			err = v.Options.UnmarshalJSONFrom(d)
		default:
			err = d.SkipValue()
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case v.Request == "":
		return Errorf(CodeMalformed, "body has no request")
	case v.Unit == "":
		return Errorf(CodeMalformed, "body has no unit")
	}
	*r = v
	return nil
}

// UnmarshalJSONFrom reads the options; null and unknown ones are none.
func (o *MeltOptions) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == 'n' {
		_, err := d.ReadToken()
		return err
	}
	var v MeltOptions
	err := readObject(d, "options", func(name string) (err error) {
		switch name {
		case "amountless":
			v.AmountlessMsat, err = readMsat(d, name, "amount_msat")
		case "mpp":
			v.PartMsat, err = readMsat(d, name, "amount")
		default:
			err = d.SkipValue()
		}
		return err
	})
	if err == nil {
		*o = v
	}
	return err
}

// readMsat reads an object with one amount, which must not be zero.
func readMsat(d *jsontext.Decoder, what, field string) (msat uint64, err error) {
	if d.PeekKind() == 'n' {
		_, err := d.ReadToken()
		return 0, err
	}
	err = readObject(d, what, func(name string) (err error) {
		if name != field {
			return d.SkipValue()
		}
		msat, _, err = readUint(d, name)
		return err
	})
	if err == nil && msat == 0 {
		err = Errorf(CodeMalformed, "%s has no %s", what, field)
	}
	return msat, err
}

// MeltRequest is the body of POST /v1/melt/{method} (NUT-05, NUT-08, NUT-30).
type MeltRequest struct {
	Quote   string           `json:"quote"`
	Inputs  []Proof          `json:"inputs"`
	Outputs []BlindedMessage `json:"outputs,omitzero"` // blank, for change
	// PreferAsync asks for an answer before the payment is made.
	PreferAsync bool `json:"prefer_async,omitzero"`
	// FeeIndex chooses one of the quote's fee options (NUT-30); nil: not said.
	FeeIndex *uint64 `json:"fee_index,omitzero"`
}

// UnmarshalJSONFrom reads a melt; the quote is required.
func (r *MeltRequest) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v MeltRequest
	err := readObject(d, "body", func(name string) (err error) {
		switch name {
		case "quote":
			v.Quote, _, err = readString(d, name)
		case "inputs":
			v.Inputs, err = readList[Proof](d, name)
		case "outputs":
			if d.PeekKind() == 'n' {
				_, err = d.ReadToken()
				return err
			}
			v.Outputs, err = readList[BlindedMessage](d, name)
		case "prefer_async":
			v.PreferAsync, err = readBool(d, name)
		case "fee_index":
			var index uint64
			var said bool
			if index, said, err = readUint(d, name); said {
				v.FeeIndex = &index
			}
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

func readBool(d *jsontext.Decoder, what string) (bool, error) {
	t, err := d.ReadToken()
	if err != nil {
		return false, err
	}
	switch t.Kind() {
	case 't', 'f':
		return t.Bool(), nil
	case 'n':
		return false, nil
	}
	return false, Errorf(CodeMalformed, "%s is neither true nor false", what)
}

// MeltQuoteState is the state of a melt quote (NUT-05).
type MeltQuoteState string

// The states of a melt quote.
const (
	MeltQuoteUnpaid  MeltQuoteState = "UNPAID"
	MeltQuotePending MeltQuoteState = "PENDING"
	MeltQuotePaid    MeltQuoteState = "PAID"
)

// MeltQuoteResponse answers the melt routes (NUT-05, NUT-08, NUT-23).
type MeltQuoteResponse struct {
	Quote      string         `json:"quote"`
	Request    string         `json:"request"`
	Unit       Unit           `json:"unit"`
	Amount     Amount         `json:"amount"`
	Method     string         `json:"method"`
	FeeReserve Amount         `json:"fee_reserve"`
	State      MeltQuoteState `json:"state"`
	Expiry     int64          `json:"expiry"` // unix seconds
	// PaymentPreimage proves the payment; null: not paid, or within this mint.
	PaymentPreimage *string          `json:"payment_preimage"`
	Change          []BlindSignature `json:"change,omitzero"`
}

// CachedInfo says which requests can be repeated for the same answer (NUT-19).
type CachedInfo struct {
	// TTL is for how many seconds; nil is for ever, and written as null.
	TTL             *uint64          `json:"ttl"`
	CachedEndpoints []CachedEndpoint `json:"cached_endpoints"`
}

// CachedEndpoint is a verb and a path without variables.
type CachedEndpoint struct {
	Method string `json:"method"`
	Path   string `json:"path"`
}

// OnchainMeltResponse answers the melt routes of onchain (NUT-30), and of any other
// method whose quotes have fee options.
type OnchainMeltResponse struct {
	Quote      string         `json:"quote"`
	Request    string         `json:"request"`
	Unit       Unit           `json:"unit"`
	Amount     Amount         `json:"amount"`
	Method     string         `json:"method"`
	State      MeltQuoteState `json:"state"`
	Expiry     int64          `json:"expiry"` // unix seconds
	FeeOptions []FeeOption    `json:"fee_options"`
	// SelectedFeeIndex is the option of the payment; null: none yet.
	SelectedFeeIndex *uint32 `json:"selected_fee_index"`
	// Outpoint is "txid:vout"; null: not broadcast yet.
	Outpoint *string          `json:"outpoint"`
	Change   []BlindSignature `json:"change,omitzero"`
}

// FeeOption is a fee to choose.
type FeeOption struct {
	FeeIndex        uint32 `json:"fee_index"`
	FeeReserve      Amount `json:"fee_reserve"`
	EstimatedBlocks uint32 `json:"estimated_blocks"`
}

// MethodUnits lists methods and units, as NUT-15 wants it.
type MethodUnits struct {
	Methods []MethodUnit `json:"methods"`
}

// MethodUnit is a payment method and a unit.
type MethodUnit struct {
	Method string `json:"method"`
	Unit   Unit   `json:"unit"`
}
