package bdhke_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"mintmark/bdhke"
)

const (
	fieldPrime = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
	groupOrder = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
	gx         = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	gy         = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
)

func TestParsePointRefusesEverythingButACompressedPoint(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, hex string }{
		{"nothing", ""},
		{"infinity in one byte", "00"},
		{"infinity in 33 bytes", strings.Repeat("00", 33)},
		{"an x coordinate alone", gx},
		{"32 bytes", "02" + gx[:62]},
		{"34 bytes", "02" + gx + "00"},
		{"uncompressed", "04" + gx + gy},
		{"hybrid", "06" + gx + gy},
		{"hybrid, odd", "07" + gx + gy},
		{"the prefix of an uncompressed point", "04" + gx},
		{"the prefix of a hybrid point", "06" + gx},
		{"prefix 00", "00" + gx},
		{"prefix 01", "01" + gx},
		{"prefix 05", "05" + gx},
		{"prefix ff", "ff" + gx},
		{"x without a point", "02" + strings.Repeat("0", 63) + "5"},
		{"x = 0", "02" + strings.Repeat("0", 64)},
		{"x = p", "02" + fieldPrime},
		{"x = p + 1, a point if reduced", "02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30"},
		{"x = 2^256 - 1", "02" + strings.Repeat("ff", 32)},
	} {
		p, err := bdhke.ParsePoint(unhex(t, tt.hex))
		if !errors.Is(err, bdhke.ErrInvalidPoint) || !p.IsZero() {
			t.Errorf("%s: ParsePoint = %v, %v", tt.name, p, err)
		}
		if _, err := bdhke.ParsePointHex(tt.hex); !errors.Is(err, bdhke.ErrInvalidPoint) {
			t.Errorf("%s: ParsePointHex: %v", tt.name, err)
		}
	}
}

func TestParsePointHexRefusesWhatIsNotHex(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"0x" + gx, " 2" + gx, "02" + gx[:63] + "g", "02" + gx[:62] + "é", "02" + gx + "\n"} {
		if p, err := bdhke.ParsePointHex(s); !errors.Is(err, bdhke.ErrInvalidPoint) {
			t.Errorf("ParsePointHex(%q) = %v, %v", s, p, err)
		}
	}
}

func TestPointHasOneValueWhateverItsSpelling(t *testing.T) {
	t.Parallel()
	lower := point(t, generator)
	upper := point(t, strings.ToUpper(generator))
	if lower != upper || !lower.Equal(upper) || lower.Key() != upper.Key() {
		t.Error("upper and lower case give different points")
	}
	seen := map[bdhke.Point]bool{lower: true}
	if !seen[upper] {
		t.Error("a point is no usable map key")
	}
	if upper.String() != generator {
		t.Errorf("String = %s, want lower case", upper)
	}
	if twin := point(t, "03"+gx); twin == lower || twin.Key() == lower.Key() {
		t.Error("P and -P are taken for the same point")
	}
}

func TestPointEncodings(t *testing.T) {
	t.Parallel()
	p := point(t, generator)
	if u := p.Uncompressed(); hex.EncodeToString(u[:]) != "04"+gx+gy {
		t.Errorf("Uncompressed = %x", u)
	}
	if b := p.Bytes(); hex.EncodeToString(b[:]) != generator {
		t.Errorf("Bytes = %x", b)
	}
	if b := p.AppendBytes([]byte{7}); !bytes.Equal(b, append([]byte{7}, unhex(t, generator)...)) {
		t.Errorf("AppendBytes = %x", b)
	}
	var q bdhke.Point
	text, err := json.Marshal(p)
	if err != nil || string(text) != `"`+generator+`"` {
		t.Fatalf("JSON = %s, %v", text, err)
	}
	if err := json.Unmarshal(text, &q); err != nil || q != p {
		t.Errorf("JSON and back = %v, %v", q, err)
	}
	if err := q.UnmarshalText([]byte("02")); err == nil || q != p {
		t.Errorf("a failed UnmarshalText changed the point to %v (%v)", q, err)
	}
}

func TestZeroPointIsNoPoint(t *testing.T) {
	t.Parallel()
	var zero bdhke.Point
	if !zero.IsZero() || zero.String() != "" || zero.Bytes() != [33]byte{} || zero.Uncompressed() != [65]byte{} {
		t.Error("the zero value pretends to be a point")
	}
	if _, err := zero.MarshalText(); !errors.Is(err, bdhke.ErrInvalidPoint) {
		t.Errorf("MarshalText: %v", err)
	}
	g, r := point(t, generator), scalar(t, gx)
	if _, err := r.Mul(zero); !errors.Is(err, bdhke.ErrInvalidPoint) {
		t.Errorf("Mul: %v", err)
	}
	if _, err := bdhke.Unblind(zero, r, g); !errors.Is(err, bdhke.ErrInvalidPoint) {
		t.Errorf("Unblind of no signature: %v", err)
	}
	if _, err := bdhke.Unblind(g, r, zero); !errors.Is(err, bdhke.ErrInvalidPoint) {
		t.Errorf("Unblind with no key: %v", err)
	}
	for _, args := range [][3]bdhke.Point{{zero, g, g}, {g, zero, g}, {g, g, zero}} {
		if bdhke.VerifyDLEQ(args[0], args[1], args[2], bdhke.DLEQ{S: [32]byte{31: 1}}) {
			t.Error("VerifyDLEQ accepts the zero point")
		}
	}
}
