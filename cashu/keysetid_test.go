package cashu_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"mintmark/cashu"
)

const (
	idV1 = "00456a94ab4e1c46"
	idV2 = "015ba18a8adcd02e715a58358eb618da4a4b3791151a4bee5e968bb88406ccf76a"
)

func TestParseKeysetIDReadsBothVersionsInBothCases(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text    string
		version cashu.KeysetVersion
		size    int
	}{{idV1, cashu.V1, 8}, {idV2, cashu.V2, 33}} {
		lower, err := cashu.ParseKeysetID(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		upper, err := cashu.ParseKeysetID(strings.ToUpper(tt.text))
		if err != nil || upper != lower || !upper.Equal(lower) {
			t.Errorf("upper case gives %v, %v", upper, err)
		}
		raw, err := cashu.KeysetIDFromBytes(lower.Bytes())
		if err != nil || raw != lower || len(lower.Bytes()) != tt.size {
			t.Errorf("the bytes give %v, %v", raw, err)
		}
		if lower.String() != tt.text || lower.Version() != tt.version || lower.IsZero() {
			t.Errorf("%s reads as %v of version %d", tt.text, lower, lower.Version())
		}
		lower.Bytes()[0] = 7
		if lower.String() != tt.text {
			t.Error("Bytes gives the inside away")
		}
	}
}

func TestParseKeysetIDRefusesEverythingElse(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":                     "",
		"the short form of version 2": idV2[:16],
		"version 1 with 66":           "00" + idV2[2:],
		"version 2":                   "02" + idV2[2:],
		"version 3":                   "02" + idV1[2:],
		"a base64 id":                 "I2yN+iRYfkzT",
		"not hex":                     "00456a94ab4e1c4g",
		"a character too many":        idV1 + "0",
		"a byte too few":              idV1[:14],
		"65 characters":               idV2[:65],
		"wide characters":             "00456a94ab4e1c\u00e9",
	} {
		id, err := cashu.ParseKeysetID(text)
		if !errors.Is(err, cashu.ErrKeysetUnknown) || !id.IsZero() {
			t.Errorf("%s: ParseKeysetID = %v, %v", name, id, err)
		}
	}
	if id, err := cashu.KeysetIDFromBytes(nil); err == nil {
		t.Errorf("no bytes give %v", id)
	}
	if id, err := cashu.KeysetIDFromBytes(bytes.Repeat([]byte{1}, 8)); err == nil {
		t.Errorf("a short id gives %v", id)
	}
}

func TestZeroKeysetIDIsNone(t *testing.T) {
	t.Parallel()
	var zero cashu.KeysetID
	if !zero.IsZero() || zero.String() != "" || zero.Bytes() != nil {
		t.Error("the zero value pretends to be an id")
	}
	if _, err := zero.MarshalText(); err == nil {
		t.Error("the zero value has a text")
	}
}
