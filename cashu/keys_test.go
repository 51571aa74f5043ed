package cashu_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mintmark/bdhke"
	"mintmark/cashu"
)

func point(t testing.TB, s string) bdhke.Point {
	t.Helper()
	p, err := bdhke.ParsePointHex(s)
	if err != nil {
		t.Fatalf("bad point in the test: %v", err)
	}
	return p
}

const (
	pointA = "03a40f20667ed53513075dc51e715ff2046cad64eb68960632269ba7f0210e38bc"
	pointB = "03fd4ce5a16b65576145949e6f99f445f8249fee17c606b688b504a849cdc452de"
	pointG = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
)

func TestKeysMeetTheVectorsOfNUT01(t *testing.T) {
	t.Parallel()
	if n := keys(t, fourKeys).Len(); n != 4 {
		t.Errorf("%d keys of 4", n)
	}
	k := keys(t, sixtyFourKeys)
	if n := k.Len(); n != 64 {
		t.Errorf("%d keys of 64", n)
	}
	if p, ok := k.Get(1 << 63); !ok || p.String() != "0377a6fe114e291a8d8e991627c38001c8305b23b9e98b1c7b1893f5cd0dda6cad" {
		t.Errorf("the key of 2^63 is %v", p)
	}
	for name, text := range map[string]string{"short key": shortKey, "uncompressed key": uncompressedKey} {
		var k cashu.Keys
		if err := cashu.Decode([]byte(text), &k); !errors.Is(err, cashu.ErrMalformed) || k.Len() != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysAreInNumericOrder(t *testing.T) {
	t.Parallel()
	k := keys(t, `{"16":"`+pointA+`","9223372036854775808":"`+pointG+`","2":"`+pointB+`"}`)
	if got, want := k.Amounts(), []cashu.Amount{2, 16, 1 << 63}; !slices.Equal(got, want) {
		t.Errorf("amounts %v, want %v", got, want)
	}
	text, err := cashu.Encode(k)
	want := `{"2":"` + pointB + `","16":"` + pointA + `","9223372036854775808":"` + pointG + `"}`
	if err != nil || string(text) != want {
		t.Errorf("JSON %s, %v; want %s", text, err, want)
	}
	if back := keys(t, string(text)); !back.Equal(k) || !cmp.Equal(back, k) {
		t.Error("JSON and back is something else")
	}
	if p, ok := k.Get(3); ok {
		t.Errorf("amount 3 has key %v", p)
	}
	for a := range k.All() {
		if a != 2 {
			t.Errorf("the first amount is %d", a)
		}
		break
	}
}

func TestKeysJSONRefusesAmbiguity(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no keys":                  `{}`,
		"null":                     `null`,
		"a list":                   `[]`,
		"amount zero":              `{"0":"` + pointA + `"}`,
		"amount not a number":      `{"a":"` + pointA + `"}`,
		"negative amount":          `{"-1":"` + pointA + `"}`,
		"signed amount":            `{"+1":"` + pointA + `"}`,
		"fraction":                 `{"1.0":"` + pointA + `"}`,
		"exponent":                 `{"1e3":"` + pointA + `"}`,
		"hexadecimal amount":       `{"0x1":"` + pointA + `"}`,
		"underscore":               `{"1_0":"` + pointA + `"}`,
		"a leading zero":           `{"01":"` + pointA + `"}`,
		"2^64":                     `{"18446744073709551616":"` + pointA + `"}`,
		"the same name twice":      `{"1":"` + pointA + `","1":"` + pointB + `"}`,
		"the same amount twice":    `{"1":"` + pointA + `","01":"` + pointB + `"}`,
		"an escaped name twice":    `{"1":"` + pointA + `","\u0031":"` + pointB + `"}`,
		"one key for two amounts":  `{"1":"` + pointA + `","2":"` + pointA + `"}`,
		"the same in another case": `{"1":"` + pointA + `","2":"` + strings.ToUpper(pointA) + `"}`,
		"null for a key":           `{"1":null}`,
		"a number for a key":       `{"1":2}`,
		"no point":                 `{"1":"02` + strings.Repeat("00", 32) + `"}`,
		"cut off":                  `{"1":"` + pointA + `"`,
		"trailing data":            `{"1":"` + pointA + `"}x`,
	} {
		var k cashu.Keys
		if err := cashu.Decode([]byte(text), &k); !errors.Is(err, cashu.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNewKeysRefusesNoPoint(t *testing.T) {
	t.Parallel()
	if _, err := cashu.NewKeys(map[cashu.Amount]bdhke.Point{1: {}}); err == nil {
		t.Error("the zero point is taken for a key")
	}
}

func TestKeysDoNotFollowTheMapTheyAreMadeOf(t *testing.T) {
	t.Parallel()
	m := map[cashu.Amount]bdhke.Point{1: point(t, pointA)}
	k, err := cashu.NewKeys(m)
	if err != nil {
		t.Fatal(err)
	}
	m[1], m[2] = point(t, pointB), point(t, pointG)
	if p, ok := k.Get(1); !ok || p != point(t, pointA) || k.Len() != 1 {
		t.Error("the keys changed with the map")
	}
}

func TestVerifyIDFindsEveryChange(t *testing.T) {
	t.Parallel()
	id := func(s string) cashu.KeysetID {
		v, err := cashu.ParseKeysetID(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	good := cashu.Keyset{ID: id(idV2), Unit: "sat", Active: true, InputFeePPK: 100, FinalExpiry: 2059210353, Keys: keys(t, fourKeys)}
	for _, tt := range []struct {
		name   string
		change func(*cashu.Keyset)
		ok     bool
	}{
		{"nothing", func(*cashu.Keyset) {}, true},
		{"inactive", func(k *cashu.Keyset) { k.Active = false }, true},
		{"version 1", func(k *cashu.Keyset) { k.ID = id(idV1) }, true},
		{"version 1 with another fee", func(k *cashu.Keyset) { k.ID, k.InputFeePPK = id(idV1), 1 }, true},
		{"fee", func(k *cashu.Keyset) { k.InputFeePPK = 101 }, false},
		{"no fee", func(k *cashu.Keyset) { k.InputFeePPK = 0 }, false},
		{"expiry", func(k *cashu.Keyset) { k.FinalExpiry++ }, false},
		{"no expiry", func(k *cashu.Keyset) { k.FinalExpiry = 0 }, false},
		{"unit", func(k *cashu.Keyset) { k.Unit = "usd" }, false},
		{"keys", func(k *cashu.Keyset) { k.Keys = keys(t, sixtyFourKeys) }, false},
		{"version 1 with other keys", func(k *cashu.Keyset) { k.ID, k.Keys = id(idV1), keys(t, sixtyFourKeys) }, false},
		{"no id", func(k *cashu.Keyset) { k.ID = cashu.KeysetID{} }, false},
	} {
		k := good
		tt.change(&k)
		if err := k.VerifyID(); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
