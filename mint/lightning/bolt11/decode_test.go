package bolt11

import (
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/bech32"
	"gitlab.com/yawning/secp256k1-voi/secec"
)

// example is what all examples of the specification share.
func example(t testing.TB) Invoice {
	return Invoice{
		Network:       Mainnet,
		Timestamp:     time.Unix(exampleTime, 0).UTC(),
		Expiry:        time.Hour,
		PaymentHash:   hash(t, exampleHash),
		PaymentSecret: hash(t, exampleSecret),
		MinFinalCLTV:  18,
		Features:      []int{8, 14},
		Payee:         [33]byte(unhex(t, examplePayee)),
	}
}

func TestExamplesOfTheSpecificationAreRead(t *testing.T) {
	t.Parallel()
	with := func(change func(*Invoice)) Invoice {
		v := example(t)
		change(&v)
		return v
	}
	cake := hash(t, cakeHash)
	cakes := func(v *Invoice) { v.AmountMsat = 2_000_000_000; v.DescriptionHash = &cake }
	beans := with(func(v *Invoice) {
		v.AmountMsat, v.Description, v.Features = 2_500_000_000, "coffee beans", []int{8, 14, 99}
	})
	for name, tc := range map[string]struct {
		invoice string
		want    Invoice
	}{
		"a donation of any amount": {exampleDonation, with(func(v *Invoice) {
			v.Description = "Please consider supporting this project"
		})},
		"a coffee within a minute": {exampleCoffee, with(func(v *Invoice) {
			v.AmountMsat, v.Description, v.Expiry = 250_000_000, "1 cup coffee", time.Minute
		})},
		"a description in Japanese": {exampleNonsense, with(func(v *Invoice) {
			v.AmountMsat, v.Description, v.Expiry = 250_000_000, "ナンセンス 1杯", time.Minute
		})},
		"a hashed description": {exampleList, with(cakes)},
		"testnet": {exampleTestnet, with(func(v *Invoice) {
			cakes(v)
			v.Network = Testnet
		})},
		"extra routing":   {exampleRoute, with(cakes)},
		"P2SH fallback":   {exampleP2SH, with(cakes)},
		"P2WPKH fallback": {exampleP2WPKH, with(cakes)},
		"P2WSH fallback":  {exampleP2WSH, with(cakes)},
		"an amount in pico": {examplePico, with(func(v *Invoice) {
			v.AmountMsat, v.Timestamp = 967_878_534, time.Unix(1572468703, 0).UTC()
			v.PaymentHash = hash(t, "462264ede7e14047e9b249da94fefc47f41f7d02ee9b091815a5506bc8abf75f")
			v.Description = `Blockstream Store: 88.85 USD for Blockstream Ledger Nano S x 1, "Back In My Day" Sticker x 2, "I Got Lightning Working" Sticker x 2 and 1 more items`
			v.Expiry, v.MinFinalCLTV = 604800*time.Second, 10
		})},
		"an unknown odd feature":    {exampleBeans, beans},
		"upper case":                {strings.ToUpper(exampleBeans), beans},
		"fields that are to ignore": {exampleIgnored, beans},
		"metadata": {exampleMetadata, with(func(v *Invoice) {
			v.AmountMsat, v.Description, v.Features = 1_000_000_000, "payment metadata inside", []int{8, 14, 48}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Decode(tc.invoice)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
		})
	}
}

func TestAHighSignatureIsAcceptedWhenThePayeeIsRecovered(t *testing.T) {
	t.Parallel()
	// The example keeps the recovery id of the low signature, so it names
	// another node than the one that signed it.
	v, err := Decode(exampleHighS)
	if err != nil {
		t.Fatal(err)
	}
	if v.Payee == example(t).Payee || v.Payee == [33]byte{} {
		t.Errorf("payee is %x", v.Payee)
	}
}

func TestExamplesThatAreInvalidAreRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		invoice string
		want    error
	}{
		"an unknown even feature":  {badFeature, ErrUnknownFeature},
		"a wrong checksum":         {badChecksum, ErrMalformed},
		"no prefix":                {badPrefix, ErrMalformed},
		"mixed case":               {badCase, ErrMalformed},
		"no key can be recovered":  {badRecovery, ErrSignature},
		"too short":                {badShort, ErrMalformed},
		"an invalid multiplier":    {badMultiplier, ErrMalformed},
		"less than a millisatoshi": {badPrecision, ErrMalformed},
		"no payment secret":        {badNoSecret, ErrMalformed},
		"empty":                    {"", ErrMalformed},
		"too long":                 {strings.Repeat("q", MaxLength+1), ErrMalformed},
		"a scheme in front":        {"lightning:" + exampleDonation, ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Decode(tc.invoice); !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
		})
	}
}

// forge signs any prefix and fields, also those that Encode would not write.
// Each field is its type followed by its words. change may spoil the signature.
func forge(t *testing.T, prefix string, change func(sig []byte), parts ...[]byte) string {
	t.Helper()
	signed := make([]byte, timestampWords)
	for _, p := range parts {
		signed = append(signed, p[0], byte((len(p)-1)>>5), byte((len(p)-1)&31))
		signed = append(signed, p[1:]...)
	}
	digest, err := digestOf(prefix, signed)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := key(t, exampleKey).sign(digest)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(sig)
	}
	words, err := bytesToWords(sig)
	if err != nil {
		t.Fatal(err)
	}
	s, err := bech32.Encode(prefix, append(signed, words...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func part(t *testing.T, kind byte, b []byte) []byte {
	t.Helper()
	words, err := bytesToWords(b)
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte{kind}, words...)
}

func TestInvoicesThatCouldBeReadInTwoWaysAreRefused(t *testing.T) {
	t.Parallel()
	p, s := part(t, fieldPaymentHash, make([]byte, 32)), part(t, fieldPaymentSecret, make([]byte, 32))
	d, h := part(t, fieldDescription, []byte("tea")), part(t, fieldDescriptionHash, make([]byte, 32))
	if _, err := Decode(forge(t, "lnbcrt10n", nil, p, s, d)); err != nil {
		t.Fatalf("the base that the cases below change: %v", err)
	}
	padded := append([]byte{}, p...)
	padded[52] |= 1
	for name, tc := range map[string]struct {
		invoice string
		want    error
	}{
		"no payment hash":                  {forge(t, "lnbc", nil, s, d), ErrMalformed},
		"neither description nor hash":     {forge(t, "lnbc", nil, p, s), ErrMalformed},
		"both description and hash":        {forge(t, "lnbc", nil, p, s, d, h), ErrMalformed},
		"two payment hashes":               {forge(t, "lnbc", nil, p, p, s, d), ErrMalformed},
		"two empty descriptions":           {forge(t, "lnbc", nil, p, s, []byte{fieldDescription}, []byte{fieldDescription}), ErrMalformed},
		"a description that is not UTF-8":  {forge(t, "lnbc", nil, p, s, part(t, fieldDescription, []byte{0xff})), ErrMalformed},
		"padding that is not zero":         {forge(t, "lnbc", nil, padded, s, d), ErrMalformed},
		"an expiry of zero":                {forge(t, "lnbc", nil, p, s, d, []byte{fieldExpiry, 0}), ErrMalformed},
		"an expiry beyond all years":       {forge(t, "lnbc", nil, p, s, d, []byte{fieldExpiry, 1, 0, 0, 0, 0, 0, 0, 0}), ErrMalformed},
		"an expiry beyond 64 bits":         {forge(t, "lnbc", nil, p, s, d, append([]byte{fieldExpiry, 31}, make([]byte, 13)...)), ErrMalformed},
		"a CLTV delta beyond 64 bits":      {forge(t, "lnbc", nil, p, s, d, append([]byte{fieldMinFinalCLTV, 31}, make([]byte, 13)...)), ErrMalformed},
		"an amount with leading zeros":     {forge(t, "lnbc01m", nil, p, s, d), ErrMalformed},
		"an amount of zero":                {forge(t, "lnbc0m", nil, p, s, d), ErrMalformed},
		"an amount beyond 64 bits":         {forge(t, "lnbc99999999999999999999", nil, p, s, d), ErrMalformed},
		"an amount that overflows in msat": {forge(t, "lnbc184467441", nil, p, s, d), ErrMalformed},
		"an amount with two multipliers":   {forge(t, "lnbc1mm", nil, p, s, d), ErrMalformed},
		"an amount with a sign":            {forge(t, "lnbc1-1m", nil, p, s, d), ErrMalformed},
		"another chain":                    {forge(t, "lnltc1m", nil, p, s, d), ErrUnknownNetwork},
		"no chain":                         {forge(t, "ln1m", nil, p, s, d), ErrUnknownNetwork},
		"a payee who did not sign":         {forge(t, "lnbc", nil, p, s, d, part(t, fieldPayee, unhex(t, "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"))), ErrSignature},
		"a payee who is no point":          {forge(t, "lnbc", nil, p, s, d, part(t, fieldPayee, make([]byte, 33))), ErrSignature},
		"a high signature of a named payee": {
			forge(t, "lnbc", negateS(t), p, s, d, part(t, fieldPayee, unhex(t, examplePayee))), ErrSignature},
		"a recovery id of four": {forge(t, "lnbc", func(sig []byte) { sig[64] = 4 }, p, s, d), ErrSignature},
		"a signature of zeros":  {forge(t, "lnbc", func(sig []byte) { clear(sig) }, p, s, d), ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := Decode(tc.invoice)
			if !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
			if !reflect.DeepEqual(v, Invoice{}) {
				t.Errorf("a refused invoice came with contents: %+v", v)
			}
		})
	}
}

func negateS(t *testing.T) func([]byte) {
	return func(sig []byte) {
		r, s, v, err := secec.ParseCompactRecoverableSignature(sig)
		if err != nil {
			t.Error(err)
			return
		}
		copy(sig, secec.BuildCompactRecoverableSignature(r, s.Negate(s), v))
	}
}

func TestANamedPayeeIsCheckedWithoutTheRecoveryID(t *testing.T) {
	t.Parallel()
	for id := range byte(4) {
		s := forge(t, "lntbs1m", func(sig []byte) { sig[64] = id },
			part(t, fieldPaymentHash, make([]byte, 32)), part(t, fieldPaymentSecret, make([]byte, 32)),
			part(t, fieldDescription, nil), part(t, fieldPayee, unhex(t, examplePayee)))
		v, err := Decode(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(v.Payee[:]); got != examplePayee {
			t.Errorf("payee is %s", got)
		}
		if v.Network != Signet || v.AmountMsat != 100_000_000 {
			t.Errorf("network %s, amount %d", v.Network, v.AmountMsat)
		}
	}
}

func TestACutOffFieldIsRefused(t *testing.T) {
	t.Parallel()
	for _, words := range [][]byte{{1}, {1, 0}, {1, 0, 1}, {1, 31, 31, 0}} {
		if _, err := readFields(words); !errors.Is(err, ErrMalformed) {
			t.Errorf("%v: error %v", words, err)
		}
	}
}
