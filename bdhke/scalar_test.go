package bdhke_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"mintmark/bdhke"
)

func TestNewScalarTakesExactlyOneToTheOrder(t *testing.T) {
	t.Parallel()
	below := groupOrder[:63] + "0"
	for _, tt := range []struct {
		name, hex string
		ok        bool
	}{
		{"one", strings.Repeat("0", 63) + "1", true},
		{"the order less one", below, true},
		{"nothing", "", false},
		{"31 bytes", strings.Repeat("01", 31), false},
		{"33 bytes", strings.Repeat("01", 33), false},
		{"zero", strings.Repeat("00", 32), false},
		{"the order", groupOrder, false},
		{"the order and one", groupOrder[:63] + "2", false},
		{"2^256 - 1", strings.Repeat("ff", 32), false},
	} {
		s, err := bdhke.NewScalar(unhex(t, tt.hex))
		if tt.ok && (err != nil || s.IsZero()) || !tt.ok && (!errors.Is(err, bdhke.ErrInvalidScalar) || !s.IsZero()) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if tt.ok {
			if b := s.Bytes(); !bytes.Equal(b[:], unhex(t, tt.hex)) {
				t.Errorf("%s: Bytes = %x", tt.name, b)
			}
		}
	}
}

func TestRandomScalarDrawsAgainInsteadOfReducing(t *testing.T) {
	t.Parallel()
	want := strings.Repeat("42", 32)
	r := bytes.NewReader(unhex(t, strings.Repeat("00", 32)+groupOrder+strings.Repeat("ff", 32)+want))
	s, err := bdhke.RandomScalar(r)
	if b := s.Bytes(); err != nil || !bytes.Equal(b[:], unhex(t, want)) {
		t.Errorf("RandomScalar = %x, %v; want the fourth draw", b, err)
	}
	if _, err := bdhke.RandomScalar(bytes.NewReader(make([]byte, 40))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a dry source gives %v", err)
	}
	a, err := bdhke.RandomScalar(nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := bdhke.RandomScalar(nil); err != nil || a.Equal(b) || !a.Equal(a) {
		t.Errorf("two draws are equal, or one is not equal to itself (%v)", err)
	}
}

func TestZeroScalarIsNoScalar(t *testing.T) {
	t.Parallel()
	var zero bdhke.Scalar
	g := point(t, generator)
	if !zero.IsZero() || !zero.Public().IsZero() || zero.Bytes() != [32]byte{} || zero.Equal(zero) {
		t.Error("the zero value pretends to be a scalar")
	}
	if _, err := zero.Mul(g); !errors.Is(err, bdhke.ErrInvalidScalar) {
		t.Errorf("Mul: %v", err)
	}
	if _, err := bdhke.Blind([]byte("x"), zero); !errors.Is(err, bdhke.ErrInvalidScalar) {
		t.Errorf("Blind: %v", err)
	}
	if _, err := bdhke.Unblind(g, zero, g); !errors.Is(err, bdhke.ErrInvalidScalar) {
		t.Errorf("Unblind: %v", err)
	}
	if bdhke.VerifyProofDLEQ(g, []byte("x"), g, bdhke.DLEQ{}, zero) {
		t.Error("VerifyProofDLEQ accepts no blinding factor")
	}
}

// shown is everything that printing, JSON and logging say about a scalar, with
// the address of its memory replaced: what remains must not depend on the secret.
func shown(s bdhke.Scalar) []string {
	type exported struct{ S bdhke.Scalar }
	type unexported struct{ s bdhke.Scalar }
	var out []string
	for _, v := range []any{s, &s, []bdhke.Scalar{s}, map[string]bdhke.Scalar{"k": s}, exported{s}, &exported{s}, unexported{s}, &unexported{s}, s.Secret(), *s.Secret()} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d", "%t", "%08b", "%z"} {
			out = append(out, fmt.Sprintf(verb, v))
		}
		j, err := json.Marshal(v)
		out = append(out, string(j), fmt.Sprint(err))
		var buf bytes.Buffer
		drop := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}
		slog.New(slog.NewJSONHandler(&buf, drop)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&buf, drop)).Info("x", "v", v)
		out = append(out, buf.String())
	}
	out = append(out, fmt.Sprintf("%p", s), s.String(), s.GoString(), s.LogValue().String())
	text, err := s.MarshalText()
	out = append(out, string(text), fmt.Sprint(err))

	address := uint64(reflect.ValueOf(s).FieldByName("box").Field(0).Pointer())
	for i, o := range out {
		for _, base := range []int{16, 10, 2} {
			for _, a := range []string{strconv.FormatUint(address, base), strings.ToUpper(strconv.FormatUint(address, base))} {
				o = strings.ReplaceAll(o, a, "address")
			}
		}
		out[i] = o
	}
	return out
}

func TestScalarNeverShowsItself(t *testing.T) {
	t.Parallel()
	a := shown(scalar(t, "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"))
	b := shown(scalar(t, "172839a4b5c6d7e8f9001122334455667788990a0b0c0d0e0f1f2f3f4f5f6f70"))
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("two secrets print differently: %q and %q", a[i], b[i])
		}
	}
	s := scalar(t, gx)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		if got := fmt.Sprintf(verb, s); got != "[redacted]" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
	if j, err := json.Marshal(s); err != nil || string(j) != `"[redacted]"` {
		t.Errorf("JSON is %s, %v", j, err)
	}
}

func TestAddingScalarsIsAdditionModuloTheOrder(t *testing.T) {
	t.Parallel()
	order, ok := new(big.Int).SetString(groupOrder, 16)
	if !ok {
		t.Fatal("the group order is no number")
	}
	number := func(s bdhke.Scalar) *big.Int { b := s.Bytes(); return new(big.Int).SetBytes(b[:]) }
	scalar := func(n *big.Int) bdhke.Scalar {
		s, err := bdhke.NewScalar(n.FillBytes(make([]byte, 32)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for range 100 {
		a, err := bdhke.RandomScalar(nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := bdhke.RandomScalar(nil)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := a.Add(b)
		if err != nil {
			t.Fatal(err)
		}
		want := new(big.Int).Add(number(a), number(b))
		if number(sum).Cmp(want.Mod(want, order)) != 0 {
			t.Error("another sum than that of math/big")
		}
		if _, err := a.Add(scalar(new(big.Int).Sub(order, number(a)))); !errors.Is(err, bdhke.ErrInvalidScalar) {
			t.Errorf("a sum of zero: %v", err)
		}
		if _, err := a.Add(bdhke.Scalar{}); !errors.Is(err, bdhke.ErrInvalidScalar) {
			t.Errorf("adding no scalar: %v", err)
		}
	}
}

func TestAWipedScalarIsGoneInAllItsCopies(t *testing.T) {
	t.Parallel()
	s, err := bdhke.RandomScalar(nil)
	if err != nil {
		t.Fatal(err)
	}
	shared, other := s.Secret(), s
	s.Wipe()
	if !other.IsZero() || shared.Bytes() != [32]byte{} {
		t.Error("a copy still holds the secret")
	}
	bdhke.Scalar{}.Wipe()
}
