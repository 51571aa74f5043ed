package fake

import (
	"crypto/rand"
	"errors"
	"strings"

	"github.com/btcsuite/btcd/btcutil/base58"
	"github.com/btcsuite/btcd/btcutil/bech32"
)

// Addresses of this node are always those of a test chain, whatever its invoices
// say: nobody has the keys, and what somebody sends to one is lost.
const addressPrefix = "bcrt"

// newAddress makes an address to which nobody has the key (P2WPKH).
func newAddress() (string, error) {
	program := make([]byte, 20)
	rand.Read(program)
	words, err := bech32.ConvertBits(program, 8, 5, true)
	if err != nil {
		return "", err
	}
	return bech32.Encode(addressPrefix, append([]byte{0}, words...))
}

var errAddress = errors.New("not a bitcoin address")

// checkAddress accepts the forms of addresses, of any chain: like old invoices, old
// addresses are what wallets are tried out with.
func checkAddress(s string) error {
	if hrp, words, version, err := bech32.DecodeGeneric(s); err == nil {
		switch strings.ToLower(hrp) {
		case "bc", "tb", "bcrt":
		default:
			return errAddress
		}
		if len(words) == 0 {
			return errAddress
		}
		program, err := bech32.ConvertBits(words[1:], 5, 8, false)
		good := err == nil && (words[0] == 0 && version == bech32.Version0 && (len(program) == 20 || len(program) == 32) ||
			words[0] > 0 && words[0] <= 16 && version == bech32.VersionM && len(program) >= 2 && len(program) <= 40)
		if !good {
			return errAddress
		}
		return nil
	}
	payload, kind, err := base58.CheckDecode(s)
	if err != nil || len(payload) != 20 || kind != 0 && kind != 5 && kind != 111 && kind != 196 {
		return errAddress
	}
	return nil
}
