// Package seedfile is a seed, its words, and the file that it lies in, sealed or
// plain.
//
// It trusts the file system and age. It must never print a seed or a word of one,
// not in an error either, never replace a file that holds a seed by one that was
// not proved to open, and never read one that others can read.
package seedfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/tyler-smith/go-bip39"
)

const (
	mnemonicEntropy = 32 // bytes; gives 24 words
	minRawSeed      = 16 // bytes; the limits of BIP32
	maxRawSeed      = 64

	redacted = "[redacted]"
)

// ErrText: the text is neither a valid BIP39 mnemonic nor 16 to 64 bytes in
// hexadecimal. The message says what is wrong and never repeats the text.
var ErrText = errors.New("not a seed")

// Seed is the root of all keys: the bytes that BIP32 starts from. The zero value
// is no seed. Copies share the same memory; Wipe clears them all. Under every
// verb and encoding a Seed shows as [redacted].
type Seed struct{ box *seedBox }

// seedBox puts the bytes behind two pointers. In an unexported field of another
// struct fmt calls no method of Seed, and for a verb that does not fit, such as
// %s, it follows one pointer to show what is there; it never follows two.
type seedBox struct{ raw *[]byte }

// NewMnemonic makes a new seed of 256 bits from random (nil: the system's
// source) and returns its 24 BIP39 words, in English, with one space between
// them. The words are the only backup of the seed.
func NewMnemonic(random io.Reader) (words string, seed Seed, err error) {
	if random == nil {
		random = rand.Reader
	}
	entropy := make([]byte, mnemonicEntropy)
	defer clear(entropy)
	if _, err := io.ReadFull(random, entropy); err != nil {
		return "", Seed{}, fmt.Errorf("reading randomness for a new seed: %w", err)
	}
	words, err = bip39.NewMnemonic(entropy)
	if err != nil {
		return "", Seed{}, errors.New("turning randomness into words failed")
	}
	seed, err = FromMnemonic(words)
	return words, seed, err
}

// FromMnemonic turns 12, 15, 18, 21 or 24 English BIP39 words into the
// 64-byte seed of BIP39 with an empty passphrase, as CDK does. White space and
// upper case do not matter. Errors are ErrText.
func FromMnemonic(words string) (Seed, error) {
	words = canonical(words)
	// The library's errors quote the offending word; they are not passed on.
	switch _, err := bip39.EntropyFromMnemonic(words); {
	case errors.Is(err, bip39.ErrChecksumIncorrect):
		return Seed{}, fmt.Errorf("%w: the checksum of the words is wrong: a word is missing, changed or out of order", ErrText)
	case errors.Is(err, bip39.ErrInvalidMnemonic):
		return Seed{}, fmt.Errorf("%w: a mnemonic has 12, 15, 18, 21 or 24 words", ErrText)
	case err != nil:
		return Seed{}, fmt.Errorf("%w: a word is not in the English BIP39 list", ErrText)
	}
	return newSeed(bip39.NewSeed(words, "")), nil
}

// FromHex takes the raw bytes that BIP32 starts from: 32 to 128 hexadecimal
// characters. Errors are ErrText.
func FromHex(text string) (Seed, error) {
	raw, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return Seed{}, fmt.Errorf("%w: not hexadecimal", ErrText)
	}
	if len(raw) < minRawSeed || len(raw) > maxRawSeed {
		clear(raw)
		return Seed{}, fmt.Errorf("%w: %d bytes, a raw seed has %d to %d", ErrText, len(raw), minRawSeed, maxRawSeed)
	}
	return newSeed(raw), nil
}

// FromText takes whatever a seed file or an import file may hold: one word
// of hexadecimal, or a mnemonic. Errors are ErrText.
func FromText(text string) (Seed, error) {
	switch len(strings.Fields(text)) {
	case 0:
		return Seed{}, fmt.Errorf("%w: there is nothing in it", ErrText)
	case 1:
		return FromHex(text)
	default:
		return FromMnemonic(text)
	}
}

// canonical writes the text of a seed in its one form.
func canonical(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }

func newSeed(raw []byte) Seed { return Seed{box: &seedBox{raw: &raw}} }

// Bytes is the seed itself, not a copy, for deriving keys from and nothing else;
// nil when there is none.
func (s Seed) Bytes() []byte {
	if s.box == nil {
		return nil
	}
	return *s.box.raw
}

// IsZero tells whether there is no seed here: the zero value, or one wiped.
func (s Seed) IsZero() bool { return len(s.Bytes()) == 0 }

// Wipe overwrites the seed in memory, in all copies of this value. The open
// keystore does not need it any more.
func (s Seed) Wipe() {
	if s.box == nil {
		return
	}
	clear(*s.box.raw)
	*s.box.raw = nil
}

// String, GoString, Format, MarshalText, MarshalJSON and LogValue all show
// [redacted].
func (Seed) String() string   { return redacted }
func (Seed) GoString() string { return redacted }

func (Seed) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

func (Seed) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (Seed) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

func (Seed) LogValue() slog.Value { return slog.StringValue(redacted) }
