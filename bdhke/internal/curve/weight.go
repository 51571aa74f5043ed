package curve

import (
	"encoding/binary"
	"math/bits"

	secp "gitlab.com/yawning/secp256k1-voi"
)

// Weight is a public number modulo the group order in the form a + b*lambda, where
// lambda is the cube root of one that multiplies a point for almost nothing:
// lambda*(x, y) = (beta*x, y).
type Weight struct{ halves [2]half }

// half is a number with a sign, least significant word first.
type half struct {
	words    [4]uint64
	negative bool
}

// ShortWeight is a + b*lambda. Different pairs are different numbers modulo the
// order: the shortest pair but (0, 0) that makes 0 has a number of more than 100
// bits. So random a and b make a weight with 128 bits of randomness, at half the
// doublings of other numbers of that size.
func ShortWeight(a, b uint64) Weight {
	return Weight{[2]half{{words: [4]uint64{a}}, {words: [4]uint64{b}}}}
}

// The numbers of the division below: 2^384 times the two small vectors of the
// lattice, over the order, and the vectors' second halves. They are those that
// libsecp256k1 derives, and only decide how short the halves are: any others would
// give right results, and slower.
var (
	divide1 = [4]uint64{0xe893209a45dbb031, 0x3daa8a1471e8ca7f, 0xe86c90e49284eb15, 0x3086d221a7d46bcd}
	divide2 = [4]uint64{0x1571b4ae8ac47f71, 0x221208ac9df506c6, 0x6f547fa90abfe4c4, 0xe4437ed6010e8828}

	minusB1     = number([4]uint64{0x6f547fa90abfe4c3, 0xe4437ed6010e8828})
	minusB2     = number([4]uint64{0xd765cda83db1562c, 0x8a280ac50774346d, 0xfffffffffffffffe, 0xffffffffffffffff})
	minusLambda = number([4]uint64{0xe0cfc810b51283cf, 0xa880b9fc8ec739c2, 0x5ad9e3fd77ed9ba4, 0xac9c52b33fa3cf1f})
)

// WeightVartime splits a public scalar into halves of some 128 bits (Gallant,
// Lambert, Vanstone).
func WeightVartime(s *Scalar) Weight {
	k := words(&s.v)
	c1, c2 := number(upper(&k, &divide1)), number(upper(&k, &divide2))
	var a, b, t secp.Scalar
	b.Add(t.Multiply(c1, minusB1), c2.Multiply(c2, minusB2))
	a.Add(&s.v, t.Multiply(&b, minusLambda))
	return Weight{[2]half{signed(&a), signed(&b)}}
}

// upper returns k*g / 2^384, rounded.
func upper(k, g *[4]uint64) [4]uint64 {
	var r [8]uint64
	for i := range k {
		var carry uint64
		for j := range g {
			h, l := bits.Mul64(k[i], g[j])
			var c uint64
			l, c = bits.Add64(l, r[i+j], 0)
			h += c
			r[i+j], c = bits.Add64(l, carry, 0)
			carry = h + c
		}
		r[i+4] = carry
	}
	l, c := bits.Add64(r[6], r[5]>>63, 0)
	return [4]uint64{l, r[7] + c}
}

// signed takes the shorter of s and -s.
func signed(s *secp.Scalar) half {
	if s.IsGreaterThanHalfN() == 1 {
		return half{words: words(new(secp.Scalar).Negate(s)), negative: true}
	}
	return half{words: words(s)}
}

func words(s *secp.Scalar) (w [4]uint64) {
	b := s.Bytes()
	for i := range w {
		w[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	return w
}

func number(w [4]uint64) *secp.Scalar {
	var b [32]byte
	for i := range w {
		binary.BigEndian.PutUint64(b[24-8*i:], w[i])
	}
	s, _ := secp.NewScalarFromBytes(&b)
	return s
}
