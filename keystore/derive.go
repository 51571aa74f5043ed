package keystore

import (
	"errors"

	"mintmark/internal/bip32"
	"mintmark/internal/seedfile"
)

// purpose is the first step of every path: the number of Cashu (NUT-13,
// nuts#250). All steps of the keystore are hardened.
const purpose = 129372

// masterNode is the BIP32 master of the seed.
func masterNode(seed seedfile.Seed) (*bip32.Node, error) {
	if seed.IsZero() {
		return nil, errors.New("there is no seed")
	}
	return bip32.Master(seed.Bytes())
}
