package processor_test

import (
	"context"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/processor"
	pb "mintmark/proto/cdk_payment_processor"
)

// script is a processor that says what a test wants it to, right or wrong.
type script struct {
	pb.UnimplementedCdkPaymentProcessorServer
	settings *pb.SettingsResponse

	mu     sync.Mutex
	create func(*pb.CreatePaymentRequest) (*pb.CreatePaymentResponse, error)
	quote  func(*pb.PaymentQuoteRequest) (*pb.PaymentQuoteResponse, error)
	pay    func(*pb.MakePaymentRequest) (*pb.MakePaymentResponse, error)
	in     func(*pb.PaymentIdentifier) (*pb.CheckIncomingPaymentResponse, error)
	out    func(*pb.PaymentIdentifier) (*pb.MakePaymentResponse, error)
	orders []*pb.MakePaymentRequest // as they came

	streams chan chan *pb.PaymentEventResponse // of those who listen
	cut     chan struct{}                      // closed to end all streams
	mute    bool                               // streams are refused
	version []string                           // of the last call

	listener *bufconn.Listener
	server   *grpc.Server
}

func everything() *pb.SettingsResponse {
	return &pb.SettingsResponse{
		Unit:   "sat",
		Bolt11: &pb.Bolt11Settings{Mpp: true, Amountless: true, InvoiceDescription: true},
		Bolt12: &pb.Bolt12Settings{Amountless: true, InvoiceDescription: true},
		Custom: map[string]string{"iou": "{}", "Not A Method": "{}", "bolt11": "{}"}, Onchain: &pb.OnchainSettings{Confirmations: 3, MinReceiveAmountSat: 1000, MinSendAmountSat: 546},
	}
}

func newScript(t *testing.T) *script {
	t.Helper()
	s := &script{settings: everything(), streams: make(chan chan *pb.PaymentEventResponse, 16), cut: make(chan struct{})}
	s.in = func(*pb.PaymentIdentifier) (*pb.CheckIncomingPaymentResponse, error) {
		return &pb.CheckIncomingPaymentResponse{}, nil
	}
	s.out = func(id *pb.PaymentIdentifier) (*pb.MakePaymentResponse, error) {
		return &pb.MakePaymentResponse{PaymentIdentifier: id, Status: pb.QuoteState_QUOTE_STATE_UNKNOWN, TotalSpent: sat(0)}, nil
	}
	s.start()
	t.Cleanup(func() { s.server.Stop() })
	return s
}

func (s *script) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener, s.server = bufconn.Listen(1<<20), grpc.NewServer()
	pb.RegisterCdkPaymentProcessorServer(s.server, s)
	listener, server := s.listener, s.server
	go func() { _ = server.Serve(listener) }()
}

// open opens a backend on it, with the journal in dir.
func (s *script) open(t *testing.T, dir string, change ...func(*processor.Config)) *processor.Backend {
	t.Helper()
	c := processor.Config{
		Journal: filepath.Join(dir, "journal.db"), Ask: 50 * time.Millisecond, Deadline: 5 * time.Second, Logger: quiet,
		Dialer: func(ctx context.Context) (net.Conn, error) {
			s.mu.Lock()
			listener := s.listener
			s.mu.Unlock()
			return listener.DialContext(ctx)
		},
	}
	for _, f := range change {
		f(&c)
	}
	b, err := processor.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// set changes what the processor does, while it runs.
func (s *script) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *script) ordered() []*pb.MakePaymentRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*pb.MakePaymentRequest(nil), s.orders...)
}

func (s *script) GetSettings(ctx context.Context, _ *pb.EmptyRequest) (*pb.SettingsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	md, _ := metadata.FromIncomingContext(ctx)
	if s.version = md.Get("x-cdk-protocol-version"); len(s.version) != 1 || s.version[0] != "4.0.0" {
		return nil, status.Error(codes.FailedPrecondition, "another version")
	}
	return s.settings, nil
}

func (s *script) CreatePayment(_ context.Context, r *pb.CreatePaymentRequest) (*pb.CreatePaymentResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.create(r)
}

func (s *script) GetPaymentQuote(_ context.Context, r *pb.PaymentQuoteRequest) (*pb.PaymentQuoteResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.quote(r)
}

func (s *script) MakePayment(_ context.Context, r *pb.MakePaymentRequest) (*pb.MakePaymentResponse, error) {
	s.mu.Lock()
	s.orders = append(s.orders, r)
	pay := s.pay
	s.mu.Unlock()
	return pay(r)
}

func (s *script) CheckIncomingPayment(_ context.Context, r *pb.CheckIncomingPaymentRequest) (*pb.CheckIncomingPaymentResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.in(r.GetRequestIdentifier())
}

func (s *script) CheckOutgoingPayment(_ context.Context, r *pb.CheckOutgoingPaymentRequest) (*pb.MakePaymentResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out(r.GetRequestIdentifier())
}

func (s *script) WaitPaymentEvent(_ *pb.EmptyRequest, stream pb.CdkPaymentProcessor_WaitPaymentEventServer) error {
	s.mu.Lock()
	cut, mute := s.cut, s.mute
	s.mu.Unlock()
	if mute {
		return status.Error(codes.Internal, "nobody is told anything")
	}
	events := make(chan *pb.PaymentEventResponse, 64)
	s.streams <- events
	for {
		select {
		case event := <-events:
			if err := stream.Send(event); err != nil {
				return err
			}
		case <-cut:
			return status.Error(codes.Unavailable, "cut")
		case <-stream.Context().Done():
			return nil
		}
	}
}

// listener waits for somebody who listens.
func (s *script) stream(t *testing.T) chan *pb.PaymentEventResponse {
	t.Helper()
	select {
	case events := <-s.streams:
		return events
	case <-time.After(patience):
		t.Fatal("nobody listens")
		return nil
	}
}

const patience = 30 * time.Second

func sat(n uint64) *pb.AmountMessage { return &pb.AmountMessage{Value: n, Unit: "sat"} }

func named(kind pb.PaymentIdentifierType, value string) *pb.PaymentIdentifier {
	return &pb.PaymentIdentifier{Type: kind, Value: &pb.PaymentIdentifier_Id{Id: value}}
}

func custom(value string) *pb.PaymentIdentifier {
	return named(pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_CUSTOM_ID, value)
}

func hash(value string) *pb.PaymentIdentifier {
	return &pb.PaymentIdentifier{
		Type: pb.PaymentIdentifierType_PAYMENT_IDENTIFIER_TYPE_PAYMENT_HASH, Value: &pb.PaymentIdentifier_Hash{Hash: value},
	}
}

// watch collects what is delivered.
func watch(t *testing.T, b *processor.Backend) *deliveries {
	t.Helper()
	d := &deliveries{ended: make(chan error, 1)}
	go func() {
		d.ended <- b.WatchIncoming(context.WithoutCancel(t.Context()), func(p lightning.Incoming) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.list = append(d.list, p)
			return nil
		})
	}()
	return d
}

type deliveries struct {
	mu    sync.Mutex
	list  []lightning.Incoming
	ended chan error
}

func (d *deliveries) all() []lightning.Incoming {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]lightning.Incoming(nil), d.list...)
}

// wait waits for so many deliveries, and then a moment for one too many.
func (d *deliveries) wait(t *testing.T, n int) []lightning.Incoming {
	t.Helper()
	for end := time.Now().Add(patience); len(d.all()) < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("delivered are %+v, want %d", d.all(), n)
		}
	}
	time.Sleep(200 * time.Millisecond)
	if list := d.all(); len(list) != n {
		t.Fatalf("delivered are %+v, want %d", list, n)
	}
	return d.all()
}
