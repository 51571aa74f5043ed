package paymentrequest

import (
	"errors"

	"github.com/btcsuite/btcd/btcutil/bech32"
)

// Names of people on Nostr: npub is a key, nprofile a key with the relays where
// its owner reads (NIP-19). Both are bech32, not bech32m.
const (
	nameKey     = "npub"
	nameProfile = "nprofile"

	profileKey   = 0
	profileRelay = 1

	nostrKeySize = 32
)

var errProfile = errors.New("the name on Nostr is not an npub or nprofile")

// parseProfile takes a name apart.
func parseProfile(name string) (key []byte, relays []string, err error) {
	kind, five, version, err := bech32.DecodeNoLimitWithVersion(name)
	if err != nil || version != bech32.Version0 {
		return nil, nil, errProfile
	}
	b, err := bech32.ConvertBits(five, 5, 8, false)
	if err != nil {
		return nil, nil, errProfile
	}
	switch kind {
	case nameKey:
		key = b
	case nameProfile:
		for len(b) >= 2 && len(b) >= 2+int(b[1]) {
			value := b[2 : 2+int(b[1])]
			switch b[0] {
			case profileKey:
				key = value
			case profileRelay:
				relays = append(relays, string(value))
			}
			b = b[2+len(value):]
		}
		if len(b) != 0 {
			return nil, nil, errProfile
		}
	}
	if len(key) != nostrKeySize {
		return nil, nil, errProfile
	}
	return key, relays, nil
}

// profile makes an nprofile.
func profile(key []byte, relays []string) (string, error) {
	if len(key) != nostrKeySize {
		return "", errProfile
	}
	b := append([]byte{profileKey, nostrKeySize}, key...)
	for _, relay := range relays {
		if len(relay) > 0xff {
			return "", errProfile
		}
		b = append(append(b, profileRelay, byte(len(relay))), relay...)
	}
	five, err := bech32.ConvertBits(b, 8, 5, true)
	if err != nil {
		return "", errProfile
	}
	return bech32.Encode(nameProfile, five)
}
