package cashu_test

import (
	"errors"
	"strings"
	"testing"

	"mintmark/cashu"
)

const swapText = `{"inputs":[` + proofText + `],"outputs":[` + outputText + `]}`

func TestRequestBodies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		into       any
		want       cashu.Code
	}{
		{"swap", swapText, new(cashu.SwapRequest), 0},
		{"swap with empty lists", `{"inputs":[],"outputs":[]}`, new(cashu.SwapRequest), 0},
		{"swap with null lists", `{"inputs":null,"outputs":null}`, new(cashu.SwapRequest), 0},
		{"swap with null as input", `{"inputs":[null],"outputs":[]}`, new(cashu.SwapRequest), cashu.CodeMalformed},
		{"swap with a list as input", `{"inputs":[[]],"outputs":[]}`, new(cashu.SwapRequest), cashu.CodeMalformed},
		{"swap with an object as inputs", `{"inputs":{},"outputs":[]}`, new(cashu.SwapRequest), cashu.CodeMalformed},
		{"swap with inputs twice", `{"inputs":[],"outputs":[],"inputs":[]}`, new(cashu.SwapRequest), cashu.CodeMalformed},
		{"swap with a broken C", strings.Replace(swapText, pointG, "02", 1), new(cashu.SwapRequest), cashu.CodeProofInvalid},
		{"swap with a broken id", strings.Replace(swapText, idV2, "01", 1), new(cashu.SwapRequest), cashu.CodeKeysetUnknown},
		{"swap with a missing comma", strings.Replace(swapText, `],"outputs"`, `]"outputs"`, 1), new(cashu.SwapRequest), cashu.CodeMalformed},
		{"swap with mismatched brackets", `{"inputs":[}`, new(cashu.SwapRequest), cashu.CodeMalformed},
		{"swap that is null", `null`, new(cashu.SwapRequest), cashu.CodeMalformed},

		{"mint", `{"quote":"q","outputs":[` + outputText + `],"signature":"ab"}`, new(cashu.MintRequest), 0},
		{"mint with null signature", `{"quote":"q","outputs":[],"signature":null}`, new(cashu.MintRequest), 0},
		{"mint without quote", `{"outputs":[]}`, new(cashu.MintRequest), cashu.CodeMalformed},
		{"mint with a number as quote", `{"quote":1,"outputs":[]}`, new(cashu.MintRequest), cashu.CodeMalformed},

		{"mint quote", `{"amount":21,"unit":"SAT"}`, new(cashu.MintQuoteRequest), 0},
		{"mint quote with nulls", `{"amount":21,"unit":"sat","description":null,"pubkey":null}`, new(cashu.MintQuoteRequest), 0},
		{"mint quote without amount", `{"unit":"sat"}`, new(cashu.MintQuoteRequest), 0},
		{"mint quote with null as amount", `{"unit":"sat","amount":null}`, new(cashu.MintQuoteRequest), 0},
		{"mint quote without unit", `{"amount":21}`, new(cashu.MintQuoteRequest), cashu.CodeMalformed},
		{"mint quote with an impossible unit", `{"amount":21,"unit":"a|b"}`, new(cashu.MintQuoteRequest), cashu.CodeUnitUnsupported},
		{"mint quote with a number as description", `{"amount":21,"unit":"sat","description":1}`, new(cashu.MintQuoteRequest), cashu.CodeMalformed},

		{"batch", `{"quotes":["a","b"],"quote_amounts":[5,3],"outputs":[` + outputText + `],"signatures":[null,"ab"]}`, new(cashu.BatchMintRequest), 0},
		{"batch with nulls", `{"quotes":["a"],"quote_amounts":null,"outputs":null,"signatures":null}`, new(cashu.BatchMintRequest), 0},
		{"batch of nothing", `{"quotes":[],"outputs":[` + outputText + `]}`, new(cashu.BatchMintRequest), cashu.CodeMalformed},
		{"batch without quotes", `{"outputs":[]}`, new(cashu.BatchMintRequest), cashu.CodeMalformed},
		{"batch of null", `{"quotes":[null],"outputs":[]}`, new(cashu.BatchMintRequest), cashu.CodeMalformed},
		{"batch with too few amounts", `{"quotes":["a","b"],"quote_amounts":[5],"outputs":[]}`, new(cashu.BatchMintRequest), cashu.CodeMalformed},
		{"batch with no amounts", `{"quotes":["a"],"quote_amounts":[null],"outputs":[]}`, new(cashu.BatchMintRequest), cashu.CodeMalformed},
		{"batch with too few signatures", `{"quotes":["a","b"],"outputs":[],"signatures":["ab"]}`, new(cashu.BatchMintRequest), cashu.CodeQuoteSignature},
		{"batch with a number as signature", `{"quotes":["a"],"outputs":[],"signatures":[1]}`, new(cashu.BatchMintRequest), cashu.CodeMalformed},
		{"quote check", `{"quotes":["a","a"]}`, new(cashu.QuoteCheckRequest), 0},
		{"quote check of nothing", `{"quotes":[]}`, new(cashu.QuoteCheckRequest), cashu.CodeMalformed},
		{"quote check of an object", `{"quotes":{}}`, new(cashu.QuoteCheckRequest), cashu.CodeMalformed},

		{"checkstate", `{"Ys":["` + pointA + `","` + pointA + `"]}`, new(cashu.CheckStateRequest), 0},
		{"checkstate of nothing", `{"Ys":[]}`, new(cashu.CheckStateRequest), 0},
		{"checkstate without Ys", `{"ys":[]}`, new(cashu.CheckStateRequest), cashu.CodeMalformed},
		{"checkstate of null", `{"Ys":[null]}`, new(cashu.CheckStateRequest), cashu.CodeMalformed},
		{"checkstate of no point", `{"Ys":["02"]}`, new(cashu.CheckStateRequest), cashu.CodeMalformed},
		{"checkstate of a number", `{"Ys":[2]}`, new(cashu.CheckStateRequest), cashu.CodeMalformed},

		{"restore", `{"outputs":[` + outputText + `]}`, new(cashu.RestoreRequest), 0},
		{"restore of a broken output", `{"outputs":[{}]}`, new(cashu.RestoreRequest), cashu.CodeMalformed},
	} {
		err := cashu.Decode([]byte(tt.text), tt.into)
		if got := code(t, err); got != tt.want {
			t.Errorf("%s: %v, want code %d", tt.name, err, tt.want)
		}
	}
}

func TestRequestValuesArriveWhereTheyBelong(t *testing.T) {
	t.Parallel()
	var q cashu.MintQuoteRequest
	if err := cashu.Decode([]byte(`{"amount":21,"unit":" SAT ","description":"tea","pubkey":"zz"}`), &q); err != nil {
		t.Fatal(err)
	}
	if q.Amount != 21 || q.Unit != "sat" || *q.Description != "tea" || *q.Pubkey != "zz" {
		t.Errorf("mint quote %+v", q)
	}
	var s cashu.SwapRequest
	if err := cashu.Decode([]byte(swapText), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Inputs) != 1 || s.Inputs[0].Secret != secretText || len(s.Outputs) != 1 || s.Outputs[0].B != point(t, pointA) {
		t.Errorf("swap %+v", s)
	}
	if text, err := cashu.Encode(s); err != nil || string(text) != swapText {
		t.Errorf("there and back is %s, %v", text, err)
	}
}

func TestErrorsNeverQuoteTheInput(t *testing.T) {
	t.Parallel()
	const marker = "hunter2"
	for _, text := range []string{
		`{"inputs":[{"secret":"` + marker, `{"inputs":["` + marker + `"]}`, `{"` + marker + `":1,"` + marker + `":1}`,
		`{"inputs":[{"amount":"` + marker + `"}]}`, `{"inputs":[{"id":"` + marker + `"}]}`, `{"inputs":[{"C":"` + marker + `"}]}`, marker,
	} {
		err := cashu.Decode([]byte(text), new(cashu.SwapRequest))
		if err == nil || strings.Contains(err.Error(), marker) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestErrorsCompareByCode(t *testing.T) {
	t.Parallel()
	err := error(cashu.Errorf(cashu.CodeProofsSpent, "proof %d is spent", 3))
	if !errors.Is(err, cashu.ErrProofsSpent) || errors.Is(err, cashu.ErrProofsPending) {
		t.Errorf("%v compares wrongly", err)
	}
	if got, want := err.Error(), "proof 3 is spent (code 11001)"; got != want {
		t.Errorf("Error = %q, want %q", got, want)
	}
	if got, err := cashu.Encode(cashu.ErrorResponse{Detail: "no <tags>", Code: cashu.CodeProofsSpent}); err != nil || string(got) != `{"detail":"no <tags>","code":11001}` {
		t.Errorf("body %s, %v", got, err)
	}
}
