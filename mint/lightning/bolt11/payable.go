package bolt11

import (
	"fmt"
	"strings"
	"time"

	"mintmark/mint/lightning"
)

// scheme may stand before an invoice, in any case.
const scheme = "lightning:"

// Payable reads an invoice that a stranger wants paid, and refuses one that a node of
// the network cannot pay now. Errors are lightning.ErrRefused, of which
// lightning.ErrOtherNetwork is one, or lightning.ErrRequestExpired.
func Payable(request string, network Network, now time.Time) (Invoice, error) {
	if len(request) > len(scheme) && strings.EqualFold(request[:len(scheme)], scheme) {
		request = request[len(scheme):]
	}
	v, err := Decode(request)
	switch {
	case err != nil:
		return Invoice{}, fmt.Errorf("%w: %w", lightning.ErrRefused, err)
	case v.Network != network:
		return Invoice{}, fmt.Errorf("%w: %s, and not %s", lightning.ErrOtherNetwork, v.Network, network)
	case !now.Before(v.ExpiresAt()):
		return Invoice{}, lightning.ErrRequestExpired
	}
	return v, nil
}

// ToPay is how much of the invoice the request wants paid, in thousandths of a satoshi:
// a part, as far as the backend can (NUT-15), what the invoice says, or what its payer
// chose (NUT-23). Errors are those of lightning.Payer.QuotePayment.
func (v Invoice) ToPay(r lightning.PaymentRequest, s lightning.PaySettings) (msat uint64, err error) {
	switch {
	case r.PartMsat != 0 && !s.MultiPath:
		return 0, fmt.Errorf("%w: parts are not supported", lightning.ErrRefused)
	case r.PartMsat != 0 && r.AmountMsat != 0:
		return 0, fmt.Errorf("%w: a part of a chosen amount", lightning.ErrRefused)
	case r.PartMsat != 0 && v.AmountMsat == 0:
		return 0, fmt.Errorf("%w: a part of it", lightning.ErrAmountless)
	case r.PartMsat > v.AmountMsat && r.PartMsat != 0:
		return 0, fmt.Errorf("%w: the part is more than the whole", lightning.ErrOtherAmount)
	case r.PartMsat != 0:
		return r.PartMsat, nil
	case r.AmountMsat != 0 && v.AmountMsat != 0 && r.AmountMsat != v.AmountMsat:
		return 0, lightning.ErrOtherAmount
	case v.AmountMsat != 0:
		return v.AmountMsat, nil
	case r.AmountMsat == 0 || !s.Amountless:
		return 0, lightning.ErrAmountless
	}
	return r.AmountMsat, nil
}
