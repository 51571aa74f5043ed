package lnd

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// maxCredential bounds the files, which are some hundred bytes long.
const maxCredential = 64 << 10

// credentials are the files with which the node and the mint know each other. lnd
// renews its certificate, and an operator his macaroon, so they are read again when
// they change; a change that cannot be read leaves what was there.
type credentials struct {
	certFile, macaroonFile string

	mu   sync.Mutex
	now  access
	seen [2]stamp
}

// access is what a call needs.
type access struct {
	http     *http.Client // trusts the certificate
	macaroon string       // in hex
}

// stamp is when and how a file was written last.
type stamp struct {
	at   time.Time
	size int64
}

func stampOf(path string) (s stamp) {
	if info, err := os.Stat(path); err == nil {
		s = stamp{info.ModTime(), info.Size()}
	}
	return s
}

func (c *credentials) load() (access, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := [2]stamp{stampOf(c.certFile), stampOf(c.macaroonFile)}
	if c.now.http != nil && seen == c.seen {
		return c.now, nil
	}
	fresh, err := c.read()
	switch {
	case err == nil:
		c.drop()
		c.now, c.seen = fresh, seen
	case c.now.http == nil:
		return access{}, err
	}
	return c.now, nil
}

func (c *credentials) read() (access, error) {
	cert, err := readShort(c.certFile)
	if err != nil {
		return access{}, fmt.Errorf("certificate of the node: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(cert) {
		return access{}, fmt.Errorf("certificate of the node: %s holds no PEM certificate", c.certFile)
	}
	macaroon, err := readShort(c.macaroonFile)
	if err == nil && len(macaroon) == 0 {
		err = errors.New("is empty")
	}
	if err != nil {
		return access{}, fmt.Errorf("macaroon: %w", err)
	}
	// Every call has a connection of its own, by HTTP/1.1: whether a request has left
	// this process is then always known, and no old connection makes it doubtful. On a
	// node nearby that costs a millisecond.
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{
			RootCAs: roots, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(8),
		},
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		DisableKeepAlives:   true,
	}
	// The node leads nowhere else: a redirect would carry the macaroon away.
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return access{http: client, macaroon: hex.EncodeToString(macaroon)}, nil
}

func readShort(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxCredential {
		return nil, fmt.Errorf("%s is too long to be that", path)
	}
	return os.ReadFile(path)
}

func (c *credentials) drop() {
	if c.now.http != nil {
		c.now.http.CloseIdleConnections()
	}
}

func (c *credentials) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop()
}
