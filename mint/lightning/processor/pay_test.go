package processor_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/processor"
	pb "mintmark/proto/cdk_payment_processor"
)

func hexHash(v bolt11.Invoice) string { return hex.EncodeToString(v.PaymentHash[:]) }

// onNetwork is an invoice of another chain.
func onNetwork(t *testing.T, n bolt11.Network, msat uint64) string {
	t.Helper()
	key, err := bolt11.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	v := bolt11.Invoice{Network: n, AmountMsat: msat, Timestamp: time.Now().Truncate(time.Second), Features: []int{bolt11.FeatureOnionRequired, bolt11.FeaturePaymentSecretRequired}}
	rand.Read(v.PaymentHash[:])
	rand.Read(v.PaymentSecret[:])
	request, err := bolt11.Encode(v, key)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

// offers makes the processor offer to pay for this much.
func (s *script) offers(amount, fee uint64, options ...*pb.OnchainFeeOption) {
	s.set(func() {
		s.quote = func(*pb.PaymentQuoteRequest) (*pb.PaymentQuoteResponse, error) {
			return &pb.PaymentQuoteResponse{Amount: sat(amount), Fee: sat(fee), FeeOptions: options, State: pb.QuoteState_QUOTE_STATE_UNPAID}, nil
		}
	})
}

// owe quotes an invoice of 100 sat and returns the order to pay it.
func (s *script) owe(t *testing.T, b *processor.Backend) lightning.Payment {
	t.Helper()
	s.offers(100, 2)
	request := ask(t, 100_000, "take")
	q, err := b.QuotePayment(t.Context(), lightning.PaymentRequest{Method: "bolt11", Request: request, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	return order("bolt11", request, q)
}

func order(method, request string, q lightning.PaymentQuote) lightning.Payment {
	return lightning.Payment{
		ID: "attempt-" + rand.Text(), Method: method, Request: request, LookupID: q.LookupID, Amount: q.Amount, Unit: "sat", Terms: q.Terms, MaxFee: q.FeeReserve,
	}
}

// says makes the processor answer every question about a payment with this.
func (s *script) says(state pb.QuoteState, spent *pb.AmountMessage) {
	s.set(func() {
		s.out = func(id *pb.PaymentIdentifier) (*pb.MakePaymentResponse, error) {
			return &pb.MakePaymentResponse{PaymentIdentifier: id, Status: state, TotalSpent: spent}, nil
		}
	})
}

// send sends for a moment, which is longer on a busy machine: until it has begun.
func send(t *testing.T, b *processor.Backend, p lightning.Payment) (out lightning.Outgoing, err error) {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		out, err = b.SendPayment(ctx, p)
		cancel()
		if now, checked := b.CheckPayment(t.Context(), p.Method, p.ID); checked != nil || now.State != lightning.PaymentUnknown || time.Now().After(end) {
			return out, err
		}
	}
}

func state(t *testing.T, b *processor.Backend, p lightning.Payment) lightning.PaymentState {
	t.Helper()
	out, err := b.CheckPayment(t.Context(), p.Method, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	return out.State
}

func TestNoErrorOfAnOrderProvesAnythingAndTheOrderIsNeverGivenTwice(t *testing.T) {
	t.Parallel()
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			s := newScript(t)
			dir := t.TempDir()
			b := s.open(t, dir)
			p := s.owe(t, b)
			s.set(func() {
				s.pay = func(*pb.MakePaymentRequest) (*pb.MakePaymentResponse, error) {
					return nil, status.Error(code, "already paid")
				}
			})
			for range 2 {
				if out, err := send(t, b, p); err == nil && out.State != lightning.PaymentPending || errors.Is(err, lightning.ErrRefused) {
					t.Errorf("sent: %+v, %v", out, err)
				}
				if got := state(t, b, p); got != lightning.PaymentPending {
					t.Errorf("it is %v", got)
				}
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				b = s.open(t, dir)
			}
			if n := len(s.ordered()); n != 1 {
				t.Errorf("ordered %d times", n)
			}
			s.says(pb.QuoteState_QUOTE_STATE_PAID, sat(101))
			if out, err := b.SendPayment(t.Context(), p); err != nil || out.State != lightning.PaymentPaid || out.Spent != 101 {
				t.Errorf("in the end it is %+v, %v", out, err)
			}
			s.says(pb.QuoteState_QUOTE_STATE_FAILED, sat(0))
			if got := state(t, b, p); got != lightning.PaymentPaid {
				t.Errorf("after the end it is %v", got)
			}
		})
	}
}

func TestAProcessorThatPaysAtMostOnceIsOrderedAgainWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	dir := t.TempDir()
	promise := func(c *processor.Config) { c.AtMostOnce = true }
	b := s.open(t, dir, promise)
	p := s.owe(t, b)
	s.set(func() {
		s.pay = func(*pb.MakePaymentRequest) (*pb.MakePaymentResponse, error) {
			return nil, status.Error(codes.Internal, "died")
		}
	})
	_, _ = send(t, b, p)
	given := len(s.ordered())
	if got := state(t, b, p); got != lightning.PaymentPending {
		t.Errorf("it is %v", got)
	}
	for end := time.Now().Add(patience); len(s.ordered()) == given; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a question does not make it be ordered again")
		}
	}
	s.set(func() {
		s.pay = func(r *pb.MakePaymentRequest) (*pb.MakePaymentResponse, error) {
			return &pb.MakePaymentResponse{Status: pb.QuoteState_QUOTE_STATE_PAID, TotalSpent: sat(102)}, nil
		}
	})
	if out, err := b.SendPayment(t.Context(), p); err != nil || out.State != lightning.PaymentPaid || out.Spent != 102 {
		t.Errorf("ordered again it is %+v, %v", out, err)
	}
	orders := s.ordered()
	first := orders[0].GetPaymentOptions().GetBolt11()
	for _, o := range orders {
		if o.GetPaymentOptions().GetBolt11().GetQuoteId() != first.GetQuoteId() || first.GetQuoteId() == "" {
			t.Errorf("the same order came as %v and %v", first, o)
		}
	}
}

func TestAPaymentThatEndsIsBelievedOnlyWithWhatItCost(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spent *pb.AmountMessage
		proof string
		want  lightning.Outgoing
	}{
		"what it cost":            {sat(101), "", lightning.Outgoing{State: lightning.PaymentPaid, Spent: 101}},
		"in thousandths":          {&pb.AmountMessage{Value: 100_001, Unit: "msat"}, "", lightning.Outgoing{State: lightning.PaymentPaid, Spent: 101}},
		"less than the payee got": {sat(7), "", lightning.Outgoing{State: lightning.PaymentPaid, Spent: 100}},
		"more than was allowed":   {sat(5000), "", lightning.Outgoing{State: lightning.PaymentPaid, Spent: 102}},
		"a proof that proves nothing": {sat(100), strings.Repeat("00", 32),
			lightning.Outgoing{State: lightning.PaymentPaid, Spent: 100}},
		"a proof that never ends": {sat(100), strings.Repeat("x", 1<<20), lightning.Outgoing{State: lightning.PaymentPaid, Spent: 100}},
		"nothing":                 {nil, "", lightning.Outgoing{State: lightning.PaymentPending}},
		"another unit":            {&pb.AmountMessage{Value: 100, Unit: "usd"}, "", lightning.Outgoing{State: lightning.PaymentPending}},
		"too much to count":       {sat(math.MaxUint64), "", lightning.Outgoing{State: lightning.PaymentPending}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t)
			b := s.open(t, t.TempDir())
			p := s.owe(t, b)
			s.set(func() {
				s.pay = func(*pb.MakePaymentRequest) (*pb.MakePaymentResponse, error) {
					return &pb.MakePaymentResponse{Status: pb.QuoteState_QUOTE_STATE_PAID, TotalSpent: c.spent, PaymentProof: &c.proof}, nil
				}
			})
			pay := func() (lightning.Outgoing, error) { return send(t, b, p) }
			if c.want.State == lightning.PaymentPaid {
				pay = func() (lightning.Outgoing, error) { return b.SendPayment(t.Context(), p) }
			}
			if out, err := pay(); err != nil || out != c.want {
				t.Errorf("%+v, %v", out, err)
			}
		})
	}
}

func TestAnAnswerAboutAnotherPaymentIsNotBelieved(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	b := s.open(t, t.TempDir())
	p := s.owe(t, b)
	other := hash(strings.Repeat("11", 32))
	s.set(func() {
		s.pay = func(*pb.MakePaymentRequest) (*pb.MakePaymentResponse, error) {
			return &pb.MakePaymentResponse{PaymentIdentifier: other, Status: pb.QuoteState_QUOTE_STATE_PAID, TotalSpent: sat(100)}, nil
		}
		s.out = func(*pb.PaymentIdentifier) (*pb.MakePaymentResponse, error) {
			return &pb.MakePaymentResponse{PaymentIdentifier: other, Status: pb.QuoteState_QUOTE_STATE_FAILED, TotalSpent: sat(0)}, nil
		}
	})
	if out, err := send(t, b, p); err != nil || out.State != lightning.PaymentPending {
		t.Errorf("%+v, %v", out, err)
	}
	if out, err := b.CheckPayment(t.Context(), p.Method, p.ID); err == nil {
		t.Errorf("checked %+v", out)
	}
}

func TestWhileTheProcessorIsAwayNothingIsBegun(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	b := s.open(t, t.TempDir(), func(c *processor.Config) { c.Deadline = 200 * time.Millisecond })
	p := s.owe(t, b)
	s.server.Stop()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) { // until the connection is seen to be gone
		if err := b.Ping(t.Context()); err != nil && strings.Contains(err.Error(), "not there") {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the processor that went away is not missed")
		}
	}
	if _, err := b.SendPayment(t.Context(), p); err == nil || errors.Is(err, lightning.ErrRefused) {
		t.Errorf("sent: %v", err)
	}
	if got := state(t, b, p); got != lightning.PaymentUnknown {
		t.Errorf("it is %v", got)
	}
	s.set(func() {
		s.pay = func(*pb.MakePaymentRequest) (*pb.MakePaymentResponse, error) {
			return &pb.MakePaymentResponse{Status: pb.QuoteState_QUOTE_STATE_PAID, TotalSpent: sat(100)}, nil
		}
	})
	s.start()
	for end := time.Now().Add(patience); ; {
		out, err := b.SendPayment(t.Context(), p)
		if err == nil && out.State == lightning.PaymentPaid {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%+v, %v", out, err)
		}
	}
}

func TestAnOfferWhoseAnswerWasLostEndsByAnEvent(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	b := s.open(t, t.TempDir())
	s.offers(50, 1)
	q, err := b.QuotePayment(t.Context(), lightning.PaymentRequest{Method: "bolt12", Request: "lno1x", Unit: "sat", AmountMsat: 50_000})
	if err != nil || q.LookupID != "" || q.Amount != 50 {
		t.Fatalf("quoted %+v, %v", q, err)
	}
	p := order("bolt12", "lno1x", q)
	s.set(func() {
		s.pay = func(*pb.MakePaymentRequest) (*pb.MakePaymentResponse, error) {
			return nil, status.Error(codes.Unavailable, "died")
		}
	})
	_, _ = send(t, b, p)
	quote := s.ordered()[0].GetPaymentOptions().GetBolt12().GetQuoteId()
	done := make(chan lightning.Outgoing, 1)
	go func() {
		out, _ := b.SendPayment(context.WithoutCancel(t.Context()), p)
		done <- out
	}()
	proof := "proof"
	events := s.stream(t)
	for _, id := range []string{"somebody else's", quote} {
		events <- &pb.PaymentEventResponse{Event: &pb.PaymentEventResponse_PaymentSuccessful{PaymentSuccessful: &pb.PaymentSuccessfulResponse{
			QuoteId: id, Details: &pb.MakePaymentResponse{Status: pb.QuoteState_QUOTE_STATE_PAID, TotalSpent: sat(51), PaymentProof: &proof},
		}}}
	}
	select {
	case out := <-done:
		if out != (lightning.Outgoing{State: lightning.PaymentPaid, Spent: 51, Proof: proof}) {
			t.Errorf("it is %+v", out)
		}
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
}

func TestEveryMethodIsQuotedAndOrderedAsTheContractWantsIt(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	b := s.open(t, t.TempDir())
	options := []*pb.OnchainFeeOption{{FeeReserve: 9, EstimatedBlocks: 6, FeeIndex: 4}, {FeeReserve: 20, EstimatedBlocks: 1, FeeIndex: 0}}
	for _, c := range []struct {
		r    lightning.PaymentRequest
		kind pb.OutgoingPaymentRequestType
	}{
		{lightning.PaymentRequest{Method: "bolt11", Request: ask(t, 100_000, "take")}, pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_BOLT11_INVOICE},
		{lightning.PaymentRequest{Method: "bolt11", Request: ask(t, 900_000, "take"), PartMsat: 100_000}, pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_BOLT11_INVOICE},
		{lightning.PaymentRequest{Method: "bolt11", Request: ask(t, 0, "take"), AmountMsat: 99_001}, pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_BOLT11_INVOICE},
		{lightning.PaymentRequest{Method: "bolt12", Request: "lno1x", AmountMsat: 100_000}, pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_BOLT12_OFFER},
		{lightning.PaymentRequest{Method: "onchain", Request: "bc1q", Amount: 100}, pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_ONCHAIN},
		{lightning.PaymentRequest{Method: "iou", Request: "iou:x", Amount: 100}, pb.OutgoingPaymentRequestType_OUTGOING_PAYMENT_REQUEST_TYPE_CUSTOM},
	} {
		name := fmt.Sprintf("%s %d %d", c.r.Method, c.r.PartMsat, c.r.AmountMsat)
		c.r.Unit = "sat"
		var asked *pb.PaymentQuoteRequest
		var ordered *pb.MakePaymentRequest
		s.set(func() {
			if c.r.Method == "onchain" {
				s.settings.Onchain.MinSendAmountSat = 546
			}
			s.quote = func(r *pb.PaymentQuoteRequest) (*pb.PaymentQuoteResponse, error) {
				asked = r
				return &pb.PaymentQuoteResponse{Amount: sat(100), Fee: sat(2), FeeOptions: options}, nil
			}
			s.pay = func(r *pb.MakePaymentRequest) (*pb.MakePaymentResponse, error) {
				ordered = r
				return &pb.MakePaymentResponse{Status: pb.QuoteState_QUOTE_STATE_PAID, TotalSpent: sat(101)}, nil
			}
		})
		if c.r.Method == "onchain" {
			c.r.Amount = 600
			s.set(func() {
				before := s.quote
				s.quote = func(r *pb.PaymentQuoteRequest) (*pb.PaymentQuoteResponse, error) {
					answer, err := before(r)
					answer.Amount = sat(600)
					return answer, err
				}
			})
		}
		q, err := b.QuotePayment(t.Context(), c.r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if asked.GetRequest() != c.r.Request || asked.GetUnit() != "sat" || asked.GetRequestType() != c.kind || len(asked.GetQuoteId()) != 36 ||
			asked.GetOptions().GetMpp().GetAmount() != c.r.PartMsat || asked.GetOptions().GetAmountless().GetAmountMsat() != c.r.AmountMsat {
			t.Errorf("%s: asked %v", name, asked)
		}
		p := order(c.r.Method, c.r.Request, q)
		if c.r.Method == "onchain" {
			p.FeeIndex, p.MaxFee = 4, 9
		}
		out, err := b.SendPayment(t.Context(), p)
		if err != nil || out.State != lightning.PaymentPaid {
			t.Fatalf("%s: %+v, %v", name, out, err)
		}
		var request, quote string
		var fee *pb.AmountMessage
		var melt *pb.MeltOptions
		switch o := ordered.GetPaymentOptions().GetOptions().(type) {
		case *pb.OutgoingPaymentVariant_Bolt11:
			request, quote, fee, melt = o.Bolt11.GetBolt11(), o.Bolt11.GetQuoteId(), o.Bolt11.GetMaxFeeAmount(), o.Bolt11.GetMeltOptions()
		case *pb.OutgoingPaymentVariant_Bolt12:
			request, quote, fee, melt = o.Bolt12.GetOffer(), o.Bolt12.GetQuoteId(), o.Bolt12.GetMaxFeeAmount(), o.Bolt12.GetMeltOptions()
		case *pb.OutgoingPaymentVariant_Custom:
			request, quote, fee, melt = o.Custom.GetOffer(), o.Custom.GetQuoteId(), o.Custom.GetMaxFeeAmount(), o.Custom.GetMeltOptions()
			if o.Custom.GetAmount().GetValue() != 100 || asked.GetAmount().GetValue() != 100 {
				t.Errorf("%s: asked %v, ordered %v", name, asked, ordered)
			}
		case *pb.OutgoingPaymentVariant_Onchain:
			request, quote, fee = o.Onchain.GetAddress(), o.Onchain.GetQuoteId(), o.Onchain.GetMaxFeeAmount()
			if a := asked.GetOnchainOptions(); o.Onchain.GetAmount().GetValue() != 600 || o.Onchain.FeeIndex == nil || o.Onchain.GetFeeIndex() != 4 ||
				a.GetAddress() != "bc1q" || a.GetQuoteId() != quote || a.GetAmount().GetValue() != 600 || len(q.Options) != 2 || q.Options[0] != (lightning.FeeOption{Index: 4, Reserve: 9, Blocks: 6}) {
				t.Errorf("%s: asked %v, offered %+v, ordered %v", name, asked, q, ordered)
			}
		}
		if request != c.r.Request || quote != asked.GetQuoteId() || fee.GetValue() != uint64(p.MaxFee) || fee.GetUnit() != "sat" || ordered.GetUnit() != "sat" ||
			melt.GetMpp().GetAmount() != c.r.PartMsat || melt.GetAmountless().GetAmountMsat() != c.r.AmountMsat {
			t.Errorf("%s: ordered %v", name, ordered)
		}
	}
}

func TestAnOfferThatDoesNotFitTheRequestIsAnError(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	b := s.open(t, t.TempDir())
	request := ask(t, 100_000, "take")
	for name, c := range map[string]struct {
		method, request string
		answer          *pb.PaymentQuoteResponse
	}{
		"no amount":              {"bolt11", request, &pb.PaymentQuoteResponse{Fee: sat(1)}},
		"no fee":                 {"bolt11", request, &pb.PaymentQuoteResponse{Amount: sat(100)}},
		"too dear":               {"bolt11", request, &pb.PaymentQuoteResponse{Amount: sat(101), Fee: sat(1)}},
		"too cheap":              {"bolt11", request, &pb.PaymentQuoteResponse{Amount: sat(98), Fee: sat(1)}},
		"another unit":           {"bolt11", request, &pb.PaymentQuoteResponse{Amount: &pb.AmountMessage{Value: 100, Unit: "eur"}, Fee: sat(1)}},
		"a fee that wraps":       {"bolt11", request, &pb.PaymentQuoteResponse{Amount: sat(100), Fee: sat(math.MaxUint64)}},
		"another hash":           {"bolt11", request, &pb.PaymentQuoteResponse{Amount: sat(100), Fee: sat(1), RequestIdentifier: hash(strings.Repeat("00", 32))}},
		"an odd name":            {"bolt11", request, &pb.PaymentQuoteResponse{Amount: sat(100), Fee: sat(1), RequestIdentifier: &pb.PaymentIdentifier{Type: 50}}},
		"no fees to choose from": {"onchain", "bc1q", &pb.PaymentQuoteResponse{Amount: sat(1000), Fee: sat(1)}},
		"the same fee twice":     {"onchain", "bc1q", &pb.PaymentQuoteResponse{Amount: sat(1000), Fee: sat(1), FeeOptions: []*pb.OnchainFeeOption{{FeeReserve: 1}, {FeeReserve: 2}}}},
		"too many fees":          {"onchain", "bc1q", &pb.PaymentQuoteResponse{Amount: sat(1000), Fee: sat(1), FeeOptions: manyFees(17)}},
		"a fee too large":        {"onchain", "bc1q", &pb.PaymentQuoteResponse{Amount: sat(1000), Fee: sat(1), FeeOptions: []*pb.OnchainFeeOption{{FeeReserve: math.MaxUint64}}}},
		"of another quote":       {"onchain", "bc1q", &pb.PaymentQuoteResponse{Amount: sat(1000), Fee: sat(1), FeeOptions: manyFees(1), RequestIdentifier: named(pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_QUOTE_ID, "other")}},
	} {
		s.set(func() {
			s.quote = func(*pb.PaymentQuoteRequest) (*pb.PaymentQuoteResponse, error) { return c.answer, nil }
		})
		r := lightning.PaymentRequest{Method: c.method, Request: c.request, Unit: "sat"}
		if c.method == "onchain" {
			r.Amount = 1000
		}
		if q, err := b.QuotePayment(t.Context(), r); err == nil || errors.Is(err, lightning.ErrRefused) {
			t.Errorf("%s: %+v, %v", name, q, err)
		}
	}
	// One satoshi less is how CDK rounds.
	s.offers(99, 1)
	if q, err := b.QuotePayment(t.Context(), lightning.PaymentRequest{Method: "bolt11", Request: request, Unit: "sat"}); err != nil || q.Amount != 100 {
		t.Errorf("rounded down: %+v, %v", q, err)
	}
}

func manyFees(n int) (list []*pb.OnchainFeeOption) {
	for i := range n {
		list = append(list, &pb.OnchainFeeOption{FeeReserve: 1, FeeIndex: uint32(i)})
	}
	return list
}

// The journal does not know an order, and the invoice has expired: either it was never
// given, or the journal was lost. Coins are given back only if the processor says the one.
func TestAnOrderThatComesTooLateIsRefusedOnlyIfTheProcessorDoesNotPayIt(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	late := func(c *processor.Config) { c.Clock = func() time.Time { return time.Now().Add(48 * time.Hour) } }
	p := s.owe(t, s.open(t, t.TempDir()))
	b := s.open(t, t.TempDir(), late)
	for said := pb.QuoteState_QUOTE_STATE_UNSPECIFIED; said <= pb.QuoteState_QUOTE_STATE_ISSUED; said++ {
		s.says(said, sat(101))
		idle := said == pb.QuoteState_QUOTE_STATE_UNKNOWN || said == pb.QuoteState_QUOTE_STATE_UNPAID || said == pb.QuoteState_QUOTE_STATE_FAILED
		if out, err := b.SendPayment(t.Context(), p); err == nil || errors.Is(err, lightning.ErrRefused) != idle {
			t.Errorf("the processor says %v: %+v, %v", said, out, err)
		}
	}
	s.set(func() {
		s.out = func(*pb.PaymentIdentifier) (*pb.MakePaymentResponse, error) {
			return nil, status.Error(codes.Unavailable, "later")
		}
	})
	if out, err := b.SendPayment(t.Context(), p); err == nil || errors.Is(err, lightning.ErrRefused) {
		t.Errorf("the processor says nothing: %+v, %v", out, err)
	}
	if n := len(s.ordered()); n != 0 {
		t.Errorf("it was ordered %d times", n)
	}
}
