package processor

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/journal"
	pb "mintmark/proto/cdk_payment_processor"
)

// order is what the processor is told, as it is written down before. Its errors are
// lightning.ErrRefused, for nothing was begun, but when nobody knows the processor.
func (b *Backend) order(p lightning.Payment) (journal.Attempt, error) {
	t, err := readTerms(p.Terms)
	if err == nil && (p.ID == "" || len(p.ID) > maxID || p.Amount == 0) {
		err = errTerms
	}
	if err == nil {
		_, err = b.payable(p.Method, p.Unit)
	}
	var total cashu.Amount
	if err == nil {
		total, err = p.Amount.Add(p.MaxFee)
	}
	if err == nil {
		_, err = readAmount(writeAmount(total, p.Unit), p.Unit, true)
	}
	debt := t.Identifier
	if err == nil && p.Method == lightning.MethodBolt11 {
		var invoice bolt11.Invoice
		p.Request, invoice, err = b.readInvoice(p.Request)
		debt = hashIdentifier(invoice.PaymentHash)
	}
	switch {
	case errors.Is(err, errNotThere):
		return journal.Attempt{}, err
	case err != nil:
		return journal.Attempt{}, fmt.Errorf("%w: %w", lightning.ErrRefused, err)
	}
	said, err := protojson.Marshal(writeOrder(p, t))
	if err != nil {
		return journal.Attempt{}, fmt.Errorf("%w: %w", lightning.ErrRefused, err)
	}
	a := journal.Attempt{
		ID: p.ID, Method: p.Method, Unit: p.Unit, Amount: p.Amount, MaxFee: p.MaxFee,
		Debt: debt, Identifier: t.Identifier, Quote: t.Quote, Said: string(said), Part: t.PartMsat != 0,
	}
	if a.Debt == "" {
		a.Debt = quoteIdentifier(t.Quote)
	}
	return a, nil
}

func writeOrder(p lightning.Payment, t terms) *pb.MakePaymentRequest {
	fee, melt := writeAmount(p.MaxFee, p.Unit), meltOptions(t)
	variant := &pb.OutgoingPaymentVariant{}
	switch p.Method {
	case lightning.MethodBolt11:
		variant.Options = &pb.OutgoingPaymentVariant_Bolt11{Bolt11: &pb.Bolt11OutgoingPaymentOptions{
			Bolt11: p.Request, MaxFeeAmount: fee, MeltOptions: melt, QuoteId: t.Quote,
		}}
	case lightning.MethodBolt12:
		variant.Options = &pb.OutgoingPaymentVariant_Bolt12{Bolt12: &pb.Bolt12OutgoingPaymentOptions{
			Offer: p.Request, MaxFeeAmount: fee, MeltOptions: melt, QuoteId: t.Quote,
		}}
	case lightning.MethodOnchain:
		variant.Options = &pb.OutgoingPaymentVariant_Onchain{Onchain: &pb.OnchainOutgoingPaymentOptions{
			Address: p.Request, Amount: writeAmount(p.Amount, p.Unit), MaxFeeAmount: fee, QuoteId: t.Quote, FeeIndex: &p.FeeIndex,
		}}
	default:
		variant.Options = &pb.OutgoingPaymentVariant_Custom{Custom: &pb.CustomOutgoingPaymentOptions{
			Offer: p.Request, Amount: writeAmount(p.Amount, p.Unit), MaxFeeAmount: fee, MeltOptions: melt, QuoteId: t.Quote,
		}}
	}
	return &pb.MakePaymentRequest{PaymentOptions: variant, Unit: string(p.Unit)}
}
