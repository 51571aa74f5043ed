package curve

// Weight is the number w[0] + w[1]*lambda, where lambda is the cube root of one
// modulo the group order that the curve computes for almost nothing:
// lambda*(x, y) = (beta*x, y). Different weights are different numbers, because no
// difference of two of them is 0 modulo the order: the shortest a + b*lambda that
// is has an a or b of 126 bits. So random weights have 128 bits of randomness, and
// half as many doublings as other numbers of that size.
type Weight [2]uint64

// beta is the cube root of one modulo p that belongs to lambda.
var beta = fe{0xc1396c28719501ee, 0x9cf0497512f58995, 0x6e64479eac3434e9, 0x7ae96a2b657c0710}

// SumVartime returns the sum of weights[i]*points[i], as many of the one as of the
// other; false when it is infinity. In variable time: for weights that anybody may
// know in the end, and points from Decompress only.
//
// Every half of a weight is written with odd digits that are mostly zero. So one
// chain of doublings serves all points, and each costs two additions for every
// fifth bit (Strauss; GLV).
func SumVartime(weights []Weight, points []Affine) (Affine, bool) {
	n := len(points)
	tables := make([]table, 2*n)
	multiples(tables, points)
	digits := make([][digitCount]int8, 2*n)
	for i, w := range weights {
		recode(&digits[2*i], w[0])
		recode(&digits[2*i+1], w[1])
	}
	var sum jacobian
	for at := digitCount - 1; at >= 0; at-- {
		sum.double()
		for i := range digits {
			switch d := digits[i][at]; {
			case d > 0:
				sum.addFlat(&tables[i][d/2])
			case d < 0:
				q := tables[i][-d/2].negated()
				sum.addFlat(&q)
			}
		}
	}
	return sum.affine()
}

const (
	// width is how many bits a digit stands for: digits are odd and between
	// -2^(width-1) and 2^(width-1).
	width      = 4
	tableSize  = 1 << (width - 2)
	digitCount = 64 + 1
)

// table is P, 3P, 5P and so on.
type table [tableSize]flat

// multiples fills a table for each point, and one for lambda times that point. The
// order of P is a prime that none of the factors divides, so no entry is infinity.
func multiples(tables []table, points []Affine) {
	all, entries := make([]jacobian, 0, len(points)*tableSize), make([]flat, len(points)*tableSize)
	for i := range points {
		p := flat{feFromBytes((*[32]byte)(points[i][:32])), feFromBytes((*[32]byte)(points[i][32:]))}
		var next jacobian
		next.set(&p)
		twice := next
		twice.double()
		for range tableSize {
			all = append(all, next)
			next.add(&twice)
		}
	}
	flatten(entries, all)
	for i := range points {
		tables[2*i] = table(entries[i*tableSize:])
		for j, q := range tables[2*i] {
			q.x.mul(&q.x, &beta)
			tables[2*i+1][j] = q
		}
	}
}

// recode writes k as the sum of digits[i]*2^i. Of width digits in a row at most one
// is not zero, and it is odd.
func recode(digits *[digitCount]int8, k uint64) {
	for i := 0; k != 0; i++ {
		if k&1 == 1 {
			d := int8(k<<(8-width)) >> (8 - width) // the lowest bits, signed
			digits[i] = d
			k = k>>1 - uint64(int64(d>>1)) // (k - d)/2, which may not fit before it is halved
		} else {
			k >>= 1
		}
	}
}
