package payee_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/bech32"

	"mintmark/wallet/payee"
)

const (
	anInvoice = "lnbc20u1p3y0x3hpp5743k2g0fsqqxj7n8qzuhns5gmkk4djeejk3wkp64ppevgekvc0jsdqcve5kzar2v9nr5gpqd4hkuetesp5ez2g297jduwc20t6lmqlsg3man0vf2jfd8ar9fh8fhn2g8yttfkqxqy9gcqcqzys9qrsgqrzjqtx3k77yrrav9hye7zar2rtqlfkytl094dsp0ms5majzth6gt7ca6uhdkxl983uywgqqqqlgqqqvx5qqjqrzjqd98kxkpyw0l9tyy8r8q57k7zpy9zjmh6sez752wj6gcumqnj3yxzhdsmg6qq56utgqqqqqqqqqqqeqqjq7jd56882gtxhrjm03c93aacyfy306m4fq0tskf83c0nmet8zc2lxyyg3saz8x6vwcp26xnrlagf9semau3qm2glysp7sv95693fphvsp54l567"
	anAddress = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
	anOffer   = "lno1pqps7sjqpgtyzm3qv4uxzmtsd3jjqer9wd3hy6tsw35k7msjzfpy7nz5yqcnygrfdej82um5wf5k2uckyypwa3eyt44h6txtxquqh7lz5djge4afgfjn7k4rgrkuag0jsd5xvxg"
)

func TestWhatATextIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text, method string
		want         payee.Payee
	}{
		"an invoice":                        {text: anInvoice, want: payee.Payee{Kind: payee.Invoice, Text: anInvoice}},
		"an invoice in capitals":            {text: strings.ToUpper(anInvoice), want: payee.Payee{Kind: payee.Invoice, Text: anInvoice}},
		"an invoice in a link":              {text: "LIGHTNING:" + strings.ToUpper(anInvoice), want: payee.Payee{Kind: payee.Invoice, Text: anInvoice}},
		"an invoice of regtest, no amount":  {text: "lnbcrt1p3y0x3hpp5743k2g0fsqq", want: payee.Payee{Kind: payee.Invoice, Text: "lnbcrt1p3y0x3hpp5743k2g0fsqq"}},
		"an offer":                          {text: anOffer, want: payee.Payee{Kind: payee.Offer, Text: anOffer}},
		"a segwit address":                  {text: anAddress, want: payee.Payee{Kind: payee.Address, Text: anAddress}},
		"an old address":                    {text: "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", want: payee.Payee{Kind: payee.Address, Text: "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"}},
		"a Lightning address":               {text: "lunch@pay.Example.org", want: payee.Payee{Kind: payee.Service, Text: "https://pay.example.org/.well-known/lnurlp/lunch"}},
		"one of a hidden service":           {text: "lunch@abc.onion", want: payee.Payee{Kind: payee.Service, Text: "http://abc.onion/.well-known/lnurlp/lunch"}},
		"LNURL":                             {text: lnurl(t, "https://service.example/u?q=3fc3"), want: payee.Payee{Kind: payee.Service, Text: "https://service.example/u?q=3fc3"}},
		"LNURL in capitals, in a link":      {text: "lightning:" + strings.ToUpper(lnurl(t, "https://service.example/u")), want: payee.Payee{Kind: payee.Service, Text: "https://service.example/u"}},
		"LNURL as a URL":                    {text: "lnurlp://service.example/u", want: payee.Payee{Kind: payee.Service, Text: "https://service.example/u"}},
		"bitcoin: with Lightning":           {text: "bitcoin:" + anAddress + "?amount=0.00002&lightning=" + anInvoice, want: payee.Payee{Kind: payee.Invoice, Text: anInvoice}},
		"bitcoin: with an address alone":    {text: "BITCOIN:" + anAddress + "?amount=0.00002&label=x", want: payee.Payee{Kind: payee.Address, Text: anAddress, Msat: 2_000_000}},
		"bitcoin: with an offer alone":      {text: "bitcoin:?lno=" + anOffer, want: payee.Payee{Kind: payee.Offer, Text: anOffer}},
		"something of a mint's own":         {text: "IBAN DE02 1234", method: "sepa", want: payee.Payee{Kind: payee.Anything, Text: "IBAN DE02 1234"}},
		"an invoice and its method":         {text: anInvoice, method: "bolt11", want: payee.Payee{Kind: payee.Invoice, Text: anInvoice}},
		"an invoice for a method like none": {text: anInvoice, method: "special", want: payee.Payee{Kind: payee.Anything, Text: anInvoice}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := payee.Parse(" "+c.text+"\n", c.method)
			if err != nil || got != c.want {
				t.Errorf("%+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestWhatIsMoneyOrASeedIsNotPaid(t *testing.T) {
	t.Parallel()
	const seed = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"
	for _, c := range []struct {
		name, text, method string
		want               error
	}{
		{"a token", "cashuBo2F0gqJhaUgA_9SLj17PgGFwgaNhYQFhc3hA", "", payee.ErrToken},
		{"a damaged one", "cashuAeyJ0b2tlbiI6W3", "", payee.ErrToken},
		{"one in a link", "cashu:cashuBo2F0gqJhaUgA_9SLj17PgGFwgaNhYQFhc3hA", "", payee.ErrToken},
		{"one on a page", "https://wallet.example/?token=cashuAeyJ0b2tlbiI6W3", "", payee.ErrToken},
		{"one for a method of the mint's own", "cashuBo2F0gqJhaUgA_9SLj17PgG", "special", payee.ErrToken},
		{"words", seed, "", payee.ErrWords},
		{"words, for a method", strings.ReplaceAll(seed, " ", "\n"), "special", payee.ErrWords},
		{"words of another language", "ábaco abdomen abeja abierto abogado abono aborto abrazo abrir abuelo abuso acabar", "", payee.ErrWords},
		{"a private key", "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss", "", payee.ErrUnknown},
		{"hex", strings.Repeat("ab", 32), "", payee.ErrUnknown},
		{"nothing", "", "", payee.ErrUnknown},
		{"a page", "https://service.example/", "", payee.ErrUnknown},
		{"LNURL of a service without TLS", lnurl(t, "http://service.example/u"), "", payee.ErrService},
		{"LNURL, damaged", lnurl(t, "https://service.example/u") + "q", "", payee.ErrService},
		{"LNURL to withdraw", "lnurlw://service.example/u", "", payee.ErrService},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := payee.Parse(c.text, c.method)
			if !errors.Is(err, c.want) {
				t.Fatalf("%+v, %v; want %v", got, err, c.want)
			}
			if c.text != "" && strings.Contains(err.Error(), c.text) {
				t.Error("the error repeats it")
			}
		})
	}
	for _, text := range []string{"bitcoin:" + anAddress + "?req-new=1", "bitcoin:" + anAddress + "?amount=x", "bitcoin:" + anAddress + "?amount=0", "bitcoin:nothing"} {
		if got, err := payee.Parse(text, ""); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func lnurl(t *testing.T, at string) string {
	t.Helper()
	groups, err := bech32.ConvertBits([]byte(at), 8, 5, true)
	if err != nil {
		t.Fatal(err)
	}
	text, err := bech32.Encode("lnurl", groups)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{anInvoice, anOffer, "bitcoin:" + anAddress + "?amount=1", "a@b.c", "lnurlp://x/y", "creqA"} {
		f.Add(seed, "")
	}
	f.Fuzz(func(t *testing.T, text, method string) {
		p, err := payee.Parse(text, method)
		if err == nil && p.Text == "" && p.Kind != payee.Anything {
			t.Errorf("%q is a %s without a text", text, p.Kind)
		}
		if err == nil && strings.Contains(text, "cashuBo2") {
			t.Error("a token went through")
		}
	})
}
