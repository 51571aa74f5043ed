package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync/atomic"

	"google.golang.org/grpc/credentials"

	"mintmark/keystore"
)

// door is what every connection comes through: it finds out who is there, and
// whether they have any business here, before a byte of HTTP/2 is read. It says
// who was turned away, and why: the client itself often sees no more than a
// closed connection.
type door struct {
	credentials.TransportCredentials // nil: no TLS
	find                             finder
	roles                            Roles // one of them is needed to come in
	log                              *slog.Logger
	journal                          *journal
}

// newDoor makes the credentials of a listener. Without secure there is no TLS.
func newDoor(secure *inForce, find finder, roles Roles, log *slog.Logger, journal *journal) door {
	d := door{find: find, roles: roles, log: log, journal: journal}
	if secure != nil {
		// Within the handshake, so that a stranger gets a TLS alert and
		// nothing else.
		d.TransportCredentials = secure.credentials(func(state tls.ConnectionState) error {
			id, err := tlsIdentity(state)
			if err == nil {
				err = d.admit(id)
			}
			return err
		})
	}
	return d
}

func tlsIdentity(state tls.ConnectionState) (identity, error) {
	if len(state.PeerCertificates) == 0 {
		return identity{}, errors.New("there is no client certificate")
	}
	return certificateIdentity(state.PeerCertificates[0]), nil
}

func (d door) admit(id identity) error {
	who, err := d.find(id)
	name := ""
	if err == nil {
		name = who.Name
		if !who.Roles.Any(d.roles) {
			err = errors.New("the client " + name + " has no role for this address: " + id.String())
		}
	}
	if err != nil {
		d.journal.raise(context.Background(), alarm{keystore.AuditClient, name, "turned away"}, err.Error())
	}
	return err
}

// caller is what a call knows of its connection.
type caller struct {
	credentials.CommonAuthInfo
	identity
	chain   []*x509.Certificate     // what it showed; none without TLS
	checked *atomic.Pointer[rights] // the last rights under which the chain was trusted
}

// AuthType implements credentials.AuthInfo.
func (caller) AuthType() string { return "mintmark" }

func (d door) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, id, chain, err := d.greet(raw)
	if err != nil {
		level := slog.LevelWarn
		if errors.Is(err, io.EOF) {
			level = slog.LevelDebug // a probe of the port, not an attempt
		}
		d.log.Log(context.Background(), level, "connection refused", "peer", raw.RemoteAddr().String(), "error", err)
		return nil, nil, err
	}
	return conn, caller{credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}, id, chain, new(atomic.Pointer[rights])}, nil
}

func (d door) greet(raw net.Conn) (net.Conn, identity, []*x509.Certificate, error) {
	if d.TransportCredentials != nil {
		conn, info, err := d.TransportCredentials.ServerHandshake(raw)
		if err != nil {
			return nil, identity{}, nil, err
		}
		tlsInfo, ok := info.(credentials.TLSInfo)
		if !ok {
			return nil, identity{}, nil, errors.Join(errors.New("the handshake says nothing about the client"), conn.Close())
		}
		id, err := tlsIdentity(tlsInfo.State)
		return conn, id, tlsInfo.State.PeerCertificates, err
	}
	var id identity
	if local, ok := raw.(*net.UnixConn); ok {
		var err error
		if id, err = socketIdentity(local); err != nil {
			return nil, identity{}, nil, err
		}
	}
	return raw, id, nil, d.admit(id)
}

// Info implements credentials.TransportCredentials.
func (d door) Info() credentials.ProtocolInfo {
	if d.TransportCredentials != nil {
		return d.TransportCredentials.Info()
	}
	return credentials.ProtocolInfo{SecurityProtocol: "local"}
}

// ClientHandshake implements credentials.TransportCredentials: we call nobody.
func (door) ClientHandshake(context.Context, string, net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.New("this is the side that listens")
}

// Clone implements credentials.TransportCredentials. Nothing in it changes.
func (d door) Clone() credentials.TransportCredentials { return d }

var _ credentials.TransportCredentials = door{}
