package payee

import (
	"net/url"
	"strings"

	"github.com/btcsuite/btcd/btcutil/bech32"

	"mintmark/internal/address"
)

// addressURL is where invoices for name@host are asked for (LUD-16).
func addressURL(text string) (string, error) {
	name, host, _ := strings.Cut(text, "@")
	u := url.URL{Scheme: "https", Host: strings.ToLower(host), Path: "/.well-known/lnurlp/" + name}
	if plain(u.Hostname()) {
		u.Scheme = "http"
	}
	return checked(u.String())
}

// lnurlScheme tells whether a text begins with one of the schemes of LUD-17.
func lnurlScheme(lower string) bool {
	return strings.HasPrefix(lower, "lnurlp:") || strings.HasPrefix(lower, "keyauth:") || strings.HasPrefix(lower, "lnurlw:") || strings.HasPrefix(lower, "lnurlc:")
}

// serviceURL reads an LNURL: in bech32 (LUD-01), or as a URL with a scheme of its own
// (LUD-17).
func serviceURL(text string) (string, error) {
	if rest, ok := scheme(text, "lnurlp"); ok {
		u, err := url.Parse("https://" + rest)
		if err != nil {
			return "", ErrService
		}
		if plain(u.Hostname()) {
			u.Scheme = "http"
		}
		return checked(u.String())
	}
	prefix, groups, err := bech32.DecodeNoLimit(text)
	if err != nil || prefix != "lnurl" {
		return "", ErrService
	}
	decoded, err := bech32.ConvertBits(groups, 5, 8, false)
	if err != nil {
		return "", ErrService
	}
	return checked(string(decoded))
}

// checked refuses URLs that would be asked over a line that others can change.
func checked(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return "", ErrService
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !plain(u.Hostname())) {
		return "", ErrService
	}
	return u.String(), nil
}

// plain tells the hosts that plain HTTP is good enough for: hidden services, whose
// name is their key, and this machine.
func plain(host string) bool {
	return strings.HasSuffix(host, ".onion") || address.IsLoopback(host)
}
