package cln

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode"
)

const (
	// maxAnswer bounds an answer of the node. An invoice has about a thousand bytes.
	maxAnswer = 16 << 20
	maxRune   = 4 << 10
	// maxText is the most of the node's words that are repeated.
	maxText = 200
)

// Codes of errors of the node that this package knows. Only those of pay that are
// listed as ends say what became of a payment.
const (
	codeDestination = 203 // the payee refuses
	codeNoRoute     = 205
	codeTooDear     = 206
	codeExpired     = 207
	codeWaitTimeout = 904

	codeNotAuthorized = 1501 // the rune is none of the node
	codeNotPermitted  = 1502 // the rune is, and does not permit this

	codeNoInvoice   = 905
	codeWrongStatus = 906
)

// nodeError is an error that the node itself answered with.
type nodeError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e nodeError) Error() string {
	return fmt.Sprintf("the node says %d: %s", e.Code, clean(e.Message))
}

// codeOf is the code of an error of the node, or 0.
func codeOf(err error) int {
	var e nodeError
	errors.As(err, &e)
	return e.Code
}

// client trusts the one certificate of the file and no other.
func (c Config) client() (*http.Client, error) {
	text, err := os.ReadFile(c.TLSCert)
	if err != nil {
		return nil, fmt.Errorf("reading the node's certificate: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", c.TLSCert)
	}
	if _, err := c.readRune(); err != nil {
		return nil, err
	}
	return &http.Client{
		Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, ServerName: c.ServerName},
			MaxIdleConnsPerHost: 8,
			IdleConnTimeout:     time.Minute,
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the rune stays here
	}, nil
}

// readRune reads the rune, so that another one can be put in its place.
func (c Config) readRune() (string, error) {
	file, err := os.Open(c.Rune)
	if err != nil {
		return "", fmt.Errorf("reading the rune: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("reading the rune: %w", err)
	}
	if info.Mode()&0o007 != 0 {
		return "", fmt.Errorf("reading the rune: %s can be read by everybody (chmod 600)", c.Rune)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxRune))
	if err != nil {
		return "", fmt.Errorf("reading the rune: %w", err)
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 || strings.ContainsFunc(string(text), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("reading the rune: %s holds none", c.Rune)
	}
	return string(text), nil
}

// call calls a method of the node. It waits as long as ctx.
func (b *Backend) call(ctx context.Context, method string, params map[string]any, result any) error {
	body, err := json.Marshal(params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	secret, err := b.cfg.readRune()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(b.cfg.URL, "/")+"/v1/"+method, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	req.Header.Set("Rune", secret)
	req.Header.Set("Content-Type", "application/json")
	answer, err := b.http.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", method, err)
	case len(text) > maxAnswer:
		return fmt.Errorf("%s: the answer is too long", method)
	case answer.StatusCode/100 != 2:
		return fmt.Errorf("%s: %w", method, readError(answer.StatusCode, text))
	}
	if err := json.Unmarshal(text, result); err != nil {
		return fmt.Errorf("%s: the answer is not what it should be: %w", method, err)
	}
	return nil
}

// quick is call within the deadline.
func (b *Backend) quick(ctx context.Context, method string, params map[string]any, result any) error {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Deadline)
	defer cancel()
	return b.call(ctx, method, params, result)
}

// readError reads an error of the node, which stands alone or within "error". What is
// neither came from somebody on the way.
func readError(status int, text []byte) error {
	var within struct {
		nodeError
		Error *nodeError `json:"error"`
	}
	if json.Unmarshal(text, &within) == nil {
		if within.Error != nil && within.Error.Code != 0 {
			return *within.Error
		}
		if within.Code != 0 {
			return within.nodeError
		}
	}
	return fmt.Errorf("HTTP status %d", status)
}

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
