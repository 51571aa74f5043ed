package bench

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"mintmark/cashu"
)

// The wire of any mint: what is missing has a default, what is unknown is
// skipped, ids and points stay text until somebody needs them. The strict reader
// of package cashu would refuse mints that wallets live with.

// quantity is an integer that some mints write as a string, and null is 0.
type quantity uint64

// UnmarshalJSON reads 5, "5" and null.
func (q *quantity) UnmarshalJSON(text []byte) error {
	s := strings.Trim(string(text), `"`)
	if s == "null" || s == "" {
		*q = 0
		return nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return fmt.Errorf("reading an amount: %w", err)
	}
	*q = quantity(n)
	return nil
}

// keysetInfo is an entry of /v1/keysets, and of /v1/keys with keys. Old mints do
// not write active, nor the fee in /v1/keys.
type keysetInfo struct {
	ID     string            `json:"id"`
	Unit   string            `json:"unit"`
	Active *bool             `json:"active"`
	FeePPK quantity          `json:"input_fee_ppk"`
	Keys   map[string]string `json:"keys"`
}

type keysetsAnswer struct {
	Keysets []keysetInfo `json:"keysets"`
}

// infoAnswer is the part of /v1/info that a report shows.
type infoAnswer struct {
	Name           string   `json:"name"`
	Version        string   `json:"version"`
	MaxArrayLength quantity `json:"max_array_length"`
}

// quoteAnswer is a mint quote in all its ages: paid (first), state (then),
// amount_paid and amount_issued (now).
type quoteAnswer struct {
	Quote        string    `json:"quote"`
	State        string    `json:"state"`
	Paid         *bool     `json:"paid"`
	AmountPaid   *quantity `json:"amount_paid"`
	AmountIssued quantity  `json:"amount_issued"`
}

// paid tells whether the quote can be minted now.
func (q quoteAnswer) paid() bool {
	switch {
	case q.State != "":
		return strings.EqualFold(q.State, "PAID")
	case q.AmountPaid != nil:
		return *q.AmountPaid > q.AmountIssued
	default:
		return q.Paid != nil && *q.Paid
	}
}

// signature is a blind signature.
type signature struct {
	Amount quantity  `json:"amount"`
	ID     string    `json:"id"`
	C      string    `json:"C_"`
	DLEQ   *dleqText `json:"dleq"`
}

type dleqText struct {
	E string `json:"e"`
	S string `json:"s"`
}

type signaturesAnswer struct {
	Signatures []signature `json:"signatures"`
}

type restoreAnswer struct {
	Outputs []struct {
		B string `json:"B_"`
	} `json:"outputs"`
	Signatures []signature `json:"signatures"`
}

type statesAnswer struct {
	States []struct {
		Y     string `json:"Y"`
		State string `json:"state"`
	} `json:"states"`
}

// refusal makes the fault of an answer whose status is not 200. The body may be
// an error of NUT-00, one with a list for a detail, a bare string, or no JSON.
func refusal(status int, body []byte) *fault {
	f := &fault{kind: kindRefused, status: status, code: "none"}
	var e struct {
		Detail json.RawMessage `json:"detail"`
		Error  json.RawMessage `json:"error"`
		Code   json.RawMessage `json:"code"`
	}
	if json.Unmarshal(body, &e) != nil {
		f.detail = shorten(string(body))
		return f
	}
	if code := strings.Trim(string(e.Code), `"`); code != "" && code != "null" {
		f.code = shorten(code)
	}
	detail := e.Detail
	if len(detail) == 0 {
		detail = e.Error
	}
	var text string
	if json.Unmarshal(detail, &text) != nil {
		text = string(detail)
	}
	f.detail = shorten(text)
	return f
}

// decode reads an answer of status 200.
func decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return wrong(kindUnreadable, "%s", shorten(err.Error()))
	}
	return nil
}

// usableID tells whether an id is one of the versions that outputs may have.
// Base64 ids of the past can only be spent.
func usableID(id string) bool {
	_, err := cashu.ParseKeysetID(id)
	return err == nil
}
