//go:build timing

package curve

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"mintmark/internal/timing"
)

// Does the time of an operation depend on its secret scalar? "make timing" asks,
// of both backends. None of these tests runs in parallel with another.

// fixedScalars are those that careless arithmetic treats in another way: few
// bits, many bits, zero words, a short one.
var fixedScalars = []struct{ name, hex string }{
	{"one", "0000000000000000000000000000000000000000000000000000000000000001"},
	{"order less one", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"},
	{"one high bit", "8000000000000000000000000000000000000000000000000000000000000000"},
	{"half zero", "00000000000000000000000000000000b1a2c3d4e5f60718293a4b5c6d7e8f91"},
	{"an ordinary one", "b1a2c3d4e5f60718293a4b5c6d7e8f9023456789abcdef0112233445566778f1"},
}

func secretScalar(t *testing.T, b [32]byte) *Scalar {
	t.Helper()
	s, err := NewScalar(&b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func somePoint(t *testing.T) *Element {
	t.Helper()
	return MulBase(secretScalar(t, sha256.Sum256([]byte("a point"))))
}

// sink keeps the compiler from dropping what is timed.
var sink any

// operations are everything of the seam that meets a secret scalar. The short
// ones are repeated, to be long against the clock's own time.
func operations(t *testing.T) map[string]func(*Scalar) func() {
	p := somePoint(t)
	c, d := secretScalar(t, sha256.Sum256([]byte("a scalar"))), secretScalar(t, sha256.Sum256([]byte("another")))
	return map[string]func(*Scalar) func(){
		"mul":     func(k *Scalar) func() { return func() { sink = Mul(k, p) } },
		"mulbase": func(k *Scalar) func() { return func() { sink = MulBase(k) } },
		"scalar": func(k *Scalar) func() {
			return func() {
				for range 50 {
					b := MulAdd(c, k, d).Bytes()
					s, err := NewScalar(&b)
					if err != nil {
						t.Error(err)
						return
					}
					sink = AddScalars(s.Negate(), k).Equal(k)
				}
			}
		},
	}
}

func TestTheTimeDoesNotDependOnTheSecretScalar(t *testing.T) {
	for name, operation := range operations(t) {
		for _, fixed := range fixedScalars {
			t.Run(name+"/"+fixed.name, func(t *testing.T) {
				r := timing.Measure(timing.Subject{Fixed: parse32(t, fixed.hex), Prepare: func(b [32]byte) func() {
					return operation(secretScalar(t, b))
				}})
				t.Logf("%s: %s", Backend, r)
				if r.Leaks() {
					t.Errorf("the time of %s depends on the scalar (%s): %+v", name, fixed.name, r.Rounds)
				}
			})
		}
	}
}

// The positive controls: a test that finds nothing is worth what it would have
// found. Each of these leaks on purpose and must be caught.
func TestAVariableTimeMultiplicationIsCaught(t *testing.T) {
	p := somePoint(t)
	affine, _ := p.Affine()
	x := [32]byte(affine[:32])
	for _, control := range []struct {
		name, fixed string
		samples     int
		prepare     func(b [32]byte) func()
	}{
		{"double and add", fixedScalars[3].hex, 2000, func(b [32]byte) func() {
			return func() { sink = doubleAndAdd(b, p) }
		}},
		{"sums of public points", fixedScalars[3].hex, 8000, func(b [32]byte) func() {
			k := secretScalar(t, b)
			return func() { sink, _ = SumsVartime([][]Term{{{WeightVartime(k), affine}}}) }
		}},
		// One square root more when a single bit of the scalar is set: some 4 µs
		// for half of the random scalars.
		{"one bit decides about a few microseconds", fixedScalars[4].hex, 8000, func(b [32]byte) func() {
			k := secretScalar(t, b)
			return func() {
				sink = Mul(k, p)
				if b[31]&1 == 1 {
					sink, _ = Decompress(&x, false)
				}
			}
		}},
	} {
		t.Run(control.name, func(t *testing.T) {
			// A busy machine can hide a leak in one of the rounds, so there are
			// three attempts. It cannot make one up.
			for range 3 {
				r := timing.Measure(timing.Subject{Fixed: parse32(t, control.fixed), Samples: control.samples, Prepare: control.prepare})
				t.Logf("%s: %s", Backend, r)
				if r.Leaks() {
					return
				}
			}
			t.Errorf("%s is not noticed, so the test of the others says nothing", control.name)
		})
	}
}

// doubleAndAdd is the multiplication of the textbook: an addition for every bit
// that is set.
func doubleAndAdd(k [32]byte, p *Element) *Element {
	r := Sub(p, p)
	for _, b := range k {
		for bit := 7; bit >= 0; bit-- {
			r = Add(r, r)
			if b>>bit&1 == 1 {
				r = Add(r, p)
			}
		}
	}
	return r
}

func parse32(t *testing.T, s string) [32]byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return [32]byte(b)
}
