package processor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
	"unicode"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"mintmark/internal/address"
	"mintmark/internal/tlsdir"
	"mintmark/mint/lightning"
)

// The version of the contract, which every call says.
const (
	versionHeader   = "x-cdk-protocol-version"
	protocolVersion = "4.0.0"
)

const (
	// maxMessage bounds one message of either side. A list of the payments of one
	// offer has about 100 bytes for each.
	maxMessage = 4 << 20
	// keepAlive is how long a connection is silent before somebody asks whether the
	// processor is still there. A gRPC server in Go hangs up on whoever asks more
	// often than every 5 minutes, unless it was told otherwise. Questions about
	// requests find a processor that hangs much earlier.
	keepAlive        = 6 * time.Minute
	keepAliveTimeout = 10 * time.Second
	connectTimeout   = 5 * time.Second
)

// errNotThere: the processor is not there, and nothing was sent to it.
var errNotThere = errors.New("the processor is not there")

// dial makes the connection, which is made and made again in the background.
func (c Config) dial() (*grpc.ClientConn, error) {
	at, err := c.place()
	if err != nil {
		return nil, err
	}
	authority, security := "localhost", insecure.NewCredentials()
	if !at.Unix() && c.Dialer == nil {
		authority = at.Addr
	}
	if c.TLSDir != "" {
		name := c.ServerName
		if name == "" {
			name = at.Host
		}
		secure, err := tlsdir.Client(c.TLSDir, name)
		if err != nil {
			return nil, err
		}
		authority, security = name, credentials.NewTLS(secure)
	}
	return grpc.NewClient("passthrough:///"+authority,
		grpc.WithTransportCredentials(security),
		grpc.WithAuthority(authority),
		grpc.WithContextDialer(c.dialer(at)),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithDisableRetry(), // an order to pay is given once
		grpc.WithIdleTimeout(0),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepAlive, Timeout: keepAliveTimeout}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: connectTimeout,
		}),
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
			return invoke(versioned(ctx), method, req, reply, conn, opts...)
		}),
		grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			return open(versioned(ctx), desc, conn, method, opts...)
		}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
	)
}

// place is where the processor is, if it may be spoken to like this.
func (c Config) place() (at address.Address, err error) {
	if c.Dialer != nil {
		return at, nil
	}
	if at, err = address.Parse(c.Address); err != nil {
		return at, err
	}
	if err := at.CheckSecurity(c.TLSDir, c.Insecure); err != nil {
		return at, err
	}
	if !at.Unix() && at.Host == "" {
		return at, fmt.Errorf("address %q has no host to call", at.Addr)
	}
	return at, nil
}

func (c Config) dialer(at address.Address) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, _ string) (net.Conn, error) {
		if c.Dialer != nil {
			return c.Dialer(ctx)
		}
		var d net.Dialer
		conn, err := d.DialContext(ctx, at.Network, at.Addr)
		if err != nil || !c.Insecure {
			return conn, err
		}
		if err := address.CheckLocal(conn.RemoteAddr()); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return conn, nil
	}
}

func versioned(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, versionHeader, protocolVersion)
}

// there waits until the connection stands, for a while. What is refused here has not
// left this process.
func (b *Backend) there(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, min(b.cfg.Deadline, connectTimeout))
	defer cancel()
	for {
		state := b.conn.GetState()
		switch state {
		case connectivity.Ready:
			return nil
		case connectivity.Idle:
			b.conn.Connect()
		case connectivity.Shutdown:
			return lightning.ErrClosed
		}
		if !b.conn.WaitForStateChange(ctx, state) {
			return errNotThere
		}
	}
}

// failed puts a failed call into words. What the processor says is somebody else's
// text: it is cut and cleaned.
func failed(err error) error {
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	switch s.Code() {
	case codes.FailedPrecondition:
		return fmt.Errorf("it speaks another version of the contract than %s, or is not ready: %s", protocolVersion, clean(s.Message()))
	case codes.Unimplemented:
		return errors.New("it is no payment processor of this contract, or lacks a part of it")
	}
	return fmt.Errorf("%s: %s", s.Code(), clean(s.Message()))
}

// refuses tells whether an error of the processor is about the request that it was
// asked about, so that asking again is useless.
func refuses(err error) bool { return status.Code(err) == codes.InvalidArgument }

// gone tells whether an error says that nobody answers at all.
func gone(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded || code == codes.Canceled || code == codes.Unimplemented ||
		code == codes.FailedPrecondition
}

// maxText is the most of the processor's words that are repeated.
const maxText = 200

func clean(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '·'
		}
		return r
	}, s)
}
