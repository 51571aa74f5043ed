package signatory

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	pb "mintmark/proto/signatory"
)

func TestDialRefusesWhatIsNotSafe(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cfg  ClientConfig
		want []string
	}{
		"no address":                    {ClientConfig{}, []string{"neither unix:PATH nor HOST:PORT"}},
		"TCP without TLS":               {ClientConfig{Address: "127.0.0.1:1"}, []string{"needs a TLS directory"}},
		"insecure beyond this machine":  {ClientConfig{Address: "192.0.2.1:1", Insecure: true}, []string{"this machine only"}},
		"insecure with TLS":             {ClientConfig{Address: "127.0.0.1:1", Insecure: true, TLSDir: "x"}, []string{"exclude"}},
		"TLS on a unix socket":          {ClientConfig{Address: "unix:/x", TLSDir: "x"}, []string{"leave out"}},
		"no host":                       {ClientConfig{Address: ":1", TLSDir: "x"}, []string{"no host"}},
		"a TLS directory that is empty": {ClientConfig{Address: "signer.example:1", TLSDir: t.TempDir()}, []string{"ca.pem"}},
		"everything wrong at the same time": {
			ClientConfig{Address: "nowhere", Deadline: -1, DLEQ: 9},
			[]string{"negative", "DLEQ check 9", `"nowhere"`},
		},
	} {
		_, err := Dial(test.cfg)
		if err == nil {
			t.Errorf("accepted: %s", name)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
}

func TestDialDoesNotNeedTheSignatory(t *testing.T) {
	t.Parallel()
	for _, cfg := range []ClientConfig{
		{Address: "unix:" + filepath.Join(t.TempDir(), "s")},
		{Address: "localhost:1", Insecure: true},
	} {
		c, err := Dial(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		started := time.Now()
		if _, err := c.Keysets(t.Context()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", cfg.Address, err)
		}
		if waited := time.Since(started); waited > 5*time.Second {
			t.Errorf("%s: it took %v to say so", cfg.Address, waited)
		}
	}
}

// stalling is a connection that, once stalled, neither delivers nor fails: a
// machine that lost power, or a cable that was pulled.
type stalling struct {
	net.Conn
	stalled *atomic.Bool
}

func (c stalling) Write(p []byte) (int, error) {
	if c.stalled.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func TestKeepAliveNoticesASilentDeath(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ln := bufconn.Listen(1 << 20)
		g := grpc.NewServer()
		pb.RegisterSignatoryServer(g, &scripted{subscribe: func(stream grpc.ServerStreamingServer[pb.KeysResponse]) error {
			if err := stream.Send(snapshotResponse(t, 1)); err != nil {
				return err
			}
			<-stream.Context().Done()
			return io.EOF
		}})
		go func() { _ = g.Serve(ln) }()
		var stalled atomic.Bool
		c, err := Dial(ClientConfig{Dialer: func(ctx context.Context) (net.Conn, error) {
			conn, err := ln.DialContext(ctx)
			return stalling{conn, &stalled}, err
		}})
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		err = c.SubscribeKeysets(t.Context(), func(Snapshot) error { stalled.Store(true); return nil })
		if !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
		if after := time.Since(started); after < defaultKeepAlive || after > 2*(defaultKeepAlive+keepAliveTimeout) {
			t.Errorf("noticed after %v", after)
		}
		_ = c.Close()
		g.Stop()
	})
}
