package curve

import "math/bits"

// Term is a weight times a point, one term of a sum. Both are known to everybody,
// or will be before they are of use to anybody.
type Term struct {
	Weight Weight
	Point  Affine // from Decompress, or a result of this package
}

// SumsVartime returns the sum of each list of terms; false when one of them is
// infinity. In variable time: public numbers and points only.
//
// A weight is two halves of half the length, the second for lambda times the point,
// and every half is written with odd digits that are mostly zero. So one short
// chain of doublings serves all points of a sum, and each costs two additions for
// every fifth bit (Strauss; GLV). The inversions are shared by all of the sums.
func SumsVartime(sums [][]Term) ([]Affine, bool) {
	n := 0
	for _, terms := range sums {
		n += len(terms)
	}
	factors := make([]factor, 0, 2*n)
	for _, terms := range sums {
		for i := range terms {
			for _, h := range terms[i].Weight.halves {
				factors = append(factors, factor{negative: h.negative})
				f := &factors[len(factors)-1]
				f.length = recode(&f.digits, &h.words)
			}
		}
	}
	fill(factors, sums)
	results := make([]jacobian, len(sums))
	for i, terms := range sums {
		results[i].addAll(factors[:2*len(terms)])
		factors = factors[2*len(terms):]
		if results[i].z.isZero() {
			return nil, false
		}
	}
	return encode(results), true
}

// factor is one half of a weight and what it multiplies.
type factor struct {
	table    [tableSize]flat // P, 3P, 5P and so on
	digits   [digitCount]int8
	length   int // of the digits
	negative bool
}

const (
	// width is how many bits a digit stands for: digits are odd and between
	// -2^(width-1) and 2^(width-1).
	width      = 4
	tableSize  = 1 << (width - 2)
	digitCount = 256 + 1
)

// beta is the cube root of one modulo p that belongs to lambda.
var beta = fe{0xc1396c28719501ee, 0x9cf0497512f58995, 0x6e64479eac3434e9, 0x7ae96a2b657c0710}

// fill makes the tables of all factors with one inversion. The order of a point is
// a prime that no multiple in a table divides, so no entry is infinity.
func fill(factors []factor, sums [][]Term) {
	all, entries := make([]jacobian, 0, len(factors)/2*tableSize), make([]flat, len(factors)/2*tableSize)
	for _, terms := range sums {
		for i := range terms {
			p := flat{feFromBytes((*[32]byte)(terms[i].Point[:32])), feFromBytes((*[32]byte)(terms[i].Point[32:]))}
			var next jacobian
			next.set(&p)
			twice := next
			twice.double()
			for range tableSize {
				all = append(all, next)
				next.add(&twice)
			}
		}
	}
	flatten(entries, all)
	for i := 0; i < len(factors); i += 2 {
		plain, turned := &factors[i], &factors[i+1]
		for j := range tableSize {
			q := entries[i/2*tableSize+j]
			plain.table[j] = q
			turned.table[j].x.mul(&q.x, &beta) // lambda*(x, y) = (beta*x, y)
			turned.table[j].y = q.y
		}
		plain.turn()
		turned.turn()
	}
}

// turn takes the sign of a half into its table.
func (f *factor) turn() {
	if !f.negative {
		return
	}
	for i := range f.table {
		f.table[i] = f.table[i].negated()
	}
}

// addAll makes infinity the sum of the factors.
func (p *jacobian) addAll(factors []factor) {
	length := 0
	for i := range factors {
		length = max(length, factors[i].length)
	}
	for at := length - 1; at >= 0; at-- {
		p.double()
		for i := range factors {
			f := &factors[i]
			switch d := f.digits[at]; {
			case d > 0:
				p.addFlat(&f.table[d/2])
			case d < 0:
				q := f.table[-d/2].negated()
				p.addFlat(&q)
			}
		}
	}
}

// recode writes a number, least significant word first, as the sum of
// digits[i]*2^i. Of width digits in a row at most one is not zero, and it is odd.
// It returns how many digits it needs.
func recode(digits *[digitCount]int8, words *[4]uint64) (length int) {
	top := 0
	for i, w := range words {
		if w != 0 {
			top = 64*i + bits.Len64(w)
		}
	}
	carry := uint64(0)
	for at := 0; at < top || carry != 0; {
		if bit(words, at) == carry {
			at++
			continue
		}
		n := min(width, digitCount-at)
		d := carry
		for i := range n {
			d += bit(words, at+i) << i
		}
		carry = d >> (width - 1) & 1
		digits[at] = int8(d) - int8(carry<<width)
		length = at + 1
		at += n
	}
	return length
}

func bit(words *[4]uint64, at int) uint64 {
	if at >= 256 {
		return 0
	}
	return words[at/64] >> (at % 64) & 1
}
