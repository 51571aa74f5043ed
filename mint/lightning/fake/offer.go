package fake

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/btcsuite/btcd/btcutil/bech32"

	"mintmark/mint/lightning/bolt11"
)

// An offer of BOLT 12, as far as this node needs one: it writes offers that wallets
// can read, and reads amount, description and end out of those that it is to pay. It
// cannot ask for an invoice or answer such a request, knows no paths, no quantities
// and no other currencies, and checks no more of an offer than its form. That is
// enough for a node that moves no money, and for no other.

// The fields of an offer that are read or written.
const (
	offerChains      = 2
	offerMetadata    = 4
	offerCurrency    = 6
	offerAmount      = 8
	offerDescription = 10
	offerFeatures    = 12
	offerExpiry      = 14
	offerPaths       = 16
	offerIssuer      = 18
	offerQuantity    = 20
	offerIssuerID    = 22

	offerPrefix = "lno"
	maxOffer    = 4096 // bytes
)

// offer is what this node reads out of an offer.
type offer struct {
	msat        uint64 // 0: the payer decides
	description string
	expires     time.Time // zero: never
	id          string    // names it; not the offer_id of BOLT 12
}

// newOffer writes an offer of a payee that does not exist. Its key is new, so that
// no two offers are the same.
func newOffer(msat uint64, description string, expires time.Time) (string, error) {
	key, err := bolt11.GenerateKey()
	if err != nil {
		return "", err
	}
	var b []byte
	if msat != 0 {
		b = appendTLV(b, offerAmount, truncated(msat))
	}
	if description != "" || msat != 0 {
		b = appendTLV(b, offerDescription, []byte(description))
	}
	if !expires.IsZero() {
		b = appendTLV(b, offerExpiry, truncated(uint64(expires.Unix())))
	}
	public := key.Public()
	b = appendTLV(b, offerIssuerID, public[:])
	words, err := bech32.ConvertBits(b, 8, 5, true)
	if err != nil {
		return "", err
	}
	text := []byte(offerPrefix + "1")
	for _, w := range words {
		text = append(text, charset[w])
	}
	return string(text), nil
}

const charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

var errOffer = errors.New("not an offer that this node can read")

// readOffer reads an offer: bech32 without checksum, fields in ascending order, none
// that must be understood and is not.
func readOffer(s string) (o offer, err error) {
	lower := strings.ToLower(s)
	if lower != s && strings.ToUpper(s) != s || len(s) > 2*maxOffer {
		return o, errOffer
	}
	// A + between characters joins lines.
	text, ok := strings.CutPrefix(strings.ReplaceAll(lower, "+", ""), offerPrefix+"1")
	if !ok {
		return o, errOffer
	}
	words := make([]byte, len(text))
	for i := range words {
		place := strings.IndexByte(charset, text[i])
		if place < 0 {
			return o, errOffer
		}
		words[i] = byte(place)
	}
	b, err := bech32.ConvertBits(words, 5, 8, false)
	if err != nil {
		return o, fmt.Errorf("%w: padding", errOffer)
	}
	sum := sha256.Sum256(b)
	o.id = hex.EncodeToString(sum[:])
	var payee bool
	for last := uint64(0); len(b) > 0; {
		var kind uint64
		var value []byte
		if kind, value, b, err = cutTLV(b); err != nil {
			return o, err
		}
		if kind <= last {
			return o, fmt.Errorf("%w: order of fields", errOffer)
		}
		last = kind
		switch kind {
		case offerAmount:
			o.msat, err = number(value)
		case offerDescription:
			o.description = string(value)
			if !utf8.Valid(value) {
				err = fmt.Errorf("%w: description", errOffer)
			}
		case offerExpiry:
			var seconds uint64
			if seconds, err = number(value); err == nil {
				o.expires = time.Unix(int64(min(seconds, 1<<40)), 0)
			}
		case offerIssuerID, offerPaths:
			payee = true
		case offerMetadata, offerFeatures, offerIssuer, offerQuantity:
		case offerChains, offerCurrency:
			err = fmt.Errorf("%w: another chain or currency", errOffer)
		default:
			if kind%2 == 0 {
				err = fmt.Errorf("%w: field %d", errOffer, kind)
			}
		}
		if err != nil {
			return o, err
		}
	}
	if !payee {
		return o, fmt.Errorf("%w: nobody to pay", errOffer)
	}
	return o, nil
}

// appendTLV writes a short field.
func appendTLV(b []byte, kind byte, value []byte) []byte {
	b = append(b, kind)
	if len(value) < 0xfd {
		b = append(b, byte(len(value)))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, 0xfd), uint16(len(value)))
	}
	return append(b, value...)
}

// cutTLV reads a field.
func cutTLV(b []byte) (kind uint64, value, rest []byte, err error) {
	if kind, b, err = cutSize(b); err != nil {
		return 0, nil, nil, err
	}
	n, b, err := cutSize(b)
	if err != nil || n > uint64(len(b)) {
		return 0, nil, nil, fmt.Errorf("%w: a field is cut off", errOffer)
	}
	return kind, b[:n], b[n:], nil
}

// cutSize reads a BigSize number, written as short as it can be.
func cutSize(b []byte) (uint64, []byte, error) {
	if len(b) == 0 {
		return 0, nil, fmt.Errorf("%w: cut off", errOffer)
	}
	width := map[byte]int{0xfd: 2, 0xfe: 4, 0xff: 8}[b[0]]
	if width == 0 {
		return uint64(b[0]), b[1:], nil
	}
	if len(b) < 1+width {
		return 0, nil, fmt.Errorf("%w: cut off", errOffer)
	}
	var n uint64
	for _, c := range b[1 : 1+width] {
		n = n<<8 | uint64(c)
	}
	if least := map[int]uint64{2: 0xfd, 4: 1 << 16, 8: 1 << 32}[width]; n < least {
		return 0, nil, fmt.Errorf("%w: a long number", errOffer)
	}
	return n, b[1+width:], nil
}

// truncated is a number without leading zeros, and number reads one.
func truncated(n uint64) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return bytes.TrimLeft(b[:], "\x00")
}

func number(b []byte) (n uint64, err error) {
	if len(b) > 8 || len(b) > 0 && b[0] == 0 {
		return 0, fmt.Errorf("%w: a number", errOffer)
	}
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n, nil
}
