package processor_test

import (
	"errors"
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

func iou() lightning.InvoiceRequest {
	return lightning.InvoiceRequest{QuoteID: "0197-quote", Method: "iou", Unit: "sat", Expiry: time.Now().Add(time.Hour)}
}

// gives makes the processor give out requests called name.
func (s *script) gives(name string) {
	s.set(func() {
		s.create = func(*pb.CreatePaymentRequest) (*pb.CreatePaymentResponse, error) {
			return &pb.CreatePaymentResponse{RequestIdentifier: custom(name), Request: "iou:" + name}, nil
		}
	})
}

func TestEveryMethodIsAskedForAsTheContractWantsIt(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	b := s.open(t, t.TempDir())
	end := time.Now().Add(time.Hour).Truncate(time.Second)
	var asked *pb.IncomingPaymentOptions
	for method, id := range map[string]*pb.PaymentIdentifier{
		"bolt12":  named(pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_OFFER_ID, "offer-id"),
		"onchain": named(pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_QUOTE_ID, "quote-id"),
		"iou":     custom("own"),
		"bolt11":  nil,
	} {
		request := "what a payer reads"
		if method == "bolt11" {
			request = ask(t, 5000, "x")
			v, err := bolt11.Decode(request)
			if err != nil {
				t.Fatal(err)
			}
			id = hash(hexHash(v))
		}
		s.set(func() {
			s.create = func(r *pb.CreatePaymentRequest) (*pb.CreatePaymentResponse, error) {
				asked = r.GetOptions()
				return &pb.CreatePaymentResponse{RequestIdentifier: id, Request: request}, nil
			}
		})
		r := lightning.InvoiceRequest{QuoteID: "quote-id", Method: method, Amount: 5, Unit: "sat", Description: "tea", Expiry: end}
		if method == "onchain" {
			r.Amount, r.Description = 0, ""
		}
		v, err := b.CreateInvoice(t.Context(), r)
		if err != nil || v.Request != request || v.LookupID == "" {
			t.Fatalf("%s: %+v, %v", method, v, err)
		}
		if list, err := b.CheckIncoming(t.Context(), method, v.LookupID); err != nil || len(list) != 0 {
			t.Errorf("%s: checked %+v, %v", method, list, err)
		}
		type carries interface {
			GetDescription() string
			GetAmount() *pb.AmountMessage
			GetUnixExpiry() uint64
		}
		var got carries
		switch method {
		case "bolt11":
			got = asked.GetBolt11()
		case "bolt12":
			got = asked.GetBolt12()
		case "onchain":
			if asked.GetOnchain().GetQuoteId() != "quote-id" {
				t.Errorf("asked for %v", asked)
			}
			continue
		default:
			got = asked.GetCustom()
			if asked.GetCustom().GetQuoteId() != "quote-id" {
				t.Errorf("asked for %v", asked)
			}
		}
		if got.GetDescription() != "tea" || got.GetAmount().GetValue() != 5 || got.GetAmount().GetUnit() != "sat" || got.GetUnixExpiry() != uint64(end.Unix()) {
			t.Errorf("%s: asked for %v", method, asked)
		}
	}
}

func TestARequestThatDoesNotFitTheQuestionIsAnErrorAndIsNotRemembered(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	b := s.open(t, t.TempDir(), func(c *processor.Config) { c.Network = bolt11.Mainnet })
	good := ask(t, 5000, "x")
	v, err := bolt11.Decode(good)
	if err != nil {
		t.Fatal(err)
	}
	own, past, far := hash(hexHash(v)), uint64(time.Now().Unix()-1), uint64(math.MaxUint64)
	for name, answer := range map[string]*pb.CreatePaymentResponse{
		"no name":          {Request: good},
		"an odd name":      {RequestIdentifier: &pb.PaymentIdentifier{Type: 99}, Request: good},
		"nothing to pay":   {RequestIdentifier: own},
		"too much":         {RequestIdentifier: own, Request: strings.Repeat("x", 8193)},
		"no invoice":       {RequestIdentifier: own, Request: "lnbc1"},
		"another hash":     {RequestIdentifier: hash(strings.Repeat("00", 32)), Request: good},
		"another amount":   {RequestIdentifier: own, Request: ask(t, 6000, "x")},
		"an open amount":   {RequestIdentifier: own, Request: ask(t, 0, "x")},
		"already expired":  {RequestIdentifier: own, Request: good, Expiry: &past},
		"in another age":   {RequestIdentifier: own, Request: good, Expiry: &far},
		"a test network's": {RequestIdentifier: nil, Request: onNetwork(t, bolt11.Regtest, 5000)},
	} {
		if name == "a test network's" {
			v, err := bolt11.Decode(answer.Request)
			if err != nil {
				t.Fatal(err)
			}
			answer.RequestIdentifier = hash(hexHash(v))
		}
		s.set(func() {
			s.create = func(*pb.CreatePaymentRequest) (*pb.CreatePaymentResponse, error) { return answer, nil }
		})
		r := lightning.InvoiceRequest{Method: "bolt11", Amount: 5, Unit: "sat"}
		if got, err := b.CreateInvoice(t.Context(), r); err == nil || errors.Is(err, lightning.ErrRefused) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	s.set(func() {
		s.create = func(*pb.CreatePaymentRequest) (*pb.CreatePaymentResponse, error) {
			return &pb.CreatePaymentResponse{RequestIdentifier: own, Request: good}, nil
		}
	})
	r := lightning.InvoiceRequest{Method: "bolt11", Amount: 5, Unit: "sat"}
	if got, err := b.CreateInvoice(t.Context(), r); err != nil || got.LookupID != hexHash(v) {
		t.Errorf("the good one: %+v, %v", got, err)
	}
	if got, err := b.CreateInvoice(t.Context(), r); err == nil {
		t.Errorf("given out twice: %+v", got)
	}
	s.set(func() {
		s.create = func(*pb.CreatePaymentRequest) (*pb.CreatePaymentResponse, error) {
			return nil, status.Error(codes.InvalidArgument, "too long")
		}
	})
	if _, err := b.CreateInvoice(t.Context(), r); !errors.Is(err, lightning.ErrRefused) {
		t.Errorf("an argument that is invalid: %v", err)
	}
}

func TestAnInvoiceKeepsItsHashAsNameWhateverTheProcessorCallsIt(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	b := s.open(t, t.TempDir())
	request := ask(t, 5000, "x")
	v, err := bolt11.Decode(request)
	if err != nil {
		t.Fatal(err)
	}
	label := named(pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_LABEL, "order/1")
	s.set(func() {
		s.create = func(*pb.CreatePaymentRequest) (*pb.CreatePaymentResponse, error) {
			return &pb.CreatePaymentResponse{RequestIdentifier: label, Request: request}, nil
		}
	})
	made, err := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Method: "bolt11", Amount: 5, Unit: "sat"})
	if err != nil || made.LookupID != hexHash(v) {
		t.Fatalf("made %+v, %v", made, err)
	}
	d := watch(t, b)
	events := s.stream(t)
	for _, id := range []string{"one", "another"} { // an invoice is paid but once
		events <- receivedEvent(label, sat(5), id)
	}
	if got := d.wait(t, 1)[0]; got.LookupID != made.LookupID || got.PaymentID != made.LookupID || got.Method != "bolt11" || got.Amount != 5 {
		t.Errorf("delivered %+v", got)
	}
}

func receivedEvent(id *pb.PaymentIdentifier, amount *pb.AmountMessage, payment string) *pb.PaymentEventResponse {
	return &pb.PaymentEventResponse{Event: &pb.PaymentEventResponse_PaymentReceived{PaymentReceived: &pb.WaitIncomingPaymentResponse{
		PaymentIdentifier: id, PaymentAmount: amount, PaymentId: payment,
	}}}
}

func TestEventsThatCannotBeBelievedAreLeftAloneAndTheOthersAreDeliveredOnce(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	b := s.open(t, t.TempDir())
	s.gives("mine")
	made, err := b.CreateInvoice(t.Context(), iou())
	if err != nil {
		t.Fatal(err)
	}
	d := watch(t, b)
	events := s.stream(t)
	for _, event := range []*pb.PaymentEventResponse{
		{},
		receivedEvent(nil, sat(5), "p"),
		receivedEvent(custom("foreign"), sat(5), "p"),
		receivedEvent(named(pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_LABEL, "mine"), sat(5), "p"), // the same text, another type
		receivedEvent(custom("mine"), nil, "p"),
		receivedEvent(custom("mine"), sat(0), "p"),
		receivedEvent(custom("mine"), sat(math.MaxUint64), "p"),
		receivedEvent(custom("mine"), &pb.AmountMessage{Value: 5, Unit: "usd"}, "p"),
		receivedEvent(custom("mine"), &pb.AmountMessage{Value: 999, Unit: "msat"}, "p"), // less than one
		receivedEvent(custom("mine"), sat(5), ""),
		{Event: &pb.PaymentEventResponse_PaymentFailed{PaymentFailed: &pb.PaymentFailedResponse{QuoteId: "nobody"}}},
		{Event: &pb.PaymentEventResponse_PaymentSuccessful{PaymentSuccessful: &pb.PaymentSuccessfulResponse{QuoteId: strings.Repeat("x", 1000)}}},
		{Event: &pb.PaymentEventResponse_PaymentSuccessful{}},
		receivedEvent(custom("mine"), &pb.AmountMessage{Value: 7999, Unit: "msat"}, "good"),
		receivedEvent(custom("mine"), sat(9), "good"), // the name is taken
		receivedEvent(custom("mine"), sat(8), strings.Repeat("long", 100)),
	} {
		events <- event
	}
	list := d.wait(t, 2)
	if list[0].Amount != 7 || list[1].Amount != 8 || list[0].LookupID != made.LookupID || list[0].Method != "iou" || list[0].Unit != "sat" {
		t.Errorf("delivered %+v", list)
	}
	for _, p := range list {
		if len(p.PaymentID) > 255 || p.PaymentID == "" {
			t.Errorf("a payment is called %q", p.PaymentID)
		}
	}
}

func TestWhatHappensWhileNobodyListensIsFoundByAsking(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	dir := t.TempDir()
	b := s.open(t, dir)
	pays := func(name string, ids ...string) {
		s.set(func() {
			before := s.in
			s.in = func(id *pb.PaymentIdentifier) (*pb.CheckIncomingPaymentResponse, error) {
				if id.GetId() != name {
					return before(id)
				}
				answer := &pb.CheckIncomingPaymentResponse{}
				for _, payment := range ids {
					answer.Payments = append(answer.Payments, &pb.WaitIncomingPaymentResponse{PaymentIdentifier: id, PaymentAmount: sat(3), PaymentId: payment})
				}
				return answer, nil
			}
		})
	}
	for _, name := range []string{"a", "b", "c"} {
		s.gives(name)
		if _, err := b.CreateInvoice(t.Context(), iou()); err != nil {
			t.Fatal(err)
		}
	}
	s.stream(t)
	d := watch(t, b)
	pays("a", "while the stream was silent")
	d.wait(t, 1)

	s.set(func() { close(s.cut); s.cut, s.mute = make(chan struct{}), true })
	pays("b", "while there was no stream")
	d.wait(t, 2)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-d.ended; !errors.Is(err, lightning.ErrClosed) {
		t.Errorf("watching ended with %v", err)
	}

	pays("c", "while the mint was down", "twice")
	s.set(func() { s.mute = false })
	again := s.open(t, dir)
	list := watch(t, again).wait(t, 2)
	if list[0].LookupID != "custom:c" || list[1].LookupID != "custom:c" {
		t.Errorf("delivered %+v", list)
	}
}

func TestWhatAProcessorCanIsKnownFromTheLastTimeWhileItIsAway(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	dir := t.TempDir()
	b := s.open(t, dir, func(c *processor.Config) { c.MaxAmount = 900 })
	var names []string
	for _, v := range b.Settings() {
		names = append(names, v.Method)
	}
	if got := strings.Join(names, " "); got != "bolt11 bolt12 onchain iou" {
		t.Errorf("methods are %s", got)
	}
	if v := b.Settings()[2]; v.Confirmations != 3 || v.MinAmount != 1000 || !v.Amountless || v.Description {
		t.Errorf("on the chain: %+v", v)
	}
	if v := b.PaySettings()[0]; !v.MultiPath || !v.Amountless || v.MaxAmount != 900 || v.Unit != "sat" {
		t.Errorf("invoices: %+v", v)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	s.server.Stop()
	away := func(c *processor.Config) { c.Deadline = 100 * time.Millisecond }
	again := s.open(t, dir, away)
	if len(again.Settings()) != 4 {
		t.Errorf("settings are %+v", again.Settings())
	}
	if _, err := again.CreateInvoice(t.Context(), iou()); err == nil || errors.Is(err, lightning.ErrRefused) {
		t.Errorf("made without a processor: %v", err)
	}
	first := s.open(t, t.TempDir(), away)
	if len(first.Settings()) != 0 {
		t.Errorf("settings are %+v", first.Settings())
	}
	if _, err := first.CreateInvoice(t.Context(), iou()); err == nil || errors.Is(err, lightning.ErrRefused) {
		t.Errorf("made without ever having seen a processor: %v", err)
	}
	s.start()
	for end := time.Now().Add(patience); len(first.Settings()) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the processor that came is not noticed")
		}
	}
}

func TestAProcessorOfAnotherUnitIsNotTakenForTheOneOfTheJournal(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	dir := t.TempDir()
	b := s.open(t, dir)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	s.set(func() { s.settings = everything(); s.settings.Unit = "usd" })
	again := s.open(t, dir)
	time.Sleep(200 * time.Millisecond)
	for _, v := range again.Settings() {
		if v.Unit != "sat" {
			t.Errorf("settings are %+v", again.Settings())
		}
	}
}
