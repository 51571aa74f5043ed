package bolt11

import (
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// Types of the tagged fields, by their letter in the bech32 alphabet.
const (
	fieldPaymentHash     = 1  // p
	fieldFeatures        = 5  // 9
	fieldExpiry          = 6  // x
	fieldDescription     = 13 // d
	fieldPaymentSecret   = 16 // s
	fieldPayee           = 19 // n
	fieldDescriptionHash = 23 // h
	fieldMinFinalCLTV    = 24 // c
)

// maxExpiry is the most seconds that a time.Duration holds: 292 years.
const maxExpiry = math.MaxInt64 / uint64(time.Second)

// Even feature bits that Decode accepts. They demand something of the paying
// node, which knows them or refuses the payment by itself.
var knownFeatures = [...]int{
	FeatureOnionRequired,
	FeaturePaymentSecretRequired,
	16, // multi-part payments
	24, // blinded routes
	36, // attributable failures
	48, // payment metadata
}

// fields holds the raw value of each field that Decode understands; nil is
// absent, and an empty field is not nil.
type fields struct {
	paymentHash, paymentSecret, payee  []byte // bytes
	description, descriptionHash       []byte // bytes
	expiry, minFinalCLTV, featureWords []byte // words
}

// readFields collects the known fields. A hash, secret or key of another length
// than the known one is skipped like an unknown field, as the specification's
// own example wants.
func readFields(words []byte) (fields, error) {
	var f fields
	for len(words) > 0 {
		if len(words) < 3 {
			return fields{}, fmt.Errorf("%w: field is cut off", ErrMalformed)
		}
		kind, length := words[0], int(words[1])<<5|int(words[2])
		words = words[3:]
		if length > len(words) {
			return fields{}, fmt.Errorf("%w: field is cut off", ErrMalformed)
		}
		if err := f.read(kind, words[:length]); err != nil {
			return fields{}, err
		}
		words = words[length:]
	}
	return f, nil
}

func (f *fields) read(kind byte, value []byte) error {
	switch kind {
	case fieldPaymentHash:
		return setBytes(&f.paymentHash, "payment hash", value, hashWords)
	case fieldPaymentSecret:
		return setBytes(&f.paymentSecret, "payment secret", value, hashWords)
	case fieldDescriptionHash:
		return setBytes(&f.descriptionHash, "description hash", value, hashWords)
	case fieldPayee:
		return setBytes(&f.payee, "payee", value, keyWords)
	case fieldDescription:
		return setBytes(&f.description, "description", value, len(value))
	case fieldExpiry:
		return setWords(&f.expiry, "expiry", value)
	case fieldMinFinalCLTV:
		return setWords(&f.minFinalCLTV, "final CLTV delta", value)
	case fieldFeatures:
		return setWords(&f.featureWords, "features", value)
	}
	return nil
}

func setBytes(dst *[]byte, name string, words []byte, length int) error {
	if len(words) != length {
		return nil
	}
	b, err := wordsToBytes(words)
	if err != nil {
		return err
	}
	return setWords(dst, name, b)
}

func setWords(dst *[]byte, name string, value []byte) error {
	if *dst != nil {
		return fmt.Errorf("%w: more than one %s", ErrMalformed, name)
	}
	*dst = append([]byte{}, value...)
	return nil
}

// setFields checks the fields against each other and takes their meaning.
func (v *Invoice) setFields(f fields) error {
	switch {
	case f.paymentHash == nil:
		return fmt.Errorf("%w: no payment hash", ErrMalformed)
	case f.paymentSecret == nil:
		return fmt.Errorf("%w: no payment secret", ErrMalformed)
	case (f.description == nil) == (f.descriptionHash == nil):
		return fmt.Errorf("%w: needs a description or the hash of one, and not both", ErrMalformed)
	case !utf8.Valid(f.description):
		return fmt.Errorf("%w: description is not UTF-8", ErrMalformed)
	}
	v.PaymentHash = [32]byte(f.paymentHash)
	v.PaymentSecret = [32]byte(f.paymentSecret)
	v.Description = string(f.description)
	if f.descriptionHash != nil {
		hash := [32]byte(f.descriptionHash)
		v.DescriptionHash = &hash
	}
	return v.setNumbers(f)
}

func (v *Invoice) setNumbers(f fields) error {
	v.Expiry = DefaultExpiry
	if f.expiry != nil {
		seconds, ok := wordsToInt(f.expiry)
		if !ok || seconds == 0 || seconds > maxExpiry {
			return fmt.Errorf("%w: expiry out of range", ErrMalformed)
		}
		v.Expiry = time.Duration(seconds) * time.Second
	}
	v.MinFinalCLTV = DefaultMinFinalCLTV
	if f.minFinalCLTV != nil {
		blocks, ok := wordsToInt(f.minFinalCLTV)
		if !ok {
			return fmt.Errorf("%w: final CLTV delta out of range", ErrMalformed)
		}
		if blocks != 0 { // whoever accepts none accepts the default
			v.MinFinalCLTV = blocks
		}
	}
	v.Features = wordsToBits(f.featureWords)
	for _, bit := range v.Features {
		if bit%2 == 0 && !isKnownFeature(bit) {
			return fmt.Errorf("%w: %d", ErrUnknownFeature, bit)
		}
	}
	return nil
}

func isKnownFeature(bit int) bool {
	for _, known := range knownFeatures {
		if bit == known {
			return true
		}
	}
	return false
}
