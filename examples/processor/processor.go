package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mintmark/mint/lightning/bolt11"
	pb "mintmark/proto/cdk_payment_processor"
)

const (
	unit = "sat"
	// iou is a method of our own: a request that can be paid again and again.
	iou = "iou"
)

// processor serves the contract. Beside the ledger it only remembers who listens.
type processor struct {
	pb.UnimplementedCdkPaymentProcessorServer
	book      *ledger
	world     *outside
	listeners listeners
}

func newProcessor(book *ledger, world *outside) *processor {
	p := &processor{book: book, world: world}
	book.onPaid = func(r *request, payment received) {
		p.listeners.tell(&pb.PaymentEventResponse{Event: &pb.PaymentEventResponse_PaymentReceived{PaymentReceived: incoming(r, payment)}})
	}
	return p
}

// GetSettings says what this processor can do.
func (p *processor) GetSettings(context.Context, *pb.EmptyRequest) (*pb.SettingsResponse, error) {
	return &pb.SettingsResponse{
		Unit:   unit,
		Bolt11: &pb.Bolt11Settings{Amountless: true, InvoiceDescription: true},
		Custom: map[string]string{iou: "{}"},
	}, nil
}

// CreatePayment gives something out. It is in the ledger before anybody can pay it.
func (p *processor) CreatePayment(_ context.Context, r *pb.CreatePaymentRequest) (*pb.CreatePaymentResponse, error) {
	made := &request{Expires: time.Now().Add(time.Hour).Truncate(time.Second)}
	var err error
	switch o := r.GetOptions().GetOptions().(type) {
	case *pb.IncomingPaymentOptions_Bolt11:
		err = p.makeInvoice(made, o.Bolt11)
	case *pb.IncomingPaymentOptions_Custom:
		made.Method, made.Name = iou, rand.Text()
		made.Text = "iou:" + made.Name
		made.Amount, err = amountOf(o.Custom.GetAmount())
		if o.Custom.UnixExpiry != nil {
			made.Expires = time.Unix(int64(o.Custom.GetUnixExpiry()), 0)
		}
	default:
		err = status.Error(codes.InvalidArgument, "this method is not supported")
	}
	if err != nil {
		return nil, err
	}
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	if err := p.book.write(record{Request: made}); err != nil {
		return nil, lost(err)
	}
	p.world.given(made)
	expiry := uint64(made.Expires.Unix())
	return &pb.CreatePaymentResponse{RequestIdentifier: requestName(made), Request: made.Text, Expiry: &expiry}, nil
}

func (p *processor) makeInvoice(made *request, o *pb.Bolt11IncomingPaymentOptions) (err error) {
	if made.Amount, err = amountOf(o.GetAmount()); err != nil {
		return err
	}
	if made.Amount == 0 {
		return status.Error(codes.InvalidArgument, "an invoice needs an amount")
	}
	if o.UnixExpiry != nil {
		made.Expires = time.Unix(int64(o.GetUnixExpiry()), 0)
	}
	made.Preimage = make([]byte, 32)
	rand.Read(made.Preimage)
	hash := sha256.Sum256(made.Preimage)
	now := time.Now().Truncate(time.Second)
	if !made.Expires.After(now) {
		return status.Error(codes.InvalidArgument, "it would be expired already")
	}
	invoice := bolt11.Invoice{
		Network: bolt11.Network(p.world.network), AmountMsat: made.Amount * 1000, Timestamp: now, Expiry: made.Expires.Sub(now),
		PaymentHash: hash, Description: o.GetDescription(), Features: []int{bolt11.FeatureOnionRequired, bolt11.FeaturePaymentSecretRequired},
	}
	rand.Read(invoice.PaymentSecret[:])
	made.Method, made.Name = "bolt11", hex.EncodeToString(hash[:])
	if made.Text, err = bolt11.Encode(invoice, p.book.key); err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return nil
}

// CheckIncomingPayment lists all payments of a request, whether or not a mint has heard
// of them.
func (p *processor) CheckIncomingPayment(_ context.Context, r *pb.CheckIncomingPaymentRequest) (*pb.CheckIncomingPaymentResponse, error) {
	p.book.mu.Lock()
	defer p.book.mu.Unlock()
	made := p.book.requests[nameIn(r.GetRequestIdentifier())]
	if made == nil {
		return nil, status.Error(codes.NotFound, "no such request")
	}
	answer := &pb.CheckIncomingPaymentResponse{}
	for _, payment := range made.received {
		answer.Payments = append(answer.Payments, incoming(made, payment))
	}
	return answer, nil
}

// WaitPaymentEvent tells what happens from now on. Whoever is too slow is sent away: he
// will come back and ask for what he missed.
func (p *processor) WaitPaymentEvent(_ *pb.EmptyRequest, stream pb.CdkPaymentProcessor_WaitPaymentEventServer) error {
	events, leave := p.listeners.join()
	defer leave()
	for {
		select {
		case event, ok := <-events:
			if !ok {
				return status.Error(codes.ResourceExhausted, "you listen too slowly")
			}
			if err := stream.Send(event); err != nil {
				return err
			}
		case <-stream.Context().Done():
			return nil
		}
	}
}
