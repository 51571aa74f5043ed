package signatory

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"mintmark/internal/address"
	"mintmark/internal/tlsdir"
	"mintmark/signatory/internal/wire"
)

// ClientConfig says where the signatory is and how to speak to it.
type ClientConfig struct {
	// Address is "unix:PATH" or "HOST:PORT". Required without Dialer.
	Address string
	// TLSDir holds ca.pem, client.pem and client.key. Required for HOST:PORT
	// unless Insecure; must be empty for a unix socket.
	TLSDir string
	// ServerName is the name that the server's certificate must carry.
	// Empty: the host of Address.
	ServerName string
	// Insecure allows TCP without TLS, to a loopback address only.
	Insecure bool
	// Deadline bounds every call, and the wait for the first snapshot of a
	// subscription. 0 is 10 seconds.
	Deadline time.Duration
	// KeepAlive is how long a connection may be silent before the client asks
	// whether the signatory is still there; it has 5 seconds to answer. 0 is
	// 15 seconds, less than 10 seconds is 10 seconds.
	KeepAlive time.Duration
	// DLEQ says which signatures are verified before they are believed. The
	// zero value verifies none.
	DLEQ DLEQCheck
	// Dialer, if set, makes the connections, and Address is not used. Without
	// TLSDir they carry no TLS. For tests.
	Dialer func(context.Context) (net.Conn, error)
}

// DLEQCheck says which DLEQ proofs (NUT-12) the client verifies. Every signature
// must carry one in any case.
type DLEQCheck uint8

const (
	// DLEQPresent verifies none. The channel is a private socket or mutual
	// TLS, the signatory could issue money without telling, and a wallet that
	// cares verifies for itself: a check here finds only a broken signatory,
	// and costs the mint about what signing costs the signatory.
	DLEQPresent DLEQCheck = iota
	// DLEQSample verifies one signature, picked at random, of an answer that
	// comes after a tenth of a second without a check, and of those between
	// one in 32: a signatory that mixes up keys or answers is noticed within
	// a few calls, at a bounded price.
	DLEQSample
	// DLEQEvery verifies all.
	DLEQEvery
)

const (
	defaultDeadline  = 10 * time.Second
	defaultKeepAlive = 15 * time.Second
	keepAliveTimeout = 5 * time.Second
	connectTimeout   = 5 * time.Second
)

func (cfg ClientConfig) withDefaults() ClientConfig {
	if cfg.Deadline == 0 {
		cfg.Deadline = defaultDeadline
	}
	if cfg.KeepAlive == 0 {
		cfg.KeepAlive = defaultKeepAlive
	}
	return cfg
}

// endpoint is a validated ClientConfig in the terms of gRPC.
type endpoint struct {
	authority string
	dial      func(context.Context, string) (net.Conn, error)
	security  credentials.TransportCredentials
}

// resolve finds all that is wrong with the configuration, and reads the
// certificates.
func (cfg ClientConfig) resolve() (endpoint, error) {
	var errs []error
	if cfg.Deadline < 0 || cfg.KeepAlive < 0 {
		errs = append(errs, errors.New("deadline and keep-alive cannot be negative"))
	}
	if cfg.DLEQ > DLEQEvery {
		errs = append(errs, fmt.Errorf("there is no DLEQ check %d", cfg.DLEQ))
	}
	var at address.Address
	if cfg.Dialer == nil {
		var err error
		if at, err = address.Parse(cfg.Address); err != nil {
			errs = append(errs, err)
		} else if err := at.CheckSecurity(cfg.TLSDir, cfg.Insecure); err != nil {
			errs = append(errs, err)
		} else if !at.Unix() && at.Host == "" {
			errs = append(errs, fmt.Errorf("address %q has no host to call", at.Addr))
		}
	}
	if len(errs) > 0 {
		return endpoint{}, errors.Join(errs...)
	}

	out := endpoint{authority: "localhost", security: insecure.NewCredentials()}
	if !at.Unix() && cfg.Dialer == nil {
		out.authority = at.Addr
	}
	out.dial = func(ctx context.Context, _ string) (net.Conn, error) {
		if cfg.Dialer != nil {
			return cfg.Dialer(ctx)
		}
		var d net.Dialer
		conn, err := d.DialContext(ctx, at.Network, at.Addr)
		if err != nil || !cfg.Insecure {
			return conn, err
		}
		if err := address.CheckLocal(conn.RemoteAddr()); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return conn, nil
	}
	if cfg.TLSDir != "" {
		name := cfg.ServerName
		if name == "" {
			name = at.Host
		}
		secure, err := tlsdir.Client(cfg.TLSDir, name)
		if err != nil {
			return endpoint{}, err
		}
		out.security = credentials.NewTLS(secure)
		out.authority = name // gRPC refuses one that differs from the certificate's name
	}
	return out, nil
}

func (e endpoint) options(cfg ClientConfig) []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithTransportCredentials(e.security),
		grpc.WithAuthority(e.authority),
		grpc.WithContextDialer(e.dial),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(0),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time:                cfg.KeepAlive,
			Timeout:             keepAliveTimeout,
			PermitWithoutStream: true,
		}),
		// A signatory that comes back is found within about a second.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: connectTimeout,
		}),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(wire.MaxMessageSize),
			grpc.MaxCallSendMsgSize(wire.MaxMessageSize),
		),
	}
}
