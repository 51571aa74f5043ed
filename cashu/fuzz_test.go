package cashu_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"mintmark/cashu"
)

// stable decodes, and checks that what was accepted survives there and back, and
// that what was refused is an *Error.
func stable[T any](t *testing.T, data []byte) (T, bool) {
	t.Helper()
	var v T
	if err := cashu.Decode(data, &v); err != nil {
		if _, ok := errors.AsType[*cashu.Error](err); !ok {
			t.Fatalf("%v is no *cashu.Error", err)
		}
		return v, false
	}
	if !utf8.Valid(data) {
		t.Fatalf("invalid UTF-8 is accepted: %q", data)
	}
	text, err := cashu.Encode(v)
	if err != nil {
		t.Fatalf("what was decoded does not encode: %v", err)
	}
	var again T
	if err := cashu.Decode(text, &again); err != nil {
		t.Fatalf("what was encoded does not decode: %v: %s", err, text)
	}
	text2, err := cashu.Encode(again)
	if err != nil || !bytes.Equal(text, text2) {
		t.Fatalf("there and back differs: %s and %s, %v", text, text2, err)
	}
	return v, true
}

func FuzzKeysJSON(f *testing.F) {
	for _, s := range []string{fourKeys, shortKey, uncompressedKey, `{"1":"` + pointA + `","01":"` + pointB + `"}`, `{}`, `null`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		k, ok := stable[cashu.Keys](t, data)
		if !ok {
			return
		}
		var last cashu.Amount
		for a, p := range k.All() {
			if a <= last || p.IsZero() {
				t.Fatalf("amount %d after %d, key %v", a, last, p)
			}
			last = a
		}
	})
}

func FuzzProofJSON(f *testing.F) {
	for _, s := range []string{proofText, with("{", `{"witness":{"a":1},`), with(secretText, `\ud800`), with(secretText, `\ud83d\ude00`), with("2", "18446744073709551616"), with("{", `{"amount":1,`)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, ok := stable[cashu.Proof](t, data)
		if !ok {
			return
		}
		if p.C.IsZero() || p.ID.IsZero() || !utf8.ValidString(p.Secret) {
			t.Fatalf("accepted an incomplete proof: %s", data)
		}
		if _, err := p.Y(); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzSwapRequestJSON(f *testing.F) {
	for _, s := range []string{swapText, `{"inputs":[],"outputs":[]}`, `{"inputs":[null]}`, strings.Replace(swapText, "C", "\\u0043", 1), "{\"x\":\"\xff\"}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { stable[cashu.SwapRequest](t, data) })
}

func FuzzMintRequestJSON(f *testing.F) {
	for _, s := range []string{legacyRequest, `{"quote":"q","outputs":[` + outputText + `]}`, `{"quote":null}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, ok := stable[cashu.MintRequest](t, data); ok && r.Quote == "" {
			t.Fatalf("accepted a request without quote: %s", data)
		}
	})
}

func FuzzMintQuoteRequestJSON(f *testing.F) {
	f.Add([]byte(`{"amount":21,"unit":"sat","description":"d","pubkey":"` + pointA + `"}`))
	f.Add([]byte(`{"amount":21,"unit":" CAFE\u0301 "}`))
	f.Fuzz(func(t *testing.T, data []byte) { stable[cashu.MintQuoteRequest](t, data) })
}

func FuzzBatchMintRequestJSON(f *testing.F) {
	f.Add([]byte(`{"quotes":["a","b"],"quote_amounts":[5,3],"outputs":[` + outputText + `],"signatures":[null,"ab"]}`))
	f.Add([]byte(`{"quotes":["a"],"quote_amounts":[],"outputs":null,"signatures":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, ok := stable[cashu.BatchMintRequest](t, data); ok && (len(r.Quotes) == 0 || r.Amounts != nil && len(r.Amounts) != len(r.Quotes)) {
			t.Fatalf("accepted a batch that is not one: %s", data)
		}
	})
}

func FuzzCheckStateRequestJSON(f *testing.F) {
	f.Add([]byte(`{"Ys":["` + pointA + `"]}`))
	f.Add([]byte(`{"Ys":[null]}`))
	f.Fuzz(func(t *testing.T, data []byte) { stable[cashu.CheckStateRequest](t, data) })
}

func FuzzBlindSignatureJSON(f *testing.F) {
	f.Add([]byte(`{"amount":8,"id":"` + idV1 + `","C_":"` + pointA + `","dleq":{"e":"` + strings.Repeat("00", 32) + `","s":"` + strings.Repeat("ff", 32) + `"}}`))
	f.Add([]byte(`{"amount":8,"id":"` + idV1 + `","C_":"` + pointA + `","dleq":null}`))
	f.Fuzz(func(t *testing.T, data []byte) { stable[cashu.BlindSignature](t, data) })
}

func FuzzParseKeysetID(f *testing.F) {
	for _, s := range []string{idV1, idV2, idV2[:16], strings.ToUpper(idV1), "", "I2yN+iRYfkzT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := cashu.ParseKeysetID(s)
		if err != nil {
			return
		}
		if id.String() != strings.ToLower(s) || id.IsZero() {
			t.Fatalf("%q prints %v", s, id)
		}
		if again, err := cashu.KeysetIDFromBytes(id.Bytes()); err != nil || again != id {
			t.Fatalf("%q becomes %v, %v", s, again, err)
		}
	})
}

func FuzzParseUnit(f *testing.F) {
	for _, s := range []string{"sat", " SAT", "cafe\u0301", "\u0130", "\u03a3\u03a3", "a|b", "\xff", "\u212a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := cashu.ParseUnit(s)
		if err != nil {
			return
		}
		again, err := cashu.ParseUnit(string(u))
		if err != nil || again != u || len(u) == 0 || len(u) > 32 || strings.ContainsAny(string(u), "|:, \x00") {
			t.Fatalf("%q becomes %q, then %q, %v", s, u, again, err)
		}
	})
}

func FuzzVerifyQuoteSignature(f *testing.F) {
	f.Add([]byte(pointG), amended[0].quote, amended[0].sig)
	f.Add([]byte(legacyPubkey), "q", invalidSignature)
	f.Add([]byte(""), "", "")
	outputs := amendedOutputs(f)
	f.Fuzz(func(t *testing.T, key []byte, quote, sig string) {
		p := point(t, pointG)
		if err := p.UnmarshalText(key); err != nil {
			return
		}
		ok := cashu.VerifyQuoteSignature(p, quote, outputs, sig)
		if ok && (quote != amended[0].quote && quote != amended[1].quote) {
			t.Fatalf("a forged signature: %v %q %s", p, quote, sig)
		}
	})
}
