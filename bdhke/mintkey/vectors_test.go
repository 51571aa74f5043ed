package mintkey_test

import (
	"encoding/hex"
	"testing"

	"mintmark/bdhke"
	"mintmark/bdhke/mintkey"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatalf("bad hex in the test: %v", err)
	}
	return b
}

func point(t testing.TB, s string) bdhke.Point {
	t.Helper()
	p, err := bdhke.ParsePointHex(s)
	if err != nil {
		t.Fatalf("ParsePointHex(%s): %v", s, err)
	}
	return p
}

func key(t testing.TB, s string) mintkey.Key {
	t.Helper()
	k, err := mintkey.Parse(unhex(t, s))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return k
}

const (
	one     = "0000000000000000000000000000000000000000000000000000000000000001"
	two     = "0000000000000000000000000000000000000000000000000000000000000002"
	blinded = "02a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2"
)

func TestSignMeetsTheVectorsOfNUT00(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ k, want string }{
		{one, blinded},
		{"7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f", "0398bc70ce8184d27ba89834d19f5199c84443c31131e48d3c1214db24247d005d"},
	} {
		got, err := key(t, tt.k).Sign(point(t, blinded))
		if err != nil || got.String() != tt.want {
			t.Errorf("Sign with %s = %s, %v; want %s", tt.k, got, err, tt.want)
		}
	}
}

func TestSignWithDLEQMeetsTheVectorOfNUT12(t *testing.T) {
	t.Parallel()
	k := key(t, two)
	if got, want := k.Public().String(), "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"; got != want {
		t.Fatalf("public key %s, want %s", got, want)
	}
	c, d, err := k.SignWithDLEQ(point(t, blinded))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, got, want string }{
		{"C_", c.String(), "0244eccfc7a348274458bb38044c7f3c389b3c2086c7ec18b5812d2877ab937787"},
		{"e", hex.EncodeToString(d.E[:]), "2a16ffee280aff3c429045607f9b8e0bf8b35910c44c1b20b9dfaf01b263d7b3"},
		{"s", hex.EncodeToString(d.S[:]), "9df27731238334718d120d4f74611a7c668233f988e687ac3fb188f0a34a2dab"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s = %s, want %s", tt.name, tt.got, tt.want)
		}
	}
	if !bdhke.VerifyDLEQ(k.Public(), point(t, blinded), c, d) {
		t.Error("the proof does not verify")
	}
}
