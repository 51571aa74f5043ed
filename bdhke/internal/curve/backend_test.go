package curve

import (
	"crypto/sha256"
	"testing"
)

// The operations that a backend is chosen for, without any encoding around them.
func BenchmarkBackend(b *testing.B) {
	h := sha256.Sum256([]byte("scalar"))
	k, err := NewScalar(&h)
	if err != nil {
		b.Fatal(err)
	}
	p := MulBase(k)
	affine, _ := p.Affine()
	b.Run("op=mul", func(b *testing.B) {
		for b.Loop() {
			Mul(k, p)
		}
	})
	b.Run("op=mulbase", func(b *testing.B) {
		for b.Loop() {
			MulBase(k)
		}
	})
	b.Run("op=affine", func(b *testing.B) {
		for b.Loop() {
			p.Affine()
		}
	})
	b.Run("op=decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := Decode(&affine); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestInfinityHasNoEncoding(t *testing.T) {
	t.Parallel()
	one := ReduceScalar(&[32]byte{31: 1})
	g := MulBase(one)
	if a, ok := Sub(g, g).Affine(); ok || !a.IsZero() {
		t.Errorf("G - G encodes as %x", a)
	}
	if a, ok := Add(g, MulBase(one.Negate())).Affine(); ok {
		t.Errorf("G + (-G) encodes as %x", a)
	}
	zero := ReduceScalar(&[32]byte{})
	if _, ok := Mul(zero, g).Affine(); ok {
		t.Error("0*G encodes")
	}
	if !Add(Sub(g, g), g).Equal(g) {
		t.Error("infinity + G is not G")
	}
	if _, err := Decode(new(Affine)); err == nil {
		t.Error("the empty affine decodes")
	}
}

func TestDecodeRefusesWhatIsNotOnTheCurve(t *testing.T) {
	t.Parallel()
	a, _ := MulBase(ReduceScalar(&[32]byte{31: 1})).Affine()
	for i := range a {
		b := a
		b[i] ^= 1
		if _, err := Decode(&b); err == nil {
			t.Errorf("a point with byte %d changed decodes", i)
		}
	}
}
