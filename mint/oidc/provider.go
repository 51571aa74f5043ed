package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	wellKnown = "/.well-known/openid-configuration"
	// maxDocument is what is read of an answer, maxKeys how many keys of it are
	// looked at. Providers have a few, with certificates.
	maxDocument = 256 << 10
	maxKeys     = 64
	// maxRSA is where verifying becomes expensive.
	minRSA, maxRSA = 2048, 8192
)

// provider is what was fetched.
type provider struct {
	issuer string
	keys   []jose.JSONWebKey // that can verify one of the algorithms
}

// fitting are the keys of this id that verify the algorithm. A token that names
// no key fits the only one that there is.
func (p provider) fitting(id string, alg jose.SignatureAlgorithm) (list []jose.JSONWebKey) {
	for _, k := range p.keys {
		if algorithmOf(k) == alg && (id == "" || k.KeyID == id) {
			list = append(list, k)
		}
	}
	if id == "" && len(list) > 1 {
		return nil
	}
	return list[:min(len(list), 4)] // of the same name, which should not be
}

// algorithmOf is the one algorithm that a key is for, whatever a token says; empty
// when it is for none of ours.
func algorithmOf(k jose.JSONWebKey) jose.SignatureAlgorithm {
	alg := jose.SignatureAlgorithm("")
	switch public := k.Key.(type) {
	case *ecdsa.PublicKey:
		if public.Curve == elliptic.P256() {
			alg = jose.ES256
		}
	case *rsa.PublicKey:
		if n := public.N.BitLen(); n >= minRSA && n <= maxRSA {
			alg = jose.RS256
		}
	}
	if k.Use != "" && k.Use != "sig" || k.Algorithm != "" && k.Algorithm != string(alg) {
		return ""
	}
	return alg
}

// CheckDiscovery says what is wrong with the address of a provider.
func CheckDiscovery(address string) error {
	if !strings.HasSuffix(address, wellKnown) {
		return fmt.Errorf("discovery address %q does not end with %s", address, wellKnown)
	}
	return checkAddress(address)
}

// checkAddress demands TLS, but on this machine: whoever could change what is
// fetched could log in as anybody.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("%q is not an address of a provider", address)
	}
	ip, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return fmt.Errorf("%q is not https", address)
	}
	return nil
}

// fetcher asks the provider, for a bounded time and a bounded answer.
type fetcher struct {
	discovery string
	client    *http.Client
}

func newFetcher(cfg Config) *fetcher {
	transport := cfg.Transport
	if transport == nil {
		transport = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: cfg.Timeout}).DialContext,
			TLSHandshakeTimeout:    cfg.Timeout,
			ForceAttemptHTTP2:      true,
			MaxIdleConns:           2,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: 32 << 10,
		}
	}
	return &fetcher{cfg.Discovery, &http.Client{
		Transport: transport,
		// Wherever a redirect leads, it is not where the operator said.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (f *fetcher) fetch(ctx context.Context) (provider, error) {
	var about struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := f.get(ctx, f.discovery, &about); err != nil {
		return provider{}, fmt.Errorf("asking the provider about itself: %w", err)
	}
	if strings.TrimSuffix(about.Issuer, "/")+wellKnown != f.discovery {
		return provider{}, fmt.Errorf("the provider calls itself %q, which is not where it was found", about.Issuer)
	}
	if err := checkAddress(about.Keys); err != nil {
		return provider{}, fmt.Errorf("the address of the provider's keys: %w", err)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := f.get(ctx, about.Keys, &set); err != nil {
		return provider{}, fmt.Errorf("asking the provider for its keys: %w", err)
	}
	p := provider{issuer: about.Issuer}
	for _, raw := range set.Keys[:min(len(set.Keys), maxKeys)] {
		var k jose.JSONWebKey
		// One key that we cannot read must not take the others away.
		if k.UnmarshalJSON(raw) == nil && k.IsPublic() && k.Valid() && algorithmOf(k) != "" {
			p.keys = append(p.keys, k)
		}
	}
	if len(p.keys) == 0 {
		return provider{}, errors.New("the provider has no key for ES256 or RS256")
	}
	return p, nil
}

func (f *fetcher) get(ctx context.Context, address string, v any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := f.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err != nil {
		return err
	}
	if len(body) > maxDocument {
		return fmt.Errorf("its answer is larger than %d bytes", maxDocument)
	}
	return json.Unmarshal(body, v)
}
