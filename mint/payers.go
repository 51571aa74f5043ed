package mint

import (
	"errors"

	"mintmark/cashu"
	"mintmark/mint/lightning"
)

// payer sends out one method and unit.
type payer struct {
	lightning.Payer
	name     string
	settings lightning.PaySettings // within the terms
	terms    Terms
}

func (p payer) checkAmount(a cashu.Amount) error {
	s := p.settings
	if a == 0 || a < s.MinAmount || s.MaxAmount != 0 && a > s.MaxAmount {
		return cashu.Errorf(cashu.CodeAmountOutOfRange, "amount is out of range")
	}
	return nil
}

// quoteError turns what a backend says of a request into what a wallet may see.
func quoteError(err error) error {
	switch {
	case errors.Is(err, lightning.ErrAmountless):
		return cashu.ErrAmountlessInvoice
	case errors.Is(err, lightning.ErrOtherAmount):
		return cashu.ErrInvoiceAmount
	case errors.Is(err, lightning.ErrRequestExpired):
		return cashu.Errorf(cashu.CodeQuoteExpired, "the payment request has expired")
	case errors.Is(err, lightning.ErrOtherNetwork):
		return cashu.Errorf(cashu.CodeMalformed, "the payment request is for another network than this mint's")
	case errors.Is(err, lightning.ErrRefused):
		return cashu.Errorf(cashu.CodeMalformed, "this mint cannot pay this request")
	}
	return cashu.Errorf(cashu.CodeUnavailable, "the payment backend is not available")
}
