package processor

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/journal"
	pb "mintmark/proto/cdk_payment_processor"
)

const (
	// maxRequest is the most bytes of something to pay.
	maxRequest = 8192
	// maxDescription is what any method can carry.
	maxDescription = bolt11.MaxDescription
	// maxID is the most bytes of the name of a payment.
	maxID = 255
)

// errAnswer: what the processor says does not fit what it was asked.
var errAnswer = errors.New("a wrong answer")

// CreateInvoice implements lightning.Receiver.
func (b *Backend) CreateInvoice(ctx context.Context, r lightning.InvoiceRequest) (lightning.Invoice, error) {
	invoice, err := b.create(ctx, r)
	return invoice, wrap("create a request", b.ended(err))
}

func (b *Backend) create(ctx context.Context, r lightning.InvoiceRequest) (v lightning.Invoice, err error) {
	ask, err := b.ask(r)
	if err != nil {
		return v, err
	}
	callCtx, cancel := context.WithTimeout(ctx, b.cfg.Deadline)
	defer cancel()
	answer, err := b.rpc.CreatePayment(callCtx, ask)
	switch {
	case refuses(err):
		return v, fmt.Errorf("%w: %w", lightning.ErrRefused, failed(err))
	case err != nil:
		return v, failed(err)
	}
	v, row, err := b.given(r, answer)
	if err != nil {
		return lightning.Invoice{}, err
	}
	return v, b.journal.AddRequest(ctx, row, row.Created.Add(b.cfg.Ask))
}

// ask is the request to the processor, if it may be asked for that.
func (b *Backend) ask(r lightning.InvoiceRequest) (*pb.CreatePaymentRequest, error) {
	s, err := b.receivable(r.Method, r.Unit)
	if err != nil {
		return nil, err
	}
	refused := func(why string) error { return fmt.Errorf("%w: %s", lightning.ErrRefused, why) }
	switch {
	case r.Amount == 0 && !s.Amountless:
		return nil, refused("no amount")
	case r.Amount != 0 && r.Amount < s.MinAmount, s.MaxAmount != 0 && r.Amount > s.MaxAmount:
		return nil, refused("amount is out of range")
	case r.Description != "" && !s.Description:
		return nil, refused("descriptions are not supported")
	case len(r.Description) > maxDescription || !utf8.ValidString(r.Description):
		return nil, refused("description is too long or not UTF-8")
	case !r.Expiry.IsZero() && !r.Expiry.After(b.journal.Now()):
		return nil, refused("it would be expired already")
	}
	if _, err := readAmount(writeAmount(r.Amount, r.Unit), r.Unit, false); err != nil {
		return nil, refused("amount is out of range")
	}
	var description *string
	if r.Description != "" {
		description = &r.Description
	}
	var expiry *uint64
	if !r.Expiry.IsZero() {
		end := uint64(r.Expiry.Unix())
		expiry = &end
	}
	var amount *pb.AmountMessage
	if r.Amount != 0 {
		amount = writeAmount(r.Amount, r.Unit)
	}
	options := &pb.IncomingPaymentOptions{}
	switch r.Method {
	case lightning.MethodBolt11:
		options.Options = &pb.IncomingPaymentOptions_Bolt11{Bolt11: &pb.Bolt11IncomingPaymentOptions{
			Description: description, Amount: amount, UnixExpiry: expiry,
		}}
	case lightning.MethodBolt12:
		options.Options = &pb.IncomingPaymentOptions_Bolt12{Bolt12: &pb.Bolt12IncomingPaymentOptions{
			Description: description, Amount: amount, UnixExpiry: expiry,
		}}
	case lightning.MethodOnchain:
		options.Options = &pb.IncomingPaymentOptions_Onchain{Onchain: &pb.OnchainIncomingPaymentOptions{QuoteId: r.QuoteID}}
	default:
		options.Options = &pb.IncomingPaymentOptions_Custom{Custom: &pb.CustomIncomingPaymentOptions{
			Description: description, Amount: amount, UnixExpiry: expiry, QuoteId: r.QuoteID,
		}}
	}
	return &pb.CreatePaymentRequest{Options: options}, nil
}

// given checks what the processor made, and says what there is to remember.
func (b *Backend) given(r lightning.InvoiceRequest, answer *pb.CreatePaymentResponse) (v lightning.Invoice, row journal.Request, err error) {
	identifier, err := writeIdentifier(answer.GetRequestIdentifier())
	if err != nil {
		return v, row, err
	}
	now := b.journal.Now()
	v = lightning.Invoice{Request: answer.GetRequest(), LookupID: identifier}
	if answer.Expiry != nil {
		if answer.GetExpiry() > maxUnix {
			return v, row, fmt.Errorf("%w: it ends in another age", errAnswer)
		}
		v.Expiry = time.Unix(int64(answer.GetExpiry()), 0).UTC()
	}
	if v.Request == "" || len(v.Request) > maxRequest {
		return v, row, fmt.Errorf("%w: a request of %d bytes", errAnswer, len(v.Request))
	}
	if r.Method == lightning.MethodBolt11 {
		if err := b.givenInvoice(r, identifier, &v); err != nil {
			return v, row, err
		}
	}
	if !v.Expiry.IsZero() && !v.Expiry.After(now) {
		return v, row, fmt.Errorf("%w: a request that is expired", errAnswer)
	}
	return v, journal.Request{
		Method: r.Method, LookupID: v.LookupID, Identifier: identifier, Unit: r.Unit, Amount: r.Amount,
		Once: r.Method == lightning.MethodBolt11, Created: now, Expires: v.Expiry,
	}, nil
}

// maxUnix is the last second of the year 9999.
const maxUnix = 253402300799

// givenInvoice checks an invoice. Its name is its payment hash, whatever the processor
// calls it, so that the mint recognises it when somebody asks to pay it.
func (b *Backend) givenInvoice(r lightning.InvoiceRequest, identifier string, v *lightning.Invoice) error {
	invoice, err := bolt11.Decode(v.Request)
	if err != nil {
		return fmt.Errorf("%w: what it gave is no invoice: %w", errAnswer, err)
	}
	want, exact := ofMsat(invoice.AmountMsat, r.Unit)
	hash := hashIdentifier(invoice.PaymentHash)
	switch {
	case b.cfg.Network != "" && invoice.Network != b.cfg.Network:
		return fmt.Errorf("%w: the invoice is one of network %s", errAnswer, invoice.Network)
	case exact && want != r.Amount || invoice.AmountMsat == 0:
		return fmt.Errorf("%w: the invoice asks for another amount", errAnswer)
	case isHash(identifier) && identifier != hash:
		return fmt.Errorf("%w: the invoice has another payment hash", errAnswer)
	}
	v.LookupID = hash
	if end := invoice.ExpiresAt().UTC(); v.Expiry.IsZero() || end.Before(v.Expiry) {
		v.Expiry = end
	}
	return nil
}

// isHash tells whether an identifier is a payment hash.
func isHash(identifier string) bool {
	p, err := readIdentifier(identifier)
	return err == nil && p.GetType() == pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_PAYMENT_HASH
}
