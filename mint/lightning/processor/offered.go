package processor

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	pb "mintmark/proto/cdk_payment_processor"
)

// offered checks what the processor offers.
func (b *Backend) offered(r lightning.PaymentRequest, t terms, invoice bolt11.Invoice, answer *pb.PaymentQuoteResponse) (q lightning.PaymentQuote, err error) {
	if q.Amount, err = readAmount(answer.GetAmount(), r.Unit, true); err != nil {
		return q, err
	}
	if q.FeeReserve, err = readAmount(answer.GetFee(), r.Unit, true); err != nil {
		return q, fmt.Errorf("the fee: %w", err)
	}
	if q.Amount, err = amountOf(r, invoice, q.Amount); err != nil {
		return q, err
	}
	if _, err := q.Amount.Add(q.FeeReserve); err != nil {
		return q, err
	}
	if p := answer.GetRequestIdentifier(); p != nil {
		if t.Identifier, err = writeIdentifier(p); err != nil {
			return q, err
		}
	}
	if q.Options, err = options(r, answer); err != nil {
		return q, err
	}
	if q.LookupID, err = nameDebt(r, &t, invoice); err != nil {
		return q, err
	}
	if r.Method == lightning.MethodBolt11 {
		q.Expiry = invoice.ExpiresAt().UTC()
	}
	written, err := json.Marshal(t)
	q.Terms = string(written)
	return q, err
}

// amountOf is what the payment comes to. What can be known from the request is not
// believed of the processor, but for rounding, which is up.
func amountOf(r lightning.PaymentRequest, invoice bolt11.Invoice, said cashu.Amount) (cashu.Amount, error) {
	msat := r.AmountMsat
	if r.Method == lightning.MethodBolt11 && invoice.AmountMsat != 0 {
		msat = invoice.AmountMsat
	}
	if r.PartMsat != 0 {
		msat = r.PartMsat
	}
	want, known := ofMsat(msat, r.Unit)
	switch {
	case msat != 0 && known:
	case r.Method == lightning.MethodBolt11 || r.Method == lightning.MethodBolt12 || r.Amount == 0:
		want = said
	default:
		want = r.Amount
	}
	switch {
	case want == 0 || want > math.MaxInt64:
		return 0, fmt.Errorf("%w: amount is out of range", lightning.ErrRefused)
	case said > want || want-said > 1:
		return 0, fmt.Errorf("%w: it wants %d to pay %d", errAnswer, said, want)
	}
	return want, nil
}

// options are the fees to choose from.
func options(r lightning.PaymentRequest, answer *pb.PaymentQuoteResponse) (list []lightning.FeeOption, err error) {
	said := answer.GetFeeOptions()
	if r.Method != lightning.MethodOnchain {
		return nil, nil
	}
	if len(said) == 0 || len(said) > maxOptions {
		return nil, fmt.Errorf("%w: %d fees to choose from", errAnswer, len(said))
	}
	for _, o := range said {
		reserve, err := readAmount(&pb.AmountMessage{Value: o.GetFeeReserve(), Unit: string(r.Unit)}, r.Unit, true)
		if err != nil {
			return nil, err
		}
		for _, other := range list {
			if other.Index == o.GetFeeIndex() {
				return nil, fmt.Errorf("%w: fees that cannot be told apart", errAnswer)
			}
		}
		list = append(list, lightning.FeeOption{Index: o.GetFeeIndex(), Reserve: reserve, Blocks: o.GetEstimatedBlocks()})
	}
	return list, nil
}

// nameDebt says what must not be paid twice, and what the processor is asked with. An
// invoice is its payment hash, whatever the processor says. An offer and an address can
// be paid again and again.
func nameDebt(r lightning.PaymentRequest, t *terms, invoice bolt11.Invoice) (string, error) {
	switch r.Method {
	case lightning.MethodBolt11:
		hash := hashIdentifier(invoice.PaymentHash)
		switch {
		case t.Identifier == "":
			t.Identifier = hash
		case isHash(t.Identifier) && t.Identifier != hash:
			return "", fmt.Errorf("%w: the identifier is one of another invoice", errAnswer)
		}
		if r.PartMsat != 0 {
			return hash + "-" + rand.Text(), nil // every part is paid for itself
		}
		return hash, nil
	case lightning.MethodOnchain:
		if t.Identifier != "" && t.Identifier != quoteIdentifier(t.Quote) {
			return "", fmt.Errorf("%w: the identifier is one of another quote", errAnswer)
		}
		t.Identifier = quoteIdentifier(t.Quote)
		return "", nil
	}
	if p, err := readIdentifier(t.Identifier); err == nil && p.GetType() == pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_OFFER_ID {
		t.Identifier = "" // it names the offer and no payment
	}
	return t.Identifier, nil
}
