package tlsdir

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Request says which certificates to make.
type Request struct {
	// Dir receives the files. It is made, mode 0700, if it does not exist.
	Dir string
	// Hosts are the names and IP addresses under which clients reach the
	// server. Empty: localhost, 127.0.0.1 and ::1.
	Hosts []string
	// ClientName goes into the client's certificate, for logs and roles.
	// Empty: "mint".
	ClientName string
	// Validity of the server's and the client's certificate. 0 is one year.
	Validity time.Duration
	// AuthorityValidity is that of the authority. 0 is ten years.
	AuthorityValidity time.Duration
	// Clock; nil is time.Now.
	Clock func() time.Time
}

// dnsName is what a certificate can say and a verifier will match.
var dnsName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

func (r Request) withDefaults() Request {
	if len(r.Hosts) == 0 {
		r.Hosts = []string{"localhost", "127.0.0.1", "::1"}
	}
	if r.ClientName == "" {
		r.ClientName = "mint"
	}
	if r.Validity == 0 {
		r.Validity = 365 * 24 * time.Hour
	}
	if r.AuthorityValidity == 0 {
		r.AuthorityValidity = 10 * 365 * 24 * time.Hour
	}
	if r.Clock == nil {
		r.Clock = time.Now
	}
	return r
}

func (r Request) validate() error {
	var errs []error
	if r.Dir == "" {
		errs = append(errs, errors.New("no directory given"))
	}
	for _, h := range r.Hosts {
		if net.ParseIP(h) == nil && !dnsName.MatchString(h) {
			errs = append(errs, fmt.Errorf("%q is neither a host name nor an IP address", h))
		}
	}
	if !dnsName.MatchString(r.ClientName) {
		errs = append(errs, fmt.Errorf("client name %q: use letters, digits, dots and hyphens", r.ClientName))
	}
	if r.Validity < 0 || r.AuthorityValidity < 0 {
		errs = append(errs, errors.New("a certificate cannot end before it begins"))
	}
	return errors.Join(errs...)
}

// Generate makes what the directory lacks: an authority (ca.pem, ca.key), a
// server's certificate (server.pem, server.key) and a client's (client.pem,
// client.key). An authority that is there is used; no file is ever overwritten,
// so that to renew a certificate is to remove its two files first. It returns
// the paths of the files that it wrote.
//
// ca.key belongs on neither machine once the certificates are made: whoever has
// it can become the mint.
func Generate(r Request) ([]string, error) {
	r = r.withDefaults()
	if err := r.validate(); err != nil {
		return nil, fmt.Errorf("making certificates: %w", err)
	}
	if err := os.MkdirAll(r.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making certificates: %w", err)
	}
	g := generator{Request: r}
	for _, step := range []func() error{g.authority, g.server, g.client} {
		if err := step(); err != nil {
			return g.written, fmt.Errorf("making certificates: %w", err)
		}
	}
	return g.written, nil
}

type generator struct {
	Request
	ca      *x509.Certificate
	signer  crypto.Signer
	written []string
}

func (g *generator) authority() error {
	missing, err := g.missing(caCert, caKey)
	if err != nil {
		return err
	}
	if !missing {
		return g.loadAuthority()
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := g.Clock()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "mintmark authority"},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(g.AuthorityValidity),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true, // it signs peers, no further authorities
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	g.signer = key
	g.ca = template
	return g.issue(template, key, caCert, caKey)
}

func (g *generator) loadAuthority() error {
	_, pair, err := load(g.Dir, caCert, caKey)
	if err != nil {
		return fmt.Errorf("loading the authority: %w", err)
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || !pair.Leaf.IsCA {
		return fmt.Errorf("%s is not an authority", filepath.Join(g.Dir, caCert))
	}
	g.ca, g.signer = pair.Leaf, signer
	return nil
}

func (g *generator) server() error {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "signatory"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range g.Hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	return g.leaf(template, serverCert, serverKey)
}

func (g *generator) client() error {
	return g.leaf(&x509.Certificate{
		Subject:     pkix.Name{CommonName: g.ClientName},
		DNSNames:    []string{g.ClientName}, // roles look at this name, not at the subject
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, clientCert, clientKey)
}

func (g *generator) leaf(template *x509.Certificate, certName, keyName string) error {
	missing, err := g.missing(certName, keyName)
	if err != nil || !missing {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := g.Clock()
	template.NotBefore = now.Add(-clockSkew)
	template.NotAfter = now.Add(g.Validity)
	if template.NotAfter.After(g.ca.NotAfter) {
		template.NotAfter = g.ca.NotAfter // a leaf that outlives its authority only looks valid
	}
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageDigitalSignature
	return g.issue(template, key, certName, keyName)
}
