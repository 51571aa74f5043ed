package cashu_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mintmark/bdhke"
	"mintmark/cashu"
)

const (
	secretText = "407915bc212be61a77e3e6d2aeb4c727980bda51cd06a6afc29e2861768a7837"
	proofText  = `{"amount":2,"id":"` + idV1 + `","secret":"` + secretText + `","C":"` + pointG + `"}`
	outputText = `{"amount":8,"id":"` + idV2 + `","B_":"` + pointA + `"}`
)

func keysetID(t testing.TB, s string) cashu.KeysetID {
	t.Helper()
	id, err := cashu.ParseKeysetID(s)
	if err != nil {
		t.Fatalf("bad keyset id in the test: %v", err)
	}
	return id
}

// code is the code of an error that must be for a wallet; 0 for none.
func code(t testing.TB, err error) cashu.Code {
	t.Helper()
	if err == nil {
		return 0
	}
	e, ok := errors.AsType[*cashu.Error](err)
	if !ok {
		t.Fatalf("%v is no *cashu.Error", err)
	}
	return e.Code
}

func TestProofJSON(t *testing.T) {
	t.Parallel()
	want := cashu.Proof{Amount: 2, ID: keysetID(t, idV1), Secret: secretText, C: point(t, pointG)}
	var p cashu.Proof
	if err := cashu.Decode([]byte(proofText), &p); err != nil || p != want {
		t.Fatalf("Decode = %v, %v", p, err)
	}
	if text, err := cashu.Encode(p); err != nil || string(text) != proofText {
		t.Errorf("Encode = %s, %v", text, err)
	}
}

// with replaces one thing in a proof.
func with(old, new string) string { return strings.Replace(proofText, old, new, 1) }

func TestProofJSONIsReadStrictlyAndTheCodeSaysWhatWasWrong(t *testing.T) {
	t.Parallel()
	const amount = `"amount":2`
	c := `"C":"` + pointG + `"`
	secret := `"secret":"` + secretText + `"`
	for _, tt := range []struct {
		name, text string
		want       cashu.Code
	}{
		{"upper-case hex", with(pointG, strings.ToUpper(pointG)), 0},
		{"unknown fields", with("{", `{"x":[1,{"y":null}],"dleq":{"e":"?","r":1},"p2pk_e":7,`), 0},
		{"null witness", with("{", `{"witness":null,`), 0},
		{"names in another case are unknown fields", with("{", `{"c":1,"Amount":"x","SECRET":1,`), 0},
		{"the largest amount", with(amount, `"amount":18446744073709551615`), 0},
		{"2^63", with(amount, `"amount":9223372036854775808`), 0},

		{"amount 2^64", with(amount, `"amount":18446744073709551616`), cashu.CodeMalformed},
		{"huge amount", with(amount, `"amount":1`+strings.Repeat("0", 400)), cashu.CodeMalformed},
		{"negative amount", with(amount, `"amount":-1`), cashu.CodeMalformed},
		{"negative zero", with(amount, `"amount":-0`), cashu.CodeMalformed},
		{"fraction", with(amount, `"amount":2.0`), cashu.CodeMalformed},
		{"exponent", with(amount, `"amount":2e0`), cashu.CodeMalformed},
		{"leading zero", with(amount, `"amount":02`), cashu.CodeMalformed},
		{"amount as a string", with(amount, `"amount":"2"`), cashu.CodeMalformed},
		{"amount as a list", with(amount, `"amount":[2]`), cashu.CodeMalformed},
		{"amount true", with(amount, `"amount":true`), cashu.CodeMalformed},
		{"null amount", with(amount, `"amount":null`), cashu.CodeMalformed},
		{"no amount", with(amount+",", ``), cashu.CodeMalformed},
		{"amount twice", with(amount, amount+","+amount), cashu.CodeMalformed},
		{"C twice", with(c, c+","+c), cashu.CodeMalformed},
		{"a name twice, once escaped", with(c, c+`,"\u0043":"`+pointA+`"`), cashu.CodeMalformed},
		{"an unknown name twice", with("{", `{"x":1,"x":2,`), cashu.CodeMalformed},
		{"a name twice inside of an unknown field", with("{", `{"x":{"a":1,"a":2},`), cashu.CodeMalformed},

		{"short id", with(idV1, idV2[:16]), cashu.CodeKeysetUnknown},
		{"unknown version", with(idV1, "02"+idV2[2:]), cashu.CodeKeysetUnknown},
		{"id as a number", with(`"id":"`+idV1+`"`, `"id":1`), cashu.CodeMalformed},
		{"null id", with(`"`+idV1+`"`, `null`), cashu.CodeKeysetUnknown},
		{"empty id", with(idV1, ``), cashu.CodeKeysetUnknown},

		{"no secret", with(secret+",", ``), cashu.CodeMalformed},
		{"null secret", with(`"`+secretText+`"`, `null`), cashu.CodeMalformed},
		{"secret as an object", with(`"`+secretText+`"`, `{}`), cashu.CodeMalformed},
		{"lone high surrogate", with(secretText, `\ud800`), cashu.CodeMalformed},
		{"lone low surrogate", with(secretText, `\udc00x`), cashu.CodeMalformed},
		{"surrogates in the wrong order", with(secretText, `\udc00\ud800`), cashu.CodeMalformed},
		{"invalid UTF-8", with(secretText, "a\xffb"), cashu.CodeMalformed},
		{"overlong UTF-8", with(secretText, "\xc0\x80"), cashu.CodeMalformed},
		{"a surrogate in UTF-8", with(secretText, "\xed\xa0\x80"), cashu.CodeMalformed},
		{"invalid UTF-8 in an unknown field", with("{", "{\"x\":\"\xff\","), cashu.CodeMalformed},
		{"a raw control character", with(secretText, "a\nb"), cashu.CodeMalformed},

		{"uncompressed C", with(pointG, "04"+pointG[2:]+"483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"), cashu.CodeProofInvalid},
		{"C off the curve", with(pointG, "02"+strings.Repeat("0", 63)+"5"), cashu.CodeProofInvalid},
		{"C infinity", with(pointG, "00"), cashu.CodeProofInvalid},
		{"empty C", with(pointG, ""), cashu.CodeProofInvalid},
		{"C not hex", with(pointG, "zz"+pointG[2:]), cashu.CodeProofInvalid},
		{"C as a number", with(`"`+pointG+`"`, `3`), cashu.CodeMalformed},
		{"null C", with(`"`+pointG+`"`, `null`), cashu.CodeMalformed},
		{"no C", with(","+c, ``), cashu.CodeMalformed},

		{"witness as a number", with("{", `{"witness":1,`), cashu.CodeMalformed},
		{"witness as a list", with("{", `{"witness":["x"],`), cashu.CodeMalformed},
		{"witness object with a name twice", with("{", `{"witness":{"a":1,"a":1},`), cashu.CodeMalformed},

		{"null", `null`, cashu.CodeMalformed},
		{"a list", `[]`, cashu.CodeMalformed},
		{"a string", `"x"`, cashu.CodeMalformed},
		{"nothing", ``, cashu.CodeMalformed},
		{"an empty object", `{}`, cashu.CodeMalformed},
		{"cut off", proofText[:len(proofText)-1], cashu.CodeMalformed},
		{"trailing data", proofText + "{}", cashu.CodeMalformed},
		{"a trailing comma", proofText[:len(proofText)-1] + ",}", cashu.CodeMalformed},
		{"a byte order mark", "\ufeff" + proofText, cashu.CodeMalformed},
		{"deep nesting", with("{", `{"x":`+strings.Repeat("[", 20000)), cashu.CodeMalformed},
	} {
		var p cashu.Proof
		if got := code(t, cashu.Decode([]byte(tt.text), &p)); got != tt.want {
			t.Errorf("%s: code %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestProofJSONIsCutOffSafelyEverywhere(t *testing.T) {
	t.Parallel()
	full := with("{", `{"witness":"w","x":[1,{"y":"z"}],`)
	for n := range len(full) {
		var p cashu.Proof
		if err := cashu.Decode([]byte(full[:n]), &p); err == nil {
			t.Errorf("the first %d bytes are taken for a proof", n)
		}
	}
}

func TestSecretIsKeptAsTheWalletMeantIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ json, want string }{
		"empty":                   {``, ""},
		"HTML":                    {`<&>`, "<&>"},
		"escaped HTML":            {`\u003c\u0026\u003e`, "<&>"},
		"NUL":                     {`a\u0000b`, "a\x00b"},
		"line separator":          {"\u2028", "\u2028"},
		"emoji":                   {`😀`, "😀"},
		"emoji as surrogates":     {`\ud83d\ude00`, "😀"},
		"not NFC":                 {"e\u0301", "e\u0301"},
		"the replacement itself":  {"\ufffd", "\ufffd"},
		"nested JSON with spaces": {`[\"P2PK\", {\"nonce\": \"1\"}]`, `["P2PK", {"nonce": "1"}]`},
	} {
		var p cashu.Proof
		if err := cashu.Decode([]byte(with(secretText, tt.json)), &p); err != nil || p.Secret != tt.want {
			t.Errorf("%s: secret %q, %v; want %q", name, p.Secret, err, tt.want)
			continue
		}
		y, err := p.Y()
		want, errWant := bdhke.HashToCurve([]byte(tt.want))
		if err != nil || errWant != nil || y != want {
			t.Errorf("%s: Y = %v, %v; want %v", name, y, err, want)
		}
		text, err := cashu.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		var back cashu.Proof
		if err := cashu.Decode(text, &back); err != nil || back != p {
			t.Errorf("%s: there and back is %q, %v", name, back.Secret, err)
		}
		if strings.Contains(string(text), `\u003c`) {
			t.Errorf("%s: HTML is escaped in %s", name, text)
		}
	}
}

func TestWitnessIsKeptVerbatim(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ json, want string }{
		"a string":        {`"{\"signatures\": [\"ab\"]}"`, `{"signatures": ["ab"]}`},
		"an object":       {`{"signatures": ["ab"]}`, `{"signatures": ["ab"]}`},
		"null":            {`null`, ""},
		"an empty string": {`""`, ""},
	} {
		var p cashu.Proof
		if err := cashu.Decode([]byte(with("{", `{"witness":`+tt.json+`,`)), &p); err != nil || p.Witness != tt.want {
			t.Errorf("%s: witness %q, %v; want %q", name, p.Witness, err, tt.want)
		}
	}
}

func TestProofShowsNoMoneyInPrintsAndLogs(t *testing.T) {
	t.Parallel()
	p := cashu.Proof{Amount: 2, ID: keysetID(t, idV1), Secret: secretText, C: point(t, pointG), Witness: "witness-text"}
	var buf bytes.Buffer
	for _, v := range []any{p, &p, []cashu.Proof{p}, cashu.SwapRequest{Inputs: []cashu.Proof{p}}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
			fmt.Fprintf(&buf, verb+"\n", v)
		}
	}
	slog.New(slog.NewJSONHandler(&buf, nil)).Info("x", "p", p, "q", &p)
	slog.New(slog.NewTextHandler(&buf, nil)).Info("x", "p", p, "q", &p)
	for _, s := range []string{secretText, pointG, "witness-text"} {
		if strings.Contains(buf.String(), s) {
			t.Errorf("%s shows in %s", s, &buf)
		}
	}
}

func TestBlindedMessageJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       cashu.Code
	}{
		{"complete", outputText, 0},
		{"what other wallets add", strings.Replace(outputText, "{", `{"C_":null,"witness":"x",`, 1), 0},
		{"no amount", strings.Replace(outputText, `"amount":8,`, ``, 1), cashu.CodeMalformed},
		{"no B_", `{"amount":8,"id":"` + idV2 + `"}`, cashu.CodeMalformed},
		{"b_ in lower case", strings.Replace(outputText, "B_", "b_", 1), cashu.CodeMalformed},
		{"no id", `{"amount":8,"B_":"` + pointA + `"}`, cashu.CodeKeysetUnknown},
		{"short id", strings.Replace(outputText, idV2, idV2[:16], 1), cashu.CodeKeysetUnknown},
		{"B_ with 65 bytes", strings.Replace(outputText, pointA, "04"+pointA[2:]+pointA[2:], 1), cashu.CodeMalformed},
		{"B_ infinity", strings.Replace(outputText, pointA, strings.Repeat("00", 33), 1), cashu.CodeMalformed},
	} {
		var m cashu.BlindedMessage
		err := cashu.Decode([]byte(tt.text), &m)
		if got := code(t, err); got != tt.want {
			t.Errorf("%s: code %d, want %d", tt.name, got, tt.want)
		}
		if err != nil {
			continue
		}
		if text, err := cashu.Encode(m); err != nil || string(text) != outputText {
			t.Errorf("%s: Encode = %s, %v", tt.name, text, err)
		}
	}
}

func TestBlindSignatureJSON(t *testing.T) {
	t.Parallel()
	const e, s = "2a16ffee280aff3c429045607f9b8e0bf8b35910c44c1b20b9dfaf01b263d7b3", "9df27731238334718d120d4f74611a7c668233f988e687ac3fb188f0a34a2dab"
	bare := `{"amount":8,"id":"` + idV1 + `","C_":"` + pointA + `"}`
	proved := `{"amount":8,"id":"` + idV1 + `","C_":"` + pointA + `","dleq":{"e":"` + e + `","s":"` + s + `"}}`
	for name, text := range map[string]string{"without dleq": bare, "with dleq": proved} {
		var v cashu.BlindSignature
		if err := cashu.Decode([]byte(text), &v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if (v.DLEQ != nil) != (text == proved) {
			t.Errorf("%s: dleq %v", name, v.DLEQ)
		}
		if got, err := cashu.Encode(v); err != nil || string(got) != text {
			t.Errorf("%s: Encode = %s, %v", name, got, err)
		}
	}
	for name, text := range map[string]string{
		"no C_":                 strings.Replace(bare, "C_", "x", 1),
		"no amount":             strings.Replace(bare, "amount", "x", 1),
		"no id":                 strings.Replace(bare, `"id"`, `"x"`, 1),
		"dleq without s":        strings.Replace(proved, `"s"`, `"x"`, 1),
		"dleq with null e":      strings.Replace(proved, `"`+e+`"`, `null`, 1),
		"dleq with short e":     strings.Replace(proved, e, e[2:], 1),
		"dleq that is not hex":  strings.Replace(proved, e, "zz"+e[2:], 1),
		"dleq that is a string": strings.Replace(bare, "{", `{"dleq":"x",`, 1),
	} {
		var v cashu.BlindSignature
		if err := cashu.Decode([]byte(text), &v); code(t, err) != cashu.CodeMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	var null cashu.BlindSignature
	if err := cashu.Decode([]byte(strings.Replace(bare, "{", `{"dleq":null,`, 1)), &null); err != nil || null.DLEQ != nil {
		t.Errorf("null dleq: %v, %v", null.DLEQ, err)
	}
	if text, err := cashu.Encode(cashu.BlindSignature{Amount: 1}); err == nil {
		t.Errorf("an empty signature encodes as %s", text)
	}
}

func TestGoCmpComparesTheTypes(t *testing.T) {
	t.Parallel()
	a := cashu.SwapRequest{Inputs: []cashu.Proof{{ID: keysetID(t, idV1), C: point(t, pointA)}}}
	b := cashu.SwapRequest{Inputs: []cashu.Proof{{ID: keysetID(t, idV2), C: point(t, pointA)}}}
	if !cmp.Equal(a, a) || cmp.Equal(a, b) {
		t.Error("go-cmp does not tell two requests apart")
	}
}

func TestTheStandardLibraryReadsWhatWeWrite(t *testing.T) {
	t.Parallel()
	text, err := cashu.Encode(cashu.BlindSignature{Amount: 1 << 63, ID: keysetID(t, idV1), C: point(t, pointA), DLEQ: &bdhke.DLEQ{E: [32]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Amount uint64
		C      string            `json:"C_"`
		DLEQ   map[string]string `json:"dleq"`
	}
	if err := json.Unmarshal(text, &v); err != nil || v.Amount != 1<<63 || v.C != pointA || len(v.DLEQ["e"]) != 64 {
		t.Errorf("read as %+v, %v", v, err)
	}
}
