package main

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mintmark/mint/lightning/bolt11"
	pb "mintmark/proto/cdk_payment_processor"
)

// patience is how long an order waits for its payment before the answer is PENDING.
const patience = 20 * time.Second

// GetPaymentQuote says what it costs. It promises nothing and keeps nothing.
func (p *processor) GetPaymentQuote(_ context.Context, r *pb.PaymentQuoteRequest) (*pb.PaymentQuoteResponse, error) {
	what, err := readPayment(r.GetRequestType(), r.GetRequest(), r.GetOptions(), r.GetAmount())
	if err != nil {
		return nil, err
	}
	answer := &pb.PaymentQuoteResponse{
		Amount: sat(what.Amount), Fee: sat(max(2, what.Amount/100)), State: pb.QuoteState_QUOTE_STATE_UNPAID,
	}
	if what.Method == "bolt11" {
		answer.RequestIdentifier = hashName(what.Debt)
	}
	return answer, nil
}

// MakePayment pays a quote at most once, however often it is ordered to: the order is
// in the ledger before anything is paid, and an order of a quote that is open or paid
// only waits for it. An order that failed can be given again.
func (p *processor) MakePayment(ctx context.Context, r *pb.MakePaymentRequest) (*pb.MakePaymentResponse, error) {
	asked, err := readOrder(r)
	if err != nil {
		return nil, err
	}
	o, err := p.place(asked)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-o.finished:
	case <-timer.C:
	case <-ctx.Done(): // the payment goes on
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	return outgoing(o), nil
}

// place finds the order of the quote or makes it.
func (p *processor) place(asked *order) (*order, error) {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	tries := p.book.orders[asked.Quote]
	if n := len(tries); n > 0 && (tries[n-1].end == nil || tries[n-1].end.Paid) {
		return tries[n-1], nil
	}
	if other := p.book.debts[asked.Debt]; other != nil && asked.Method == "bolt11" && (other.end == nil || other.end.Paid) {
		return nil, status.Error(codes.AlreadyExists, "this invoice is paid, or pending, for another quote")
	}
	asked.Try = len(tries)
	if err := p.book.write(record{Order: asked}); err != nil {
		return nil, lost(err)
	}
	p.world.pay(asked)
	return asked, nil
}

// CheckOutgoingPayment says what became of an order, found by its quote or by what it
// pays. UNKNOWN is a strong word here: the ledger knows every order.
func (p *processor) CheckOutgoingPayment(_ context.Context, r *pb.CheckOutgoingPaymentRequest) (*pb.MakePaymentResponse, error) {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	id := r.GetRequestIdentifier()
	if id.GetType() == pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_QUOTE_ID {
		if tries := p.book.orders[id.GetId()]; len(tries) > 0 {
			return outgoing(tries[len(tries)-1]), nil
		}
	} else if o := p.book.debts[nameIn(id)]; o != nil {
		return outgoing(o), nil
	}
	return &pb.MakePaymentResponse{PaymentIdentifier: id, Status: pb.QuoteState_QUOTE_STATE_UNKNOWN, TotalSpent: sat(0)}, nil
}

// readOrder reads what is to be paid.
func readOrder(r *pb.MakePaymentRequest) (*order, error) {
	var what order
	var err error
	var fee *pb.AmountMessage
	switch o := r.GetPaymentOptions().GetOptions().(type) {
	case *pb.OutgoingPaymentVariant_Bolt11:
		kind := pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_BOLT11_INVOICE
		what, err = readPayment(kind, o.Bolt11.GetBolt11(), o.Bolt11.GetMeltOptions(), nil)
		what.Quote, fee = o.Bolt11.GetQuoteId(), o.Bolt11.GetMaxFeeAmount()
	case *pb.OutgoingPaymentVariant_Custom:
		kind := pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_CUSTOM
		what, err = readPayment(kind, o.Custom.GetOffer(), o.Custom.GetMeltOptions(), o.Custom.GetAmount())
		what.Quote, fee = o.Custom.GetQuoteId(), o.Custom.GetMaxFeeAmount()
	default:
		err = status.Error(codes.InvalidArgument, "this method is not supported")
	}
	if err != nil {
		return nil, err
	}
	if what.Quote == "" {
		return nil, status.Error(codes.InvalidArgument, "an order without a quote")
	}
	if what.MaxFee, err = amountOf(fee); err != nil {
		return nil, err
	}
	if what.Debt == "" {
		what.Debt = what.Quote
	}
	return &what, nil
}

func readPayment(kind pb.OutgoingPaymentRequestType, text string, options *pb.MeltOptions, amount *pb.AmountMessage) (order, error) {
	switch kind {
	case pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_BOLT11_INVOICE:
		return readInvoice(text, options)
	case pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_CUSTOM:
		n, err := amountOf(amount)
		if err == nil && n == 0 {
			err = status.Error(codes.InvalidArgument, "say how much")
		}
		return order{Method: iou, Text: text, Msat: 1000 * n, Amount: n}, err
	}
	return order{}, status.Error(codes.InvalidArgument, "this method is not supported")
}

func readInvoice(text string, options *pb.MeltOptions) (order, error) {
	invoice, err := bolt11.Decode(text)
	if err != nil {
		return order{}, status.Error(codes.InvalidArgument, err.Error())
	}
	msat := invoice.AmountMsat
	switch o := options.GetOptions().(type) {
	case *pb.MeltOptions_Mpp:
		return order{}, status.Error(codes.InvalidArgument, "parts are not supported")
	case *pb.MeltOptions_Amountless:
		if msat != 0 && msat != o.Amountless.GetAmountMsat() {
			return order{}, status.Error(codes.InvalidArgument, "amount is not that of the invoice")
		}
		msat = o.Amountless.GetAmountMsat()
	}
	amount := msat / 1000
	if msat%1000 != 0 {
		amount++
	}
	if amount == 0 || amount > maxAmount {
		return order{}, status.Error(codes.InvalidArgument, "amount is out of range")
	}
	return order{
		Method: "bolt11", Text: text, Msat: msat, Amount: amount, Debt: hex.EncodeToString(invoice.PaymentHash[:]), Conduct: invoice.Description,
	}, nil
}

var errFile = errors.New("the ledger cannot be written")

// lost ends the process: a processor that cannot remember must not promise.
func lost(err error) error {
	panic(errors.Join(errFile, err))
}
