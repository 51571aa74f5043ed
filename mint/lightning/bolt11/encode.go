package bolt11

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/btcsuite/btcd/btcutil/bech32"
)

// Encode writes the invoice in lower case, signed with the key. The same invoice
// and key always give the same string. It reports everything that keeps v from
// being an invoice at once.
func Encode(v Invoice, key Key) (string, error) {
	if err := v.check(key); err != nil {
		return "", fmt.Errorf("encode invoice: %w", err)
	}
	prefix := "ln" + string(v.Network) + writeAmount(v.AmountMsat)
	signed, err := v.signedWords()
	if err != nil {
		return "", fmt.Errorf("encode invoice: %w", err)
	}
	digest, err := digestOf(prefix, signed)
	if err != nil {
		return "", fmt.Errorf("encode invoice: %w", err)
	}
	signature, err := key.sign(digest)
	if err != nil {
		return "", fmt.Errorf("encode invoice: %w", err)
	}
	words, err := bytesToWords(signature)
	if err != nil {
		return "", fmt.Errorf("encode invoice: %w", err)
	}
	s, err := bech32.Encode(prefix, append(signed, words...))
	if err != nil {
		return "", fmt.Errorf("encode invoice: %w", err)
	}
	return s, nil
}

func (v Invoice) check(key Key) error {
	var problems []error
	report := func(bad bool, text string) {
		if bad {
			problems = append(problems, errors.New(text))
		}
	}
	report(key.private == nil, "no key")
	report(key.private != nil && v.Payee != [33]byte{} && v.Payee != key.Public(), "the payee is not the key's owner")
	report(!v.Network.Known(), "unknown network")
	report(v.Timestamp.Unix() < 0 || v.Timestamp.Unix() >= 1<<(5*timestampWords), "timestamp out of range")
	report(v.Expiry < 0 || v.Expiry%time.Second != 0, "expiry is not a number of whole seconds")
	report(len(v.Description) > MaxDescription, "description is too long")
	report(!utf8.ValidString(v.Description), "description is not UTF-8")
	report(v.DescriptionHash != nil && v.Description != "", "description and its hash exclude each other")
	last := -1
	for _, bit := range v.Features {
		report(bit <= last || bit >= 5*maxFieldWords, "feature bits are not ascending and in range")
		last = bit
	}
	return errors.Join(problems...)
}

// signedWords writes the timestamp and the fields, in the order of the
// specification's examples.
func (v Invoice) signedWords() ([]byte, error) {
	words := make([]byte, timestampWords)
	seconds := intToWords(uint64(v.Timestamp.Unix()))
	copy(words[timestampWords-len(seconds):], seconds)

	var failed error
	field := func(kind byte, value []byte) {
		words = append(words, kind, byte(len(value)>>5), byte(len(value)&31))
		words = append(words, value...)
	}
	bytesField := func(kind byte, b []byte) {
		value, err := bytesToWords(b)
		failed = errors.Join(failed, err)
		field(kind, value)
	}
	bytesField(fieldPaymentSecret, v.PaymentSecret[:])
	bytesField(fieldPaymentHash, v.PaymentHash[:])
	if v.DescriptionHash != nil {
		bytesField(fieldDescriptionHash, v.DescriptionHash[:])
	} else {
		bytesField(fieldDescription, []byte(v.Description))
	}
	if v.Expiry != 0 && v.Expiry != DefaultExpiry {
		field(fieldExpiry, intToWords(uint64(v.Expiry/time.Second)))
	}
	if v.MinFinalCLTV != 0 && v.MinFinalCLTV != DefaultMinFinalCLTV {
		field(fieldMinFinalCLTV, intToWords(v.MinFinalCLTV))
	}
	if len(v.Features) > 0 {
		field(fieldFeatures, bitsToWords(v.Features))
	}
	return words, failed
}
