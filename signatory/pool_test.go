package signatory

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"mintmark/cashu"
	pb "mintmark/proto/signatory"
	"mintmark/signatory/internal/wire"
)

// member is a signatory of a pool: scripted, and it can hang, die and come back.
type member struct {
	scripted
	signed, rotated atomic.Int64
	epoch           atomic.Uint64
	pushed          chan struct{} // a token makes it send its keysets again

	mu     sync.Mutex
	ln     *bufconn.Listener // nil: nobody listens
	server *grpc.Server
	frozen chan struct{} // closed: not frozen
}

func newMember(t testing.TB, identity string) *member {
	t.Helper()
	m := &member{pushed: make(chan struct{}, 1), frozen: make(chan struct{})}
	close(m.frozen)
	m.epoch.Store(1)
	answer := signAll(t)
	m.sign = func(ctx context.Context, in *pb.BlindedMessages) (*pb.BlindSignResponse, error) {
		m.signed.Add(1)
		return answer(ctx, in)
	}
	show := func() *pb.KeysResponse {
		return &pb.KeysResponse{Keysets: wire.Snapshot(point(t, identity), m.epoch.Load(), []cashu.Keyset{keyset(t)})}
	}
	m.keysets = func(context.Context) (*pb.KeysResponse, error) { return show(), nil }
	m.subscribe = func(stream grpc.ServerStreamingServer[pb.KeysResponse]) error {
		for {
			if err := stream.Send(show()); err != nil {
				return err
			}
			select {
			case <-m.pushed:
			case <-stream.Context().Done():
				return stream.Context().Err()
			}
		}
	}
	m.rotate = func(context.Context, *pb.RotationRequest) (*pb.KeyRotationResponse, error) {
		m.rotated.Add(1)
		return nil, status.Error(codes.Unavailable, "gone")
	}
	m.start()
	t.Cleanup(func() { m.thaw(); m.kill() })
	return m
}

func (m *member) start() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ln = bufconn.Listen(1 << 20)
	m.server = grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		m.mu.Lock()
		frozen := m.frozen
		m.mu.Unlock()
		<-frozen
		return next(ctx, in)
	}))
	pb.RegisterSignatoryServer(m.server, m)
	h := health.NewServer()
	h.SetServingStatus(pb.Signatory_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(m.server, h)
	go func(s *grpc.Server, ln net.Listener) { _ = s.Serve(ln) }(m.server, m.ln)
}

func (m *member) kill() {
	m.mu.Lock()
	server := m.server
	m.ln = nil
	m.mu.Unlock()
	server.Stop()
}

func (m *member) freeze() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.frozen = make(chan struct{})
}

func (m *member) thaw() {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-m.frozen:
	default:
		close(m.frozen)
	}
}

func (m *member) dial(ctx context.Context) (net.Conn, error) {
	m.mu.Lock()
	ln := m.ln
	m.mu.Unlock()
	if ln == nil {
		return nil, errors.New("nobody listens")
	}
	return ln.DialContext(ctx)
}

// pool is one of these members, with the times of production unless cfg says others.
func pool(t testing.TB, cfg PoolConfig, members ...*member) *Pool {
	t.Helper()
	for _, m := range members {
		cfg.Replicas = append(cfg.Replicas, ClientConfig{Dialer: m.dial, DLEQ: DLEQEvery})
	}
	cfg.Logger = slog.New(slog.DiscardHandler)
	p, err := DialPool(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// signs makes a call and returns how long it took.
func signs(t testing.TB, p *Pool) time.Duration {
	t.Helper()
	start := time.Now()
	if _, err := p.BlindSign(t.Context(), []cashu.BlindedMessage{message(t)}); err != nil {
		t.Errorf("signing: %v", err)
	}
	return time.Since(start)
}

func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

func TestCallsAreSpreadOverAllSignatories(t *testing.T) {
	t.Parallel()
	a, b, c := newMember(t, hexG), newMember(t, hexG), newMember(t, hexG)
	p := pool(t, PoolConfig{}, a, b, c)
	until(t, "all are known", func() bool {
		signs(t, p)
		return a.signed.Load() > 0 && b.signed.Load() > 0 && c.signed.Load() > 0
	})
	for _, m := range []*member{a, b, c} {
		m.signed.Store(0)
	}
	for range 90 {
		signs(t, p)
	}
	for i, m := range []*member{a, b, c} {
		if n := m.signed.Load(); n < 15 {
			t.Errorf("signatory %d had %d of 90 calls", i, n)
		}
	}
}

func TestADeadSignatoryCostsNoCall(t *testing.T) {
	t.Parallel()
	a, b := newMember(t, hexG), newMember(t, hexG)
	p := pool(t, PoolConfig{}, a, b)
	signs(t, p)
	signs(t, p)
	var worst time.Duration
	for i := range 300 {
		if i == 100 {
			a.kill()
		}
		worst = max(worst, signs(t, p))
	}
	t.Logf("the slowest call took %v", worst)
	if worst > time.Second {
		t.Errorf("a call took %v", worst)
	}
	a.start()
	before := a.signed.Load()
	until(t, "the dead one is back and gets calls", func() bool { signs(t, p); return a.signed.Load() > before+5 })
}

func TestAHangingSignatoryIsOvertakenAndThenLeftAlone(t *testing.T) {
	t.Parallel()
	a, b := newMember(t, hexG), newMember(t, hexG)
	p := pool(t, PoolConfig{}, a, b)
	for range 4 {
		signs(t, p)
	}
	a.freeze()
	slow := 0
	for range 200 {
		took := signs(t, p)
		if took > 900*time.Millisecond {
			t.Errorf("a call took %v", took)
		}
		if took > 300*time.Millisecond {
			slow++
		}
	}
	if slow > 2 {
		t.Errorf("%d of 200 calls had to be made twice", slow)
	}
	a.thaw()
	before := a.signed.Load()
	until(t, "it gets calls again", func() bool { signs(t, p); return a.signed.Load() > before+5 })
}

func TestALoneSignatoryThatHangsIsNotWaitedForUntilTheDeadline(t *testing.T) {
	t.Parallel()
	a := newMember(t, hexG)
	p := pool(t, PoolConfig{HangAfter: time.Second}, a)
	signs(t, p)
	a.freeze()
	try := func() (time.Duration, error) {
		start := time.Now()
		_, err := p.BlindSign(t.Context(), []cashu.BlindedMessage{message(t)})
		return time.Since(start), err
	}
	if took, err := try(); !errors.Is(err, ErrUnavailable) || took > 3*time.Second {
		t.Errorf("the first call: %v after %v", err, took)
	}
	if took, err := try(); !errors.Is(err, ErrUnavailable) || took > 100*time.Millisecond {
		t.Errorf("the next call: %v after %v", err, took)
	}
	a.thaw()
	until(t, "it signs again", func() bool { _, err := try(); return err == nil })
}

// Whoever follows the keysets must hear that nobody is there, or a mint whose
// signatory hangs says that it is well.
func TestASubscriptionEndsWhenItsSignatoryHangs(t *testing.T) {
	t.Parallel()
	a := newMember(t, hexG)
	p := pool(t, PoolConfig{HangAfter: time.Second}, a)
	came := make(chan struct{}, 100)
	follow := func(ctx context.Context) error {
		return p.SubscribeKeysets(ctx, func(Snapshot) error { came <- struct{}{}; return nil })
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- follow(ctx) }()
	<-came
	a.freeze()
	if err := <-done; !errors.Is(err, ErrUnavailable) {
		t.Fatalf("the subscription ended with %v", err)
	}
	a.thaw()
	until(t, "it can be followed again", func() bool {
		again, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		go func() { _ = follow(again) }()
		select {
		case <-came:
			return true
		case <-again.Done():
			return false
		}
	})
}

// A long call of a signatory that is well is not cut short.
func TestALongCallIsLeftToItsEnd(t *testing.T) {
	t.Parallel()
	a := newMember(t, hexG)
	answer := a.sign
	a.sign = func(ctx context.Context, in *pb.BlindedMessages) (*pb.BlindSignResponse, error) {
		time.Sleep(1200 * time.Millisecond)
		return answer(ctx, in)
	}
	p := pool(t, PoolConfig{HangAfter: 400 * time.Millisecond, Probe: 50 * time.Millisecond}, a)
	signs(t, p)
}

func TestAnotherSignatoryIsNeverAskedToSign(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]PoolConfig{"pinned": {Identity: point(t, hexG)}, "the first that is believed": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, foreign := newMember(t, hexG), newMember(t, hexB)
			p := pool(t, cfg, foreign, ours)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			believed := make(chan struct{}, 1)
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = Follow(ctx, FollowConfig{Signatory: p, MinDelay: time.Millisecond}, func(s Snapshot) error {
					if !s.Identity.Equal(point(t, hexG)) {
						return errors.New("another one is pinned here")
					}
					select {
					case believed <- struct{}{}:
					default:
					}
					return nil
				})
			}()
			select {
			case <-believed:
			case <-time.After(10 * time.Second):
				t.Fatal("the right signatory was not found")
			}
			for range 50 {
				signs(t, p)
			}
			if n := foreign.signed.Load(); n != 0 {
				t.Errorf("the foreign signatory had %d calls", n)
			}
			ours.kill()
			if _, err := p.BlindSign(t.Context(), []cashu.BlindedMessage{message(t)}); !errors.Is(err, ErrUnavailable) {
				t.Errorf("with only a foreign one left: %v", err)
			}
			if n := foreign.signed.Load(); n != 0 {
				t.Errorf("the foreign signatory had %d calls", n)
			}
			cancel()
			<-done
		})
	}
}

func TestAnOlderSnapshotIsNeverShown(t *testing.T) {
	t.Parallel()
	ahead, behind := newMember(t, hexG), newMember(t, hexG)
	ahead.epoch.Store(7)
	behind.epoch.Store(5)
	p := pool(t, PoolConfig{}, behind, ahead)
	ctx, cancel := context.WithCancel(t.Context())
	epochs := make(chan uint64, 100)
	done := make(chan error, 1)
	go func() {
		done <- p.SubscribeKeysets(ctx, func(s Snapshot) error { epochs <- s.Epoch; return nil })
	}()
	last := uint64(0)
	want := func(epoch uint64) {
		t.Helper()
		for last != epoch {
			select {
			case next := <-epochs:
				if next <= last {
					t.Errorf("epoch %d came after %d", next, last)
				}
				last = next
			case <-time.After(10 * time.Second):
				t.Fatalf("epoch %d never came", epoch)
			}
		}
	}
	want(7)
	behind.epoch.Store(6) // it moves, and is behind still
	behind.pushed <- struct{}{}
	for range 20 {
		s, err := p.Keysets(t.Context())
		if err != nil || s.Epoch != 7 {
			t.Fatalf("epoch %d, %v", s.Epoch, err)
		}
	}
	behind.epoch.Store(9) // overtakes
	behind.pushed <- struct{}{}
	want(9)
	ahead.kill()
	behind.epoch.Store(8)
	if s, err := p.Keysets(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("epoch %d was shown after 9, %v", s.Epoch, err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the subscription ended with %v", err)
	}
}

func TestWhatAllWouldRefuseIsAskedOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer *pb.Error
		want   error
		calls  int64
	}{
		"inactive":                  {wire.Error(cashu.Errorf(cashu.CodeKeysetInactive, "inactive")), cashu.ErrKeysetInactive, 1},
		"unknown: one may lag":      {wire.Error(cashu.Errorf(cashu.CodeKeysetUnknown, "unknown")), cashu.ErrKeysetUnknown, 2},
		"budget: one may have some": {wire.Error(cashu.Errorf(cashu.CodeRateLimited, "used up")), cashu.Errorf(cashu.CodeRateLimited, ""), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := newMember(t, hexG), newMember(t, hexG)
			for _, m := range []*member{a, b} {
				m.sign = func(context.Context, *pb.BlindedMessages) (*pb.BlindSignResponse, error) {
					m.signed.Add(1)
					return &pb.BlindSignResponse{Error: test.answer}, nil
				}
			}
			p := pool(t, PoolConfig{HedgeAfter: 10 * time.Second}, a, b)
			if _, err := p.BlindSign(t.Context(), []cashu.BlindedMessage{message(t)}); !errors.Is(err, test.want) {
				t.Errorf("it is %v, want %v", err, test.want)
			}
			if n := a.signed.Load() + b.signed.Load(); n != test.calls {
				t.Errorf("%d calls, want %d", n, test.calls)
			}
		})
	}
}

func TestARotationIsAskedOfOneSignatoryOnly(t *testing.T) {
	t.Parallel()
	a, b := newMember(t, hexG), newMember(t, hexG)
	p := pool(t, PoolConfig{}, a, b)
	if _, err := p.RotateKeyset(t.Context(), RotateRequest{Unit: "sat"}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("it is %v", err)
	}
	if n := a.rotated.Load() + b.rotated.Load(); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}
