package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"mintmark/internal/tlsdir"
)

// rights are who is trusted and who may do what, at one moment. They never change:
// a reload makes new ones.
type rights struct {
	clients *Clients    // nil: whoever the transport lets in
	tls     *tls.Config // nil: none
	ends    time.Time   // the first authority of tls

	replaced context.Context // done when newer ones are in force
	end      context.CancelFunc
}

// newRights reads the certificates in the directory, if there is one.
func newRights(clients *Clients, tlsDir string) (*rights, error) {
	r := &rights{clients: clients}
	if tlsDir != "" {
		var err error
		if r.tls, err = tlsdir.Server(tlsDir); err != nil {
			return nil, err
		}
		if r.ends, err = tlsdir.AuthorityEnds(tlsDir); err != nil {
			return nil, err
		}
	}
	r.replaced, r.end = context.WithCancel(context.Background())
	return r, nil
}

// inForce holds the rights of now. It is read at every handshake and every call.
type inForce struct{ atomic.Pointer[rights] }

// replace puts other rights in force. What runs for longer than a call is ended, and
// may come back as far as the new ones allow it.
func (f *inForce) replace(next *rights) {
	if old := f.Swap(next); old != nil {
		old.end()
	}
}

func (f *inForce) find(id identity) (*Client, error) {
	if clients := f.Load().clients; clients != nil {
		return clients.find(id)
	}
	return everybody(id)
}

func (f *inForce) findAdmin(id identity) (*Client, error) {
	if clients := f.Load().clients; clients != nil {
		return clients.find(id)
	}
	return ourselves(id)
}

// credentials asks for the certificates of now in every handshake.
func (f *inForce) credentials(verify func(tls.ConnectionState) error) credentials.TransportCredentials {
	return credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			config := f.Load().tls.Clone()
			config.NextProtos = []string{"h2"}
			config.VerifyConnection = verify
			return config, nil
		},
	})
}

var errReplaced = status.Error(codes.Unavailable, "the certificates and rights were read anew: subscribe again")

// trusts tells whether a connection that was let in under earlier rights would be
// let in today: its authority may have gone. That is looked at once for each
// connection and each reload.
func (f *inForce) trusts(c caller) error {
	now := f.Load()
	if len(c.chain) == 0 || now.tls == nil || c.checked.Load() == now {
		return nil
	}
	between := x509.NewCertPool()
	for _, cert := range c.chain[1:] {
		between.AddCert(cert)
	}
	_, err := c.chain[0].Verify(x509.VerifyOptions{
		Roots: now.tls.ClientCAs, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return fmt.Errorf("the certificate is not trusted any more: %w", err)
	}
	c.checked.Store(now)
	return nil
}

var errNoClients = errors.New("there was no clients file at the start, or there is none now: that needs a restart")
