package main

import (
	"context"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "mintmark/proto/cdk_payment_processor"
)

// maxAmount is far more than there is, and far less than what overflows.
const maxAmount = 2_100_000_000_000_000

func sat(n uint64) *pb.AmountMessage { return &pb.AmountMessage{Value: n, Unit: unit} }

// amountOf reads an amount; none is 0.
func amountOf(m *pb.AmountMessage) (uint64, error) {
	switch {
	case m == nil:
		return 0, nil
	case m.GetUnit() != unit:
		return 0, status.Error(codes.InvalidArgument, "amounts are in "+unit)
	case m.GetValue() > maxAmount:
		return 0, status.Error(codes.InvalidArgument, "amount is out of range")
	}
	return m.GetValue(), nil
}

func hashName(hash string) *pb.PaymentIdentifier {
	return &pb.PaymentIdentifier{
		Type: pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_PAYMENT_HASH, Value: &pb.PaymentIdentifier_Hash{Hash: hash},
	}
}

func requestName(r *request) *pb.PaymentIdentifier {
	if r.Method == "bolt11" {
		return hashName(r.Name)
	}
	return &pb.PaymentIdentifier{
		Type: pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_CUSTOM_ID, Value: &pb.PaymentIdentifier_Id{Id: r.Name},
	}
}

func nameIn(id *pb.PaymentIdentifier) string {
	if id.GetHash() != "" {
		return id.GetHash()
	}
	return id.GetId()
}

func incoming(r *request, p received) *pb.WaitIncomingPaymentResponse {
	return &pb.WaitIncomingPaymentResponse{PaymentIdentifier: requestName(r), PaymentAmount: sat(p.Amount), PaymentId: p.ID}
}

func outgoing(o *order) *pb.MakePaymentResponse {
	answer := &pb.MakePaymentResponse{
		PaymentIdentifier: hashName(o.Debt), Status: pb.QuoteState_QUOTE_STATE_PENDING, TotalSpent: sat(0),
	}
	if o.Method != "bolt11" {
		answer.PaymentIdentifier = &pb.PaymentIdentifier{
			Type: pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_QUOTE_ID, Value: &pb.PaymentIdentifier_Id{Id: o.Quote},
		}
	}
	switch {
	case o.end == nil:
	case o.end.Paid:
		answer.Status, answer.TotalSpent, answer.PaymentProof = pb.QuoteState_QUOTE_STATE_PAID, sat(o.end.Spent), &o.end.Proof
	default:
		answer.Status = pb.QuoteState_QUOTE_STATE_FAILED
	}
	return answer
}

// The version of the contract, which every call must say.
const (
	versionHeader   = "x-cdk-protocol-version"
	protocolVersion = "4.0.0"
)

func check(ctx context.Context) error {
	md, _ := metadata.FromIncomingContext(ctx)
	if said := md.Get(versionHeader); len(said) != 1 || said[0] != protocolVersion {
		return status.Errorf(codes.FailedPrecondition, "this processor speaks %s %s", versionHeader, protocolVersion)
	}
	return nil
}

func checkVersion(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if err := check(ctx); err != nil {
		return nil, err
	}
	return handle(ctx, req)
}

func checkVersionOfStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if err := check(stream.Context()); err != nil {
		return err
	}
	return handle(srv, stream)
}

// listeners are the streams that are open.
type listeners struct {
	mu   sync.Mutex
	open map[chan *pb.PaymentEventResponse]bool
}

func (l *listeners) join() (<-chan *pb.PaymentEventResponse, func()) {
	events := make(chan *pb.PaymentEventResponse, 128)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		l.open = map[chan *pb.PaymentEventResponse]bool{}
	}
	l.open[events] = true
	return events, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.open, events)
	}
}

// tell never waits: a listener that does not keep up is let go.
func (l *listeners) tell(event *pb.PaymentEventResponse) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for events := range l.open {
		select {
		case events <- event:
		default:
			delete(l.open, events)
			close(events)
		}
	}
}
