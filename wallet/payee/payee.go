// Package payee tells what a text is that somebody was given to pay: an invoice, an
// offer, an address, something that invoices are asked for at. It decides before
// anything is sent to anybody.
//
// It must never let through what is money or a seed: a token or words that were
// pasted in the wrong place would otherwise be shown to every mint.
package payee

import (
	"errors"
	"net/url"
	"regexp"
	"strings"

	"mintmark/cashu/paymentrequest"
)

// Kind is what a text is.
type Kind string

const (
	Invoice  Kind = "bolt11"   // a Lightning invoice (NUT-23)
	Offer    Kind = "bolt12"   // a Lightning offer (NUT-25)
	Address  Kind = "onchain"  // a bitcoin address (NUT-30)
	Request  Kind = "creq"     // a Cashu payment request (NUT-18, NUT-26)
	Service  Kind = "lnurl"    // a Lightning address or an LNURL, where invoices are asked for
	Anything Kind = "anything" // for a method of payment that only the mint knows
)

// Payee is a text that can be paid.
type Payee struct {
	Kind Kind
	// Text is what goes to a mint; for a Service it is the URL to ask at, for a
	// Request the request.
	Text string
	// Msat is the amount that a bitcoin: URI states besides; 0: none.
	Msat uint64
}

// Errors of Parse. None quotes the text.
var (
	// ErrToken: it is ecash, which is received and not paid.
	ErrToken = errors.New("this is a token: it is money, and was shown to nobody")
	// ErrWords: it is, or looks like, the words of a seed.
	ErrWords = errors.New("this looks like the words of a seed: they were shown to nobody")
	// ErrUnknown: it is nothing that can be paid.
	ErrUnknown = errors.New("this is nothing that can be paid: an invoice (lnbc…), an offer (lno1…), a Lightning address (name@host), an LNURL, a bitcoin address or a payment request (creqA…, CREQB1…) is")
	// ErrService: the address of a service makes no sense.
	ErrService = errors.New("this Lightning address or LNURL makes no sense")
)

var (
	invoice = regexp.MustCompile(`^ln(bcrt|bc|tbs|tb|sb)([0-9]+[munp]?)?1[02-9ac-hj-np-z]+$`)
	offer   = regexp.MustCompile(`^lno1[02-9ac-hj-np-z+\s]+$`)
	segwit  = regexp.MustCompile(`^(bc|tb|bcrt|sb)1[02-9ac-hj-np-z]{8,90}$`)
	legacy  = regexp.MustCompile(`^[13mn2][1-9A-HJ-NP-Za-km-z]{25,39}$`)
	named   = regexp.MustCompile(`^[a-z0-9._+-]+@[a-zA-Z0-9.-]+(:[0-9]+)?$`)
	coins   = regexp.MustCompile(`(?i)cashu[ab][a-z0-9_-]`)
	words   = regexp.MustCompile(`^[\pL\pM]{2,}(\s+[\pL\pM]{2,}){5,}$`)
)

// Parse tells what a text is. method is the owner's own word for the method of
// payment: with it, a text that is not known here is left for the mint to judge.
func Parse(text, method string) (Payee, error) {
	text = strings.TrimSpace(text)
	if err := secret(text); err != nil {
		return Payee{}, err
	}
	if rest, ok := scheme(text, "lightning"); ok {
		text = rest
	}
	if rest, ok := scheme(text, "bitcoin"); ok {
		return fromURI(rest)
	}
	if method != "" {
		p, err := recognise(text)
		if err == nil && (string(p.Kind) == method) {
			return p, nil
		}
		return Payee{Kind: Anything, Text: text}, nil
	}
	return recognise(text)
}

// scheme takes "name:" or "name://" off, in any case.
func scheme(text, name string) (string, bool) {
	if len(text) <= len(name) || !strings.EqualFold(text[:len(name)+1], name+":") {
		return text, false
	}
	return strings.TrimPrefix(text[len(name)+1:], "//"), true
}

// secret refuses what must be shown to nobody.
func secret(text string) error {
	if coins.MatchString(text) { // also in a link, and also damaged
		return ErrToken
	}
	if words.MatchString(text) {
		return ErrWords
	}
	return nil
}

func recognise(text string) (Payee, error) {
	lower := strings.ToLower(text)
	switch {
	case invoice.MatchString(lower):
		return Payee{Kind: Invoice, Text: lower}, nil
	case offer.MatchString(lower):
		return Payee{Kind: Offer, Text: text}, nil
	case strings.HasPrefix(lower, "lnurl1"), lnurlScheme(lower):
		at, err := serviceURL(text)
		return Payee{Kind: Service, Text: at}, err
	case named.MatchString(text):
		at, err := addressURL(text)
		return Payee{Kind: Service, Text: at}, err
	case segwit.MatchString(lower):
		return Payee{Kind: Address, Text: lower}, nil
	case legacy.MatchString(text):
		return Payee{Kind: Address, Text: text}, nil
	}
	if _, err := paymentrequest.Parse(text); err == nil {
		return Payee{Kind: Request, Text: text}, nil
	} else if !errors.Is(err, paymentrequest.ErrNotARequest) {
		return Payee{}, err
	}
	return Payee{}, ErrUnknown
}

// fromURI reads what follows "bitcoin:" (BIP 21 and 321): Lightning is taken before
// the chain, which is slower and dearer.
func fromURI(text string) (Payee, error) {
	address, query, _ := strings.Cut(text, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return Payee{}, ErrUnknown
	}
	parameters := map[string]string{}
	for name, list := range values {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "req-") {
			return Payee{}, errors.New("this bitcoin: URI requires something that is not known here")
		}
		parameters[name] = list[0]
	}
	for _, name := range []string{"creq", "lightning", "lno"} {
		if given := parameters[name]; given != "" {
			if p, err := recognise(given); err == nil {
				return p, nil
			}
		}
	}
	p, err := recognise(address)
	if err != nil || p.Kind != Address {
		return Payee{}, ErrUnknown
	}
	if amount := parameters["amount"]; amount != "" {
		if p.Msat, err = bitcoins(amount); err != nil {
			return Payee{}, err
		}
	}
	return p, nil
}
