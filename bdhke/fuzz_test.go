package bdhke_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"mintmark/bdhke"
)

func FuzzParsePoint(f *testing.F) {
	for _, s := range []string{generator, "03" + gx, "04" + gx + gy, "06" + gx + gy, "00", "", "02" + fieldPrime, "02" + gx[:62]} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := bdhke.ParsePoint(b)
		if err != nil {
			if !errors.Is(err, bdhke.ErrInvalidPoint) || !p.IsZero() {
				t.Fatalf("ParsePoint = %v, %v", p, err)
			}
			return
		}
		if enc := p.Bytes(); !bytes.Equal(enc[:], b) || p.IsZero() {
			t.Fatalf("ParsePoint(%x) encodes as %x", b, enc)
		}
		if q, err := scalarOne(t).Mul(p); err != nil || q != p {
			t.Fatalf("1*P = %v, %v; want %v", q, err, p)
		}
	})
}

func scalarOne(t testing.TB) bdhke.Scalar { return scalar(t, strings.Repeat("0", 63)+"1") }

func FuzzParsePointHex(f *testing.F) {
	for _, s := range []string{generator, strings.ToUpper(generator), "03" + gx, "", "02", "zz" + gx} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := bdhke.ParsePointHex(s)
		if err != nil {
			return
		}
		if p.String() != strings.ToLower(s) {
			t.Fatalf("ParsePointHex(%q) prints %s", s, p)
		}
	})
}

func FuzzNewScalar(f *testing.F) {
	for _, s := range []string{gx, groupOrder, "", strings.Repeat("00", 32), strings.Repeat("ff", 32)} {
		f.Add(unhex(f, s))
	}
	order, err := hex.DecodeString(groupOrder)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := bdhke.NewScalar(b)
		ok := len(b) == 32 && bytes.Compare(b, order) < 0 && !bytes.Equal(b, make([]byte, 32))
		if ok != (err == nil) {
			t.Fatalf("NewScalar(%x): %v", b, err)
		}
		if enc := s.Bytes(); ok && !bytes.Equal(enc[:], b) {
			t.Fatalf("NewScalar(%x) encodes as %x", b, enc)
		}
	})
}

func FuzzHashToCurve(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("407915bc212be61a77e3e6d2aeb4c727980bda51cd06a6afc29e2861768a7837"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		p, err := bdhke.HashToCurve(msg)
		if err != nil {
			t.Fatal(err)
		}
		b := p.Bytes()
		if q, err := bdhke.ParsePoint(b[:]); err != nil || q != p || b[0] != 2 {
			t.Fatalf("HashToCurve(%x) = %v: %v", msg, p, err)
		}
	})
}
