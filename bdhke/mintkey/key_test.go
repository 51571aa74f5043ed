package mintkey_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mintmark/bdhke"
	"mintmark/bdhke/mintkey"
)

const order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"

func TestParseTakesExactlyOneToTheOrder(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, hex string
		ok        bool
	}{
		{"one", one, true},
		{"the order less one", order[:63] + "0", true},
		{"nothing", "", false},
		{"31 bytes", one[2:], false},
		{"33 bytes", "00" + one, false},
		{"zero", strings.Repeat("00", 32), false},
		{"the order", order, false},
		{"2^256 - 1", strings.Repeat("ff", 32), false},
	} {
		k, err := mintkey.Parse(unhex(t, tt.hex))
		if (err == nil) != tt.ok || k.Public().IsZero() == tt.ok {
			t.Errorf("%s: public key %v, %v", tt.name, k.Public(), err)
		}
		if err != nil && len(tt.hex) > 8 && strings.Contains(err.Error(), tt.hex[len(tt.hex)-8:]) {
			t.Errorf("%s: the error quotes the key: %v", tt.name, err)
		}
	}
}

func TestZeroKeySignsAndVerifiesNothing(t *testing.T) {
	t.Parallel()
	b := point(t, blinded)
	for _, k := range []mintkey.Key{{}, mintkey.New(bdhke.Scalar{})} {
		if c, err := k.Sign(b); err == nil || !c.IsZero() {
			t.Errorf("Sign = %v, %v", c, err)
		}
		if c, d, err := k.SignWithDLEQ(b); err == nil || !c.IsZero() || d != (bdhke.DLEQ{}) {
			t.Errorf("SignWithDLEQ = %v, %v", c, err)
		}
		if !k.Public().IsZero() || k.Verify([]byte("x"), b) {
			t.Error("the zero key verifies")
		}
	}
	k := key(t, two)
	if _, err := k.Sign(bdhke.Point{}); err == nil {
		t.Error("Sign of no point")
	}
	if _, _, err := k.SignWithDLEQ(bdhke.Point{}); err == nil {
		t.Error("SignWithDLEQ of no point")
	}
	if k.Verify([]byte("x"), bdhke.Point{}) {
		t.Error("Verify of no signature")
	}
}

func drawScalar(t *rapid.T, label string) bdhke.Scalar {
	b := rapid.SliceOfN(rapid.Byte(), 32, 32).Filter(func(b []byte) bool {
		_, err := bdhke.NewScalar(b)
		return err == nil
	}).Draw(t, label)
	s, err := bdhke.NewScalar(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPropertyACoinThatIsBlindedSignedAndUnblindedVerifies(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k, other := mintkey.New(drawScalar(t, "k")), mintkey.New(drawScalar(t, "other"))
		r := drawScalar(t, "r")
		secret := rapid.SliceOf(rapid.Byte()).Draw(t, "secret")
		b, err := bdhke.Blind(secret, r)
		if err != nil {
			t.Fatal(err)
		}
		signed, proof, err := k.SignWithDLEQ(b)
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := k.Sign(b); err != nil || plain != signed {
			t.Fatalf("Sign = %v, %v; SignWithDLEQ = %v", plain, err, signed)
		}
		c, err := bdhke.Unblind(signed, r, k.Public())
		if err != nil {
			t.Fatal(err)
		}
		if !k.Verify(secret, c) {
			t.Fatal("the coin does not verify")
		}
		if k.Verify(append([]byte{0}, secret...), c) {
			t.Fatal("the coin verifies for another secret")
		}
		if !bdhke.VerifyDLEQ(k.Public(), b, signed, proof) || !bdhke.VerifyProofDLEQ(k.Public(), secret, c, proof, r) {
			t.Fatal("the proof of equality does not verify")
		}
		if other.Public() != k.Public() && (other.Verify(secret, c) || bdhke.VerifyDLEQ(other.Public(), b, signed, proof)) {
			t.Fatal("another key accepts the coin")
		}
		bit := rapid.IntRange(0, 8*64-1).Draw(t, "bit")
		broken := proof
		if half := &broken.E; bit < 256 {
			half[bit/8] ^= 1 << (bit % 8)
		} else {
			broken.S[(bit-256)/8] ^= 1 << (bit % 8)
		}
		if bdhke.VerifyDLEQ(k.Public(), b, signed, broken) {
			t.Fatalf("the proof of equality verifies with bit %d flipped", bit)
		}
	})
}

func TestPropertySigningAgainGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, b := drawScalar(t, "k"), drawScalar(t, "b").Public()
		c1, d1, err1 := mintkey.New(s).SignWithDLEQ(b)
		c2, d2, err2 := mintkey.New(s).SignWithDLEQ(b)
		if err1 != nil || err2 != nil || c1 != c2 || d1 != d2 {
			t.Fatalf("%v %x %v, then %v %x %v", c1, d1, err1, c2, d2, err2)
		}
	})
}

func TestKeyNeverShowsItself(t *testing.T) {
	t.Parallel()
	secret, err := bdhke.NewScalar(unhex(t, order[:63]+"0"))
	if err != nil {
		t.Fatal(err)
	}
	k := mintkey.New(secret)
	// The words of the secret as they lie in memory: what a careless print shows.
	words := reflect.ValueOf(*secret.Secret()).FieldByName("v").FieldByName("m")
	type unexported struct{ k mintkey.Key }
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d", "%t", "%z"} {
		for _, v := range []any{k, &k} {
			if got := fmt.Sprintf(verb, v); got != "[redacted]" {
				t.Errorf("%s prints %q", verb, got)
			}
		}
		nested := strings.ToLower(fmt.Sprintf(verb, unexported{k}))
		for i := range words.Len() {
			w := words.Index(i).Uint()
			if strings.Contains(nested, fmt.Sprint(w)) || strings.Contains(nested, fmt.Sprintf("%x", w)) {
				t.Errorf("%s prints the key in %q", verb, nested)
			}
		}
	}
	j, err := json.Marshal(map[string]any{"k": k, "p": &k})
	if err != nil || string(j) != `{"k":"[redacted]","p":"[redacted]"}` {
		t.Errorf("JSON is %s, %v", j, err)
	}
	var buf bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&buf, nil))
	log.Info("x", "k", k, "p", &k)
	if strings.Count(buf.String(), "[redacted]") != 2 {
		t.Errorf("slog writes %s", &buf)
	}
}
