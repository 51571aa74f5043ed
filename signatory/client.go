package signatory

import (
	"context"
	"errors"
	"net"
	"time"

	"mintmark/cashu"
)

// ClientConfig says where the signatory is and how to speak to it.
type ClientConfig struct {
	// Address is "unix:PATH" or "HOST:PORT". Required.
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
	// Dialer, if set, makes the connections instead of Address. For tests.
	Dialer func(context.Context) (net.Conn, error)
}

// Client is a Signatory in another process, over gRPC. It may be used by many
// goroutines.
type Client struct{}

var _ Signatory = (*Client)(nil)

// Dial makes a client. It does not wait for the signatory, and does not fail
// because it is away.
func Dial(ClientConfig) (*Client, error) { return nil, errors.ErrUnsupported }

// Close ends all calls and the connection.
func (c *Client) Close() error { return nil }

func (c *Client) BlindSign(context.Context, []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	return nil, errors.ErrUnsupported
}

func (c *Client) VerifyProofs(context.Context, []cashu.Proof) error { return errors.ErrUnsupported }

func (c *Client) Keysets(context.Context) (Snapshot, error) {
	return Snapshot{}, errors.ErrUnsupported
}

func (c *Client) SubscribeKeysets(context.Context, func(Snapshot) error) error {
	return errors.ErrUnsupported
}

func (c *Client) RotateKeyset(context.Context, RotateRequest) (cashu.Keyset, error) {
	return cashu.Keyset{}, errors.ErrUnsupported
}
