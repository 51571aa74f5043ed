// Package tlsdir makes and loads the directory of certificates with which a
// mint and its signatory know each other.
//
// The directory holds ca.pem and one or both of server.pem with server.key and
// client.pem with client.key, the names that the Cashu Development Kit uses.
// The package trusts the one authority in ca.pem and no other: the system's
// roots are never consulted. It must never accept a peer without a certificate
// of that authority, nor anything older than TLS 1.3, nor a private key that
// everybody can read.
package tlsdir

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The files of the directory.
const (
	caCert     = "ca.pem"
	caKey      = "ca.key" // only where certificates are made
	serverCert = "server.pem"
	serverKey  = "server.key"
	clientCert = "client.pem"
	clientKey  = "client.key"
)

// maxKeySize is far more than a private key needs.
const maxKeySize = 64 << 10

// ErrKeyReadable: everybody on the machine can read a private key.
var ErrKeyReadable = errors.New("private key can be read by everybody (chmod 600)")

// Server loads what the side that listens needs: ca.pem, server.pem and
// server.key. The result requires a client certificate of the authority.
func Server(dir string) (*tls.Config, error) {
	pool, cert, err := load(dir, serverCert, serverKey)
	if err != nil {
		return nil, fmt.Errorf("loading server certificates: %w", err)
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{cert},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool,
		// Connections live long: a resumed session saves nothing here and
		// would outlive the certificate that it was made with.
		SessionTicketsDisabled: true,
	}, nil
}

// Client loads what the side that calls needs: ca.pem, client.pem and
// client.key. The result accepts only a server whose certificate carries
// serverName, a host name or an IP address.
func Client(dir, serverName string) (*tls.Config, error) {
	if serverName == "" {
		return nil, errors.New("loading client certificates: no server name to check")
	}
	pool, cert, err := load(dir, clientCert, clientKey)
	if err != nil {
		return nil, fmt.Errorf("loading client certificates: %w", err)
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{cert},
		RootCAs:      pool,
		ServerName:   serverName,
	}, nil
}

// AuthorityEnds is when the first of the authorities in ca.pem ends.
func AuthorityEnds(dir string) (time.Time, error) {
	text, err := os.ReadFile(filepath.Join(dir, caCert))
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the authority: %w", err)
	}
	var first time.Time
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			continue // load leaves it out, too
		}
		if first.IsZero() || cert.NotAfter.Before(first) {
			first = cert.NotAfter
		}
	}
	if first.IsZero() {
		return first, fmt.Errorf("reading the authority: %s holds no certificate", filepath.Join(dir, caCert))
	}
	return first, nil
}

func load(dir, certName, keyName string) (*x509.CertPool, tls.Certificate, error) {
	none := tls.Certificate{}
	authority, err := os.ReadFile(filepath.Join(dir, caCert))
	if err != nil {
		return nil, none, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, none, fmt.Errorf("%s holds no certificate", filepath.Join(dir, caCert))
	}
	chain, err := os.ReadFile(filepath.Join(dir, certName))
	if err != nil {
		return nil, none, err
	}
	key, err := readKey(filepath.Join(dir, keyName))
	if err != nil {
		return nil, none, err
	}
	cert, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, none, fmt.Errorf("%s with %s: %w", filepath.Join(dir, certName), keyName, err)
	}
	return pool, cert, nil
}

// readKey refuses a key that the whole machine can read. A group may: that is
// how containers hand out secrets.
func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode()&0o007 != 0 {
		return nil, &fs.PathError{Op: "reading", Path: path, Err: ErrKeyReadable}
	}
	return io.ReadAll(io.LimitReader(f, maxKeySize))
}
