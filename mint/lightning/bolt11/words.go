package bolt11

import (
	"fmt"
	"math/bits"

	"github.com/btcsuite/btcd/btcutil/bech32"
)

// The data part of an invoice is a row of 5-bit words, one a byte here.

// wordsToBytes regroups words; the padding must be short and zero.
func wordsToBytes(words []byte) ([]byte, error) {
	b, err := bech32.ConvertBits(words, 5, 8, false)
	if err != nil {
		return nil, fmt.Errorf("%w: field is not padded with zeros to whole groups", ErrMalformed)
	}
	return b, nil
}

// padToBytes regroups words and fills the last byte with zeros.
func padToBytes(words []byte) ([]byte, error) {
	return bech32.ConvertBits(words, 5, 8, true)
}

// bytesToWords regroups bytes and fills the last word with zeros.
func bytesToWords(b []byte) ([]byte, error) {
	return bech32.ConvertBits(b, 8, 5, true)
}

// wordsToInt reads a big-endian number. Leading zeros are tolerated, though
// BOLT 11 asks writers to leave them out: some do not, the value is the same
// for every reader, and the signature covers them.
func wordsToInt(words []byte) (uint64, bool) {
	var n uint64
	for _, w := range words {
		if n>>(64-5) != 0 {
			return 0, false
		}
		n = n<<5 | uint64(w)
	}
	return n, true
}

// intToWords writes a big-endian number with no leading zero; zero is no word.
func intToWords(n uint64) []byte {
	count := (bits.Len64(n) + 4) / 5
	words := make([]byte, count)
	for i := count - 1; i >= 0; i-- {
		words[i] = byte(n & 31)
		n >>= 5
	}
	return words
}

// wordsToBits lists the set bits of a bit field, the last word being the
// lowest.
func wordsToBits(words []byte) []int {
	var set []int
	for i := range words {
		w := words[len(words)-1-i]
		for b := range 5 {
			if w>>b&1 == 1 {
				set = append(set, 5*i+b)
			}
		}
	}
	return set
}

// bitsToWords is the inverse of wordsToBits. set must be ascending and not
// negative.
func bitsToWords(set []int) []byte {
	if len(set) == 0 {
		return nil
	}
	words := make([]byte, set[len(set)-1]/5+1)
	for _, n := range set {
		words[len(words)-1-n/5] |= 1 << (n % 5)
	}
	return words
}
