package cashu

import "github.com/go-json-experiment/json/jsontext"

// QuoteCheckRequest is the body of POST /v1/mint/quote/{method}/check (NUT-29).
type QuoteCheckRequest struct {
	Quotes []string `json:"quotes"`
}

// UnmarshalJSONFrom reads the ids to look up.
func (r *QuoteCheckRequest) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v QuoteCheckRequest
	err := readObject(d, "body", func(name string) (err error) {
		if name != "quotes" {
			return d.SkipValue()
		}
		v.Quotes, err = readIDs(d)
		return err
	})
	switch {
	case err != nil:
		return err
	case len(v.Quotes) == 0:
		return Errorf(CodeMalformed, "body has no quotes")
	}
	*r = v
	return nil
}

// BatchMintRequest is the body of POST /v1/mint/{method}/batch (NUT-29).
type BatchMintRequest struct {
	Quotes []string `json:"quotes"`
	// Amounts is what to issue of each quote, in the order of Quotes; nil: all.
	Amounts []Amount         `json:"quote_amounts,omitzero"`
	Outputs []BlindedMessage `json:"outputs"`
	// Signatures are those of the locked quotes, in the order of Quotes, and null
	// for the others; nil: none is locked. They are unchecked.
	Signatures []*string `json:"signatures,omitzero"`
}

// UnmarshalJSONFrom reads a batch; there must be quotes, and what there is one of
// for each quote must be there for all.
func (r *BatchMintRequest) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v BatchMintRequest
	err := readObject(d, "body", func(name string) (err error) {
		switch name {
		case "quotes":
			v.Quotes, err = readIDs(d)
		case "quote_amounts":
			err = readArray(d, name, func() error {
				amount, ok, err := readAmount(d)
				if err == nil && !ok {
					err = Errorf(CodeMalformed, "an amount is missing")
				}
				v.Amounts = append(v.Amounts, amount)
				return err
			})
		case "outputs":
			v.Outputs, err = readList[BlindedMessage](d, name)
		case "signatures":
			err = readArray(d, name, func() error {
				signature, err := readOptional(d, "signature")
				v.Signatures = append(v.Signatures, signature)
				return err
			})
		default:
			err = d.SkipValue()
		}
		return err
	})
	switch n := len(v.Quotes); {
	case err != nil:
		return err
	case n == 0:
		return Errorf(CodeMalformed, "body has no quotes")
	case v.Amounts != nil && len(v.Amounts) != n:
		return Errorf(CodeMalformed, "there are %d amounts for %d quotes", len(v.Amounts), n)
	case v.Signatures != nil && len(v.Signatures) != n:
		return Errorf(CodeQuoteSignature, "there are %d signatures for %d quotes", len(v.Signatures), n)
	}
	*r = v
	return nil
}

func readIDs(d *jsontext.Decoder) (ids []string, err error) {
	err = readArray(d, "quotes", func() error {
		id, ok, err := readString(d, "quote")
		if err == nil && (!ok || id == "") {
			err = Errorf(CodeMalformed, "a quote is missing")
		}
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// BatchInfo is the settings of NUT-29.
type BatchInfo struct {
	MaxBatchSize int      `json:"max_batch_size"`
	Methods      []string `json:"methods"`
}
