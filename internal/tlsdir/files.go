package tlsdir

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// clockSkew is how far a peer's clock may be behind when it first meets a new
// certificate.
const clockSkew = 5 * time.Minute

// missing tells whether a pair has to be made. Half a pair is an error: making
// the other half would not fit it.
func (g *generator) missing(certName, keyName string) (bool, error) {
	hasCert, err := exists(filepath.Join(g.Dir, certName))
	if err != nil {
		return false, err
	}
	hasKey, err := exists(filepath.Join(g.Dir, keyName))
	if err != nil {
		return false, err
	}
	if hasCert != hasKey {
		return false, fmt.Errorf("%s has only one of %s and %s: put the other back, or remove this one too", g.Dir, certName, keyName)
	}
	return !hasCert, nil
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// issue has the authority sign template for key and writes both files, the key
// first: a certificate without its key is the worse leftover.
func (g *generator) issue(template *x509.Certificate, key *ecdsa.PrivateKey, certName, keyName string) error {
	der, err := x509.CreateCertificate(rand.Reader, template, g.ca, key.Public(), g.signer)
	if err != nil {
		return err
	}
	if template == g.ca {
		// Later certificates name their issuer by what it says of itself.
		if g.ca, err = x509.ParseCertificate(der); err != nil {
			return err
		}
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := g.write(keyName, "PRIVATE KEY", private, 0o600); err != nil {
		return err
	}
	return g.write(certName, "CERTIFICATE", der, 0o644)
}

func (g *generator) write(name, kind string, der []byte, mode fs.FileMode) (err error) {
	path := filepath.Join(g.Dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			os.Remove(path) // ours, and useless
		}
	}()
	if err := pem.Encode(f, &pem.Block{Type: kind, Bytes: der}); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	g.written = append(g.written, path)
	return nil
}
