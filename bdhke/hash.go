package bdhke

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"mintmark/bdhke/internal/curve"
)

// ErrNoPoint says that no counter below 2^16 leads to a point. It is as likely
// as 2^16 coin tosses of heads in a row.
var ErrNoPoint = errors.New("hash to curve found no point")

const (
	hashDomain   = "Secp256k1_HashToCurve_Cashu_"
	hashAttempts = 1 << 16
)

// HashToCurve maps a message to a point whose discrete logarithm nobody knows
// (NUT-00). The message of a proof is the UTF-8 text of its secret, not the
// bytes that the text may spell in hex. The result has an even y.
//
// The number of attempts depends on the message, so the time tells something
// about it. In the mint a secret is public once it is presented; a wallet hashes
// its secrets on its own machine.
func HashToCurve(msg []byte) (Point, error) {
	h := sha256.New()
	h.Write([]byte(hashDomain))
	h.Write(msg)
	var in [sha256.Size + 4]byte
	h.Sum(in[:0])
	for ctr := range uint32(hashAttempts) {
		binary.LittleEndian.PutUint32(in[sha256.Size:], ctr)
		x := sha256.Sum256(in[:])
		if xy, ok := curve.Decompress(&x, false); ok {
			return Point{xy}, nil
		}
	}
	return Point{}, ErrNoPoint
}
