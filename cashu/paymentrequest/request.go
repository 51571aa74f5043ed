// Package paymentrequest is what a payee shows to a payer: how much, of which
// unit and mint, and where to send the token (NUT-18), as text in both forms, the
// CBOR one and the bech32m one that makes small QR codes (NUT-26).
//
// It is pure and trusts nothing that it reads. What a request asks for is for the
// payer to judge.
package paymentrequest

import (
	"errors"
	"fmt"
	"strings"

	"mintmark/cashu"
)

// Request asks for a payment. The zero value of a field is no wish.
type Request struct {
	ID          string       // returned with the payment
	Amount      cashu.Amount // in Unit; 0: the payer chooses
	Unit        cashu.Unit   // required with an amount
	SingleUse   bool
	Mints       []string // that the payee accepts; none: all
	Description string
	Transports  []Transport // in the order of preference; none: hand it over
	Lock        *Lock       // how the coins must be locked
}

// TransportKind says how a payment travels.
type TransportKind string

const (
	TransportPost  TransportKind = "post"  // HTTP POST of a Payload to Target
	TransportNostr TransportKind = "nostr" // a message to Target, an nprofile
)

// Transport is one way to hand the payment over.
type Transport struct {
	Kind   TransportKind
	Target string
	Tags   [][]string
}

// Lock is the spending condition that the payee wants (NUT-10).
type Lock struct {
	Kind string // "P2PK" or "HTLC"
	Data string
	Tags [][]string
}

// ErrNotARequest: the text is no payment request in any form that is known.
var ErrNotARequest = errors.New("this is not a payment request")

// errDamaged never repeats what it is about.
var errDamaged = fmt.Errorf("%w: it is damaged or cut off", ErrNotARequest)

// maxText is the most that is read: a request is shown as a QR code.
const maxText = 64 << 10

// Validate tells what no payer could make sense of.
func (r Request) Validate() error {
	if r.Amount != 0 && r.Unit == "" {
		return errors.New("a payment request over an amount needs a unit")
	}
	for _, t := range r.Transports {
		if t.Target == "" || t.Kind == "" {
			return errors.New("a way to pay needs a kind and a target")
		}
	}
	if r.Lock != nil && (r.Lock.Kind == "" || r.Lock.Data == "") {
		return errors.New("a lock needs a kind and data")
	}
	return nil
}

// Accepts tells whether the payee takes coins of the mint.
func (r Request) Accepts(mintURL string) bool {
	if len(r.Mints) == 0 {
		return true
	}
	for _, m := range r.Mints {
		if strings.TrimRight(m, "/") == strings.TrimRight(mintURL, "/") {
			return true
		}
	}
	return false
}

// Parse reads a request in either form, also from a cashu: or bitcoin: link.
func Parse(text string) (Request, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxText {
		return Request{}, fmt.Errorf("%w: it is too long", ErrNotARequest)
	}
	text = fromLink(text)
	switch {
	case hasPrefix(text, prefixCBOR):
		return parseCBOR(text[len(prefixCBOR):])
	case hasPrefix(text, hrp+"1"):
		return parseBech32(text)
	}
	return Request{}, ErrNotARequest
}

// fromLink takes a request out of cashu:REQUEST or bitcoin:…?creq=REQUEST
// (BIP 321).
func fromLink(text string) string {
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok {
		return text
	}
	switch strings.ToLower(scheme) {
	case "cashu":
		return strings.TrimPrefix(rest, "//")
	case "bitcoin":
		_, query, _ := strings.Cut(rest, "?")
		for pair := range strings.SplitSeq(query, "&") {
			if name, value, _ := strings.Cut(pair, "="); strings.EqualFold(name, "creq") {
				return value
			}
		}
	}
	return text
}

func hasPrefix(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}
