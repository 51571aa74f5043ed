package bdhke_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"mintmark/bdhke"
)

func TestPropertySumsOfPointsAreSumsOfScalars(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) bdhke.Scalar {
			for {
				if s, err := bdhke.NewScalar(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, name)); err == nil {
					return s
				}
			}
		}
		a := draw("a")
		b := a
		if rapid.Bool().Draw(t, "two") {
			b = draw("b")
		}
		sum, err := a.Add(b)
		if err != nil {
			t.Skip("they add up to zero")
		}
		if p, err := a.Public().Add(b.Public()); err != nil || p != sum.Public() {
			t.Fatalf("a*G + b*G is %v (%v), not (a+b)*G", p, err)
		}
	})
}

func TestNegatingAScalarNegatesItsPoint(t *testing.T) {
	t.Parallel()
	s, err := bdhke.RandomScalar(nil)
	if err != nil {
		t.Fatal(err)
	}
	n, err := s.Negate()
	if err != nil {
		t.Fatal(err)
	}
	p, q := s.Public().Bytes(), n.Public().Bytes()
	if [32]byte(p[1:]) != [32]byte(q[1:]) || p[0] == q[0] {
		t.Errorf("%x and %x are not each other's negative", p, q)
	}
	if _, err := s.Public().Add(n.Public()); !errors.Is(err, bdhke.ErrInvalidPoint) {
		t.Errorf("infinity is a point: %v", err)
	}
	if again, err := n.Negate(); err != nil || !again.Equal(s) {
		t.Errorf("negated twice it is another scalar (%v)", err)
	}
}

func TestNothingIsAddedToNoPointOrMadeOfNoScalar(t *testing.T) {
	t.Parallel()
	s, err := bdhke.RandomScalar(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Public().Add(bdhke.Point{}); !errors.Is(err, bdhke.ErrInvalidPoint) {
		t.Errorf("a point and none: %v", err)
	}
	if _, err := (bdhke.Point{}).Add(s.Public()); !errors.Is(err, bdhke.ErrInvalidPoint) {
		t.Errorf("none and a point: %v", err)
	}
	if _, err := (bdhke.Scalar{}).Negate(); !errors.Is(err, bdhke.ErrInvalidScalar) {
		t.Errorf("no scalar: %v", err)
	}
}
