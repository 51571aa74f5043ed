package mint

import (
	"errors"
	"fmt"

	"mintmark/cashu"
	"mintmark/mint/lightning"
)

type payer struct {
	lightning.Payer
	settings lightning.PaySettings
}

// indexPayers finds the payer of every method and unit; two for one are a
// mistake in the configuration.
func indexPayers(payers []lightning.Payer) (map[methodUnit]payer, error) {
	index := map[methodUnit]payer{}
	for _, p := range payers {
		for _, s := range p.PaySettings() {
			key := methodUnit{s.Method, s.Unit}
			if _, taken := index[key]; taken {
				return nil, fmt.Errorf("two ways to pay for method %s and unit %s", s.Method, s.Unit)
			}
			index[key] = payer{p, s}
		}
	}
	return index, nil
}

// payerFor finds the payer of a method and unit, or says what is wrong.
func (m *Mint) payerFor(method string, unit cashu.Unit) (payer, error) {
	if p, ok := m.payers[methodUnit{method, unit}]; ok {
		return p, nil
	}
	switch {
	case len(m.payers) == 0:
		return payer{}, cashu.ErrMeltingDisabled
	case !m.canPay(method):
		return payer{}, cashu.Errorf(cashu.CodeUnknownMethod, "payment method is not supported")
	}
	return payer{}, cashu.Errorf(cashu.CodeUnitUnsupported, "unit is not supported for this payment method")
}

func (m *Mint) canPay(method string) bool {
	for key := range m.payers {
		if key.method == method {
			return true
		}
	}
	return false
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
	case errors.Is(err, lightning.ErrRefused):
		return cashu.Errorf(cashu.CodeMalformed, "this mint cannot pay this request")
	}
	return cashu.Errorf(cashu.CodeUnavailable, "the payment backend is not available")
}
