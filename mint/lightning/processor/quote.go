package processor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/google/uuid"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	pb "mintmark/proto/cdk_payment_processor"
)

// terms is what a payment needs to know of its quote.
type terms struct {
	// Quote is what the processor knows the quote by. It is not the mint's name of it,
	// which is a secret.
	Quote string `json:"quote"`
	// Identifier of the payment, if the processor had one; else it tells when it pays.
	Identifier string `json:"identifier,omitempty"`
	// AmountMsat and PartMsat as in lightning.PaymentRequest.
	AmountMsat uint64 `json:"amount_msat,omitempty"`
	PartMsat   uint64 `json:"part_msat,omitempty"`
}

// maxOptions is the most fees that the mint can offer.
const maxOptions = 16

// QuotePayment implements lightning.Payer.
func (b *Backend) QuotePayment(ctx context.Context, r lightning.PaymentRequest) (lightning.PaymentQuote, error) {
	q, err := b.quote(ctx, r)
	return q, wrap("quote a payment", b.ended(err))
}

func (b *Backend) quote(ctx context.Context, r lightning.PaymentRequest) (q lightning.PaymentQuote, err error) {
	s, err := b.payable(r.Method, r.Unit)
	if err != nil {
		return q, err
	}
	var invoice bolt11.Invoice
	if r.Method == lightning.MethodBolt11 {
		if r.Request, invoice, err = b.readInvoice(r.Request); err != nil {
			return q, err
		}
	}
	if err := fits(r, s, invoice); err != nil {
		return q, err
	}
	t := terms{Quote: uuid.NewString(), AmountMsat: r.AmountMsat, PartMsat: r.PartMsat}
	callCtx, cancel := context.WithTimeout(ctx, b.cfg.Deadline)
	defer cancel()
	answer, err := b.rpc.GetPaymentQuote(callCtx, askQuote(r, t))
	switch {
	case refuses(err):
		return q, fmt.Errorf("%w: %w", lightning.ErrRefused, failed(err))
	case err != nil:
		return q, failed(err)
	}
	if q, err = b.offered(r, t, invoice, answer); err != nil {
		return q, err
	}
	if q.Amount < s.MinAmount || s.MaxAmount != 0 && q.Amount > s.MaxAmount {
		return q, fmt.Errorf("%w: amount is out of range", lightning.ErrRefused)
	}
	return q, nil
}

// readInvoice reads a stranger's invoice, and says when nobody should pay it.
func (b *Backend) readInvoice(request string) (string, bolt11.Invoice, error) {
	const scheme = "lightning:"
	if len(request) > len(scheme) && strings.EqualFold(request[:len(scheme)], scheme) {
		request = request[len(scheme):]
	}
	invoice, err := bolt11.Decode(request)
	switch {
	case err != nil:
		return "", invoice, fmt.Errorf("%w: %w", lightning.ErrRefused, err)
	case b.cfg.Network != "" && invoice.Network != b.cfg.Network:
		return "", invoice, fmt.Errorf("%w: an invoice of network %s", lightning.ErrRefused, invoice.Network)
	case !b.journal.Now().Before(invoice.ExpiresAt()):
		return "", invoice, lightning.ErrRequestExpired
	}
	return request, invoice, nil
}

// fits tells whether the amounts that the wallet chose go with the request.
func fits(r lightning.PaymentRequest, s lightning.PaySettings, invoice bolt11.Invoice) error {
	known := r.Method == lightning.MethodBolt11
	switch {
	case len(r.Request) == 0 || len(r.Request) > maxRequest:
		return fmt.Errorf("%w: a request of %d bytes", lightning.ErrRefused, len(r.Request))
	case r.PartMsat > math.MaxInt64 || r.AmountMsat > math.MaxInt64 || r.Amount > math.MaxInt64:
		return fmt.Errorf("%w: amount is out of range", lightning.ErrRefused)
	case r.PartMsat != 0 && (!s.MultiPath || r.AmountMsat != 0):
		return fmt.Errorf("%w: parts are not supported", lightning.ErrRefused)
	case r.PartMsat != 0 && invoice.AmountMsat == 0:
		return fmt.Errorf("%w: a part of it", lightning.ErrAmountless)
	case r.PartMsat > invoice.AmountMsat && r.PartMsat != 0:
		return fmt.Errorf("%w: the part is more than the whole", lightning.ErrOtherAmount)
	case known && r.AmountMsat != 0 && invoice.AmountMsat != 0 && r.AmountMsat != invoice.AmountMsat:
		return lightning.ErrOtherAmount
	case known && invoice.AmountMsat == 0 && (r.AmountMsat == 0 || !s.Amountless):
		return lightning.ErrAmountless
	case !known && r.AmountMsat != 0 && !s.Amountless:
		return lightning.ErrAmountless
	case r.Method == lightning.MethodOnchain && r.Amount == 0:
		return lightning.ErrAmountless
	}
	return nil
}

// askQuote is the question to the processor.
func askQuote(r lightning.PaymentRequest, t terms) *pb.PaymentQuoteRequest {
	ask := &pb.PaymentQuoteRequest{Request: r.Request, Unit: string(r.Unit), Options: meltOptions(t), QuoteId: t.Quote}
	switch r.Method {
	case lightning.MethodBolt11:
		ask.RequestType = pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_BOLT11_INVOICE
	case lightning.MethodBolt12:
		ask.RequestType = pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_BOLT12_OFFER
	case lightning.MethodOnchain:
		ask.RequestType = pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_ONCHAIN
		ask.OnchainOptions = &pb.OnchainOutgoingPaymentOptions{Address: r.Request, Amount: writeAmount(r.Amount, r.Unit), QuoteId: t.Quote}
	default:
		ask.RequestType = pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_CUSTOM
		if r.Amount != 0 {
			ask.Amount = writeAmount(r.Amount, r.Unit)
		}
	}
	return ask
}

func meltOptions(t terms) *pb.MeltOptions {
	switch {
	case t.PartMsat != 0:
		return &pb.MeltOptions{Options: &pb.MeltOptions_Mpp{Mpp: &pb.Mpp{Amount: t.PartMsat}}}
	case t.AmountMsat != 0:
		return &pb.MeltOptions{Options: &pb.MeltOptions_Amountless{Amountless: &pb.Amountless{AmountMsat: t.AmountMsat}}}
	}
	return nil
}

// errTerms: the terms of a payment are not those of a quote of ours.
var errTerms = errors.New("not as it was quoted")

func readTerms(text string) (t terms, err error) {
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return t, errTerms
	}
	if _, err := uuid.Parse(t.Quote); err != nil {
		return t, errTerms
	}
	if t.Identifier != "" {
		if _, err := readIdentifier(t.Identifier); err != nil {
			return t, errTerms
		}
	}
	return t, nil
}
