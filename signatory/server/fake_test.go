package server

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/pgtest"
	"mintmark/keystore"
	"mintmark/signatory"
)

// postgres is the server of all tests that do not harm it.
var postgres pgtest.Shared

// run stops the server after the tests and before the search for leaks.
type run struct{ m *testing.M }

func (r run) Run() int {
	defer postgres.Stop()
	return r.m.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(run{m}) }

const (
	hexA = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"
	hexB = "02a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2"
	hexG = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
)

func point(t testing.TB, s string) bdhke.Point {
	t.Helper()
	p, err := bdhke.ParsePointHex(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fake is a keystore that does what it is told to. Its keysets can be replaced.
type fake struct {
	identity bdhke.Point
	sign     func(context.Context, []cashu.BlindedMessage) ([]cashu.BlindSignature, error)
	verify   func(context.Context, []cashu.Proof) error
	rotate   func(context.Context, keystore.RotateParams) (cashu.Keyset, error)

	mu       sync.Mutex
	snapshot keystore.Snapshot
	changed  chan struct{}
}

var _ Keystore = (*fake)(nil)

func newFake(t testing.TB, keysets ...cashu.Keyset) *fake {
	t.Helper()
	return &fake{
		identity: point(t, hexG),
		snapshot: keystore.Snapshot{Epoch: 1, Keysets: keysets},
		changed:  make(chan struct{}),
	}
}

func (f *fake) publish(keysets ...cashu.Keyset) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.snapshot = keystore.Snapshot{Epoch: f.snapshot.Epoch + 1, Keysets: keysets}
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fake) Identity() bdhke.Point { return f.identity }

func (f *fake) Keysets() keystore.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.snapshot
}

func (f *fake) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

func (f *fake) Sign(ctx context.Context, m []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	return f.sign(ctx, m)
}

func (f *fake) SignRetired(ctx context.Context, m []cashu.BlindedMessage, _ map[cashu.KeysetID]time.Duration) ([]cashu.BlindSignature, error) {
	return f.sign(ctx, m)
}

func (f *fake) Verify(ctx context.Context, p []cashu.Proof) error { return f.verify(ctx, p) }

func (f *fake) Rotate(ctx context.Context, p keystore.RotateParams) (cashu.Keyset, error) {
	return f.rotate(ctx, p)
}

func (f *fake) Refresh(context.Context) error { return nil }
func (f *fake) Stale() error                  { return nil }

// keyset is one of a single key; two of different fees have different ids.
func keyset(t testing.TB, fee, expiry uint64) cashu.Keyset {
	t.Helper()
	keys, err := cashu.NewKeys(map[cashu.Amount]bdhke.Point{8: point(t, hexA)})
	if err != nil {
		t.Fatal(err)
	}
	return cashu.Keyset{
		ID: cashu.DeriveKeysetIDV2(keys, "sat", fee, expiry), Unit: "sat", Active: true,
		InputFeePPK: fee, FinalExpiry: expiry, Keys: keys, IssuerVersion: "mintmark/0.1.0",
	}
}

// running is a server that serves until stop.
type running struct {
	addr net.Addr
	stop func() error // ends it and returns what Serve returned; more than once is allowed
	logs *lockedBuffer
}

// lockedBuffer is written to by handlers that the test does not wait for.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serve starts a server and waits until it answers.
func serve(t testing.TB, cfg Config) *running {
	t.Helper()
	r, _ := serveServer(t, cfg)
	return r
}

func serveServer(t testing.TB, cfg Config) (*running, *Server) {
	t.Helper()
	out := &running{logs: &lockedBuffer{}}
	ready := make(chan net.Addr, 1)
	cfg.Ready = func(a net.Addr) { ready <- a }
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(out.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if _, ok := cfg.Keystore.(*fake); ok {
		cfg.OutputCheck = checkNothing
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	out.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = out.stop() })
	select {
	case out.addr = <-ready:
	case err := <-done:
		done <- err
		t.Fatalf("serving: %v", err)
	}
	return out, s
}

// inMemory serves without a network and returns a raw connection, over which a
// test can send what our client never would.
func inMemory(t testing.TB, cfg Config) (*running, *grpc.ClientConn) {
	t.Helper()
	ln := bufconn.Listen(1 << 20)
	cfg.Listener = ln
	r := serve(t, cfg)
	conn, err := grpc.NewClient("passthrough:///memory",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return ln.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return r, conn
}

func versioned(ctx context.Context, version string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "x-signatory-schema-version", version)
}

func dial(t testing.TB, cfg signatory.ClientConfig) *signatory.Client {
	t.Helper()
	c, err := signatory.Dial(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// socketPath is short enough for a unix socket, whatever the test is called.
func socketPath(t testing.TB) string {
	t.Helper()
	return t.TempDir() + "/s"
}

// eventually waits for something that happens on another goroutine.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it never came to this: %s", what)
}
