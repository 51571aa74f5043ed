package mintclient

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"mintmark/cashu"
)

// MintQuoteRequest asks for something to pay (NUT-04, NUT-20, NUT-23, NUT-25).
type MintQuoteRequest struct {
	Amount      cashu.Amount `json:"amount,omitzero"` // 0: open, where the method has that
	Unit        cashu.Unit   `json:"unit"`
	Description string       `json:"description,omitzero"`
	Pubkey      string       `json:"pubkey,omitzero"` // NUT-20
}

// MintQuote is a mint's quote as any mint in use may write it.
type MintQuote struct {
	Quote        string        `json:"quote"`
	Request      string        `json:"request"`
	Amount       cashu.Amount  `json:"amount"`
	Unit         cashu.Unit    `json:"unit"`
	Method       string        `json:"method"` // older mints leave it out
	State        string        `json:"state"`
	Paid         *bool         `json:"paid"` // what older mints have in place of State
	Expiry       int64         `json:"expiry"`
	Pubkey       string        `json:"pubkey"`
	AmountPaid   *cashu.Amount `json:"amount_paid"`
	AmountIssued *cashu.Amount `json:"amount_issued"`
	UpdatedAt    int64         `json:"updated_at"`
}

// The longest id of a quote, which becomes part of addresses, and the longest
// invoice, offer or proof of a payment.
const (
	maxQuoteID = 256
	maxRequest = 16 << 10
)

// usable tells whether a mint's text can be asked for again and shown to a person.
func usable(s string, most int) bool {
	return len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// complete fills in what older or newer mints leave out.
func (q MintQuote) complete(err error) (MintQuote, error) {
	if err != nil {
		return q, err
	}
	if q.Quote == "" || q.Request == "" {
		return q, fmt.Errorf("asking about a quote: %w: the answer is incomplete", ErrNoAnswer)
	}
	if !usable(q.Quote, maxQuoteID) || !usable(q.Request, maxRequest) {
		return q, fmt.Errorf("asking about a quote: %w: the answer makes no sense", ErrNoAnswer)
	}
	if q.State == "" && q.AmountPaid != nil && q.AmountIssued != nil {
		switch {
		case *q.AmountPaid == 0:
			q.State = "UNPAID"
		case *q.AmountPaid > *q.AmountIssued:
			q.State = "PAID"
		default:
			q.State = "ISSUED"
		}
	}
	if q.State == "" && q.Paid != nil {
		if q.State = "UNPAID"; *q.Paid {
			q.State = "PAID"
		}
	}
	return q, nil
}

// Totals are what has been paid and issued. Mints that do not say it leave it to
// the state, and some do not even repeat the amount that was asked for.
func (q MintQuote) Totals(asked cashu.Amount) (paid, issued cashu.Amount) {
	if q.AmountPaid != nil && q.AmountIssued != nil {
		return *q.AmountPaid, *q.AmountIssued
	}
	if q.Amount != 0 {
		asked = q.Amount
	}
	switch q.State {
	case "PAID":
		return asked, 0
	case "ISSUED":
		return asked, asked
	}
	return 0, 0
}

// MeltQuoteRequest asks what a payment costs (NUT-05, NUT-15, NUT-23).
type MeltQuoteRequest struct {
	Request string       `json:"request"`
	Unit    cashu.Unit   `json:"unit"`
	Amount  cashu.Amount `json:"amount,omitzero"` // methods that name it here
	Options *MeltOptions `json:"options,omitzero"`
}

// MeltOptions is how a payment is to be made; one field at most.
type MeltOptions struct {
	MPP        *MPPOption        `json:"mpp,omitzero"`
	Amountless *AmountlessOption `json:"amountless,omitzero"`
}

// MPPOption pays a part of an invoice (NUT-15), in millisatoshi.
type MPPOption struct {
	Amount cashu.Amount `json:"amount"`
}

// AmountlessOption pays an invoice that leaves the amount open, in millisatoshi.
type AmountlessOption struct {
	AmountMsat cashu.Amount `json:"amount_msat"`
}

// MeltQuote is a mint's quote for a payment out, before and after.
type MeltQuote struct {
	Quote      string                 `json:"quote"`
	Request    string                 `json:"request"`
	Amount     cashu.Amount           `json:"amount"`
	Unit       cashu.Unit             `json:"unit"`
	Method     string                 `json:"method"` // older mints leave it out
	FeeReserve cashu.Amount           `json:"fee_reserve"`
	FeeOptions []FeeOption            `json:"fee_options"` // NUT-30: one is to be chosen
	State      string                 `json:"state"`
	Paid       *bool                  `json:"paid"`
	Expiry     int64                  `json:"expiry"`
	Preimage   string                 `json:"payment_preimage"`
	Outpoint   string                 `json:"outpoint"`
	Change     []cashu.BlindSignature `json:"change"`
}

// FeeOption is what a payment may cost at the most when this fee is chosen (NUT-30).
type FeeOption struct {
	FeeIndex        uint32       `json:"fee_index"`
	FeeReserve      cashu.Amount `json:"fee_reserve"`
	EstimatedBlocks uint32       `json:"estimated_blocks"` // until the payment is confirmed
}

func (q MeltQuote) complete(err error) (MeltQuote, error) {
	if err != nil {
		return q, err
	}
	if q.State == "" && q.Paid != nil {
		if q.State = "UNPAID"; *q.Paid {
			q.State = "PAID"
		}
	}
	if q.State == "" {
		return q, fmt.Errorf("asking about a quote: %w: the answer is incomplete", ErrNoAnswer)
	}
	if !usable(q.Quote, maxQuoteID) || !usable(q.Proof(), maxRequest) {
		return q, fmt.Errorf("asking about a quote: %w: the answer makes no sense", ErrNoAnswer)
	}
	return q, nil
}

// Proof is what proves that the payment was made; empty if nothing does.
func (q MeltQuote) Proof() string {
	if q.Preimage != "" {
		return q.Preimage
	}
	return q.Outpoint
}

// Cheapest is the fee option with the smallest reserve, and of those the quickest; false
// if there is nothing to choose.
func (q MeltQuote) Cheapest() (FeeOption, bool) {
	if len(q.FeeOptions) == 0 {
		return FeeOption{}, false
	}
	return slices.MinFunc(q.FeeOptions, func(a, b FeeOption) int {
		return cmp.Or(cmp.Compare(a.FeeReserve, b.FeeReserve), cmp.Compare(a.EstimatedBlocks, b.EstimatedBlocks))
	}), true
}

// MeltRequest pays a quote (NUT-05), with blank outputs for what is left over
// (NUT-08).
type MeltRequest struct {
	Quote       string                 `json:"quote"`
	Inputs      []cashu.Proof          `json:"inputs"`
	Outputs     []cashu.BlindedMessage `json:"outputs,omitzero"`
	PreferAsync bool                   `json:"prefer_async,omitzero"`
	FeeIndex    *uint32                `json:"fee_index,omitzero"` // NUT-30
}
