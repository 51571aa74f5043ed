package bolt11

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/btcsuite/btcd/btcutil/bech32"
)

// Lengths in words.
const (
	timestampWords = 7
	signatureWords = 104
	hashWords      = 52
	keyWords       = 53
	maxFieldWords  = 1023
)

// Decode reads an invoice in lower or upper case, without a URI scheme in front,
// and checks its signature. Beyond what BOLT 11 demands of a reader it refuses
// an invoice that repeats a field of which there may be one, or that has a
// description that is not UTF-8.
func Decode(s string) (Invoice, error) {
	if len(s) > MaxLength {
		return Invoice{}, fmt.Errorf("%w: longer than %d characters", ErrMalformed, MaxLength)
	}
	prefix, words, err := bech32.DecodeNoLimit(s)
	if err != nil {
		return Invoice{}, fmt.Errorf("%w: not bech32, or its checksum is wrong", ErrMalformed)
	}
	var v Invoice
	if err := v.readPrefix(prefix); err != nil {
		return Invoice{}, err
	}
	if len(words) < timestampWords+signatureWords {
		return Invoice{}, fmt.Errorf("%w: too short", ErrMalformed)
	}
	signed, signature := words[:len(words)-signatureWords], words[len(words)-signatureWords:]

	seconds, _ := wordsToInt(signed[:timestampWords]) // 35 bits always fit
	v.Timestamp = time.Unix(int64(seconds), 0).UTC()

	f, err := readFields(signed[timestampWords:])
	if err != nil {
		return Invoice{}, err
	}
	if err := v.setFields(f); err != nil {
		return Invoice{}, err
	}

	digest, err := digestOf(prefix, signed)
	if err != nil {
		return Invoice{}, err
	}
	sig, err := wordsToBytes(signature)
	if err != nil {
		return Invoice{}, err
	}
	v.Payee, err = payeeOf(digest, sig, f.payee)
	if err != nil {
		return Invoice{}, err
	}
	return v, nil
}

// readPrefix reads "ln", the network and the amount. No network contains a
// digit and every amount begins with one, so there is one way to split them.
func (v *Invoice) readPrefix(prefix string) error {
	rest, found := strings.CutPrefix(prefix, "ln")
	if !found {
		return fmt.Errorf("%w: does not begin with ln", ErrMalformed)
	}
	network, amount := rest, ""
	if i := strings.IndexAny(rest, "0123456789"); i >= 0 {
		network, amount = rest[:i], rest[i:]
	}
	v.Network = Network(network)
	if !v.Network.Known() {
		return ErrUnknownNetwork
	}
	var err error
	v.AmountMsat, err = readAmount(amount)
	return err
}

// digestOf is what the payee signs: the prefix and the data before the
// signature, filled with zeros to whole bytes.
func digestOf(prefix string, signed []byte) ([]byte, error) {
	b, err := padToBytes(signed)
	if err != nil {
		return nil, fmt.Errorf("regroup the signed part: %w", err)
	}
	sum := sha256.Sum256(append([]byte(prefix), b...))
	return sum[:], nil
}
