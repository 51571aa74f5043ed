package bench

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAQuoteIsPaidInEveryWayOfSayingIt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       bool
	}{
		{"by its state", `{"quote":"q","request":"lnbc","state":"PAID","expiry":null}`, true},
		{"not by another state", `{"quote":"q","state":"UNPAID","paid":true}`, false},
		{"issued is not paid", `{"quote":"q","state":"ISSUED","amount_paid":5,"amount_issued":5}`, false},
		{"by the flag of old", `{"quote":"q","paid":true}`, true},
		{"not by the flag", `{"quote":"q","paid":false}`, false},
		{"by amounts", `{"quote":"q","amount_paid":5,"amount_issued":0}`, true},
		{"not when all is issued", `{"quote":"q","amount_paid":"5","amount_issued":"5"}`, false},
		{"not by saying nothing", `{"quote":"q","state":null,"paid":null}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var q quoteAnswer
			if err := decode([]byte(tt.body), &q); err != nil {
				t.Fatal(err)
			}
			if got := q.paid(); got != tt.want {
				t.Errorf("paid() = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestQuantitiesAreExactNumbersTextOrNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]quantity{`5`: 5, `"5"`: 5, `null`: 0, `9223372036854775808`: 1 << 63, `18446744073709551615`: 1<<64 - 1} {
		var q quantity
		if err := json.Unmarshal([]byte(text), &q); err != nil || q != want {
			t.Errorf("%s: %d, %v", text, q, err)
		}
	}
	for _, text := range []string{`-1`, `1.5`, `1e3`, `true`, `"x"`, `[]`, `18446744073709551616`} {
		var q quantity
		if err := json.Unmarshal([]byte(text), &q); err == nil {
			t.Errorf("%s was read as %d", text, q)
		}
	}
}

func TestARefusalIsReadWhateverItsBody(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, code, detail string }{
		{"an error of the NUTs", `{"detail":"Token already spent.","code":11001}`, "11001", "Token already spent."},
		{"a list for a detail", `{"detail":[{"msg":"bad"}]}`, "none", `[{"msg":"bad"}]`},
		{"error instead of detail, code as text", `{"error":"no","code":"20001"}`, "20001", "no"},
		{"a bare string", `"Malformed Body"`, "none", `"Malformed Body"`},
		{"no JSON", "<html>502</html>", "none", "<html>502</html>"},
		{"nothing", "", "none", ""},
		{"a null code", `{"detail":null,"code":null}`, "none", ""},
		{"control characters", "\x1b[2Jgone", "none", " [2Jgone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := refusal(400, []byte(tt.body))
			if f.kind != kindRefused || f.status != 400 || f.code != tt.code || f.detail != tt.detail {
				t.Errorf("got %+v", f)
			}
		})
	}
	if f := refusal(500, []byte(strings.Repeat("é", 5000))); len([]rune(f.detail)) > 200 {
		t.Errorf("a detail of %d characters is kept", len([]rune(f.detail)))
	}
}

func TestOnlyIDsThatOutputsMayHaveAreUsed(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"009a1f293253e41e":              true,
		"01" + strings.Repeat("ab", 32): true,
		"yjzQhxghPdrr":                  false, // base64, of the past
		"01" + strings.Repeat("ab", 7):  false, // the short form, of tokens
		"02" + strings.Repeat("ab", 32): false, // of another curve
		"":                              false,
	} {
		if got := usableID(id); got != want {
			t.Errorf("%q: %v, want %v", id, got, want)
		}
	}
}

func FuzzAnswersNeverPanic(f *testing.F) {
	f.Add(200, []byte(`{"signatures":[{"amount":1,"id":"00","C_":"02","dleq":{"e":"","s":""}}]}`))
	f.Add(400, []byte(`{"detail":"x","code":1}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		signatures, err := readSignatures(status, body, nil, "00")
		if err != nil {
			var counted tally
			counted.add(asFault(err))
		}
		for _, s := range signatures {
			if s.DLEQ != nil {
				_ = sample{sig: s}.verify()
			}
		}
		_ = refusal(status, body)
		var q quoteAnswer
		if decode(body, &q) == nil {
			q.paid()
		}
	})
}
