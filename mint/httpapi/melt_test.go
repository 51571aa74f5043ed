package httpapi

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
)

func TestMeltRoutesDecodeCallAndEncode(t *testing.T) {
	t.Parallel()
	ks := keyset(t, "sat", 1, true)
	id, p1, p2, p3 := ks.ID.String(), point(t, 1).String(), point(t, 2).String(), point(t, 3).String()
	blank := fmt.Sprintf(`{"amount":0,"id":"%s","B_":"%s"}`, id, p1)
	input := fmt.Sprintf(`{"amount":2,"id":"%s","secret":"s","C":"%s"}`, id, p2)
	quote := mint.MeltQuote{ID: "q-1", Method: "bolt11", Unit: "sat", Amount: 8, FeeReserve: 2, Request: "lnbc1",
		Terms: "secret terms", LookupID: "secret debt", Expiry: time.Unix(1_700_000_000, 0)}

	m := newFakeMint()
	m.createMeltQuote = func(method string, req cashu.MeltQuoteRequest) (mint.MeltQuote, error) {
		q := quote
		q.Method, q.Unit, q.Request = method, req.Unit, req.Request
		q.Amount = cashu.Amount(req.Options.AmountlessMsat + 10*req.Options.PartMsat)
		return q, nil
	}
	m.meltQuote = func(_, id string) (mint.Melted, error) {
		q := quote
		switch id {
		case "paid":
			q.State, q.Proof = mint.MeltPaid, "00ff"
			return mint.Melted{MeltQuote: q, Signatures: []cashu.BlindSignature{{Amount: 2, ID: ks.ID, C: point(t, 3)}}}, nil
		case "within":
			q.State = mint.MeltPaid
		case "settled":
			q.State, q.Proof = mint.MeltSettled, "00ff"
		}
		return mint.Melted{MeltQuote: q}, nil
	}
	m.melt = func(method string, req cashu.MeltRequest) (mint.Melted, error) {
		if method != "bolt11" || len(req.Inputs) != 1 || req.Quote != "q-1" {
			return mint.Melted{}, fmt.Errorf("called with %s %+v", method, req)
		}
		q := quote
		q.Amount = cashu.Amount(len(req.Outputs))
		if q.State = mint.MeltPaid; req.PreferAsync {
			q.State = mint.MeltPending
		}
		return mint.Melted{MeltQuote: q}, nil
	}
	h, _ := server(t, m, nil)

	body := func(amount int, state, rest string) string {
		return fmt.Sprintf(`{"quote":"q-1","request":"lnbc1","unit":"sat","amount":%d,"method":"bolt11","fee_reserve":2,`+
			`"state":"%s","expiry":1700000000,"payment_preimage":%s}`, amount, state, rest)
	}
	change := fmt.Sprintf(`"00ff","change":[{"amount":2,"id":"%s","C_":"%s"}]`, id, p3)
	for _, tt := range []struct {
		name, verb, path, body, prefer, want string
	}{
		{"a quote", "POST", "/v1/melt/quote/bolt11", `{"request":"lnbc1","unit":"SAT"}`, "", body(0, "UNPAID", "null")},
		{"a quote with an amount", "POST", "/v1/melt/quote/bolt11", `{"request":"lnbc1","unit":"sat","options":{"amountless":{"amount_msat":5,"x":1},"new":[]}}`, "", body(5, "UNPAID", "null")},
		{"a quote of a part", "POST", "/v1/melt/quote/bolt11", `{"request":"lnbc1","unit":"sat","options":{"mpp":{"amount":3}}}`, "", body(30, "UNPAID", "null")},
		{"an unpaid quote", "GET", "/v1/melt/quote/bolt11/q-1", "", "", body(8, "UNPAID", "null")},
		{"a paid quote with change", "GET", "/v1/melt/quote/bolt11/paid", "", "", body(8, "PAID", change)},
		{"a quote paid within the mint", "GET", "/v1/melt/quote/bolt11/within", "", "", body(8, "PAID", "null")},
		{"a quote whose change is owed", "GET", "/v1/melt/quote/bolt11/settled", "", "", body(8, "PENDING", "null")},
		{"a melt", "POST", "/v1/melt/bolt11", `{"quote":"q-1","inputs":[` + input + `],"outputs":[` + blank + `]}`, "", body(1, "PAID", "null")},
		{"a melt without outputs", "POST", "/v1/melt/bolt11", `{"quote":"q-1","inputs":[` + input + `]}`, "wait=5", body(0, "PAID", "null")},
		{"a melt that does not wait, by its body", "POST", "/v1/melt/bolt11", `{"quote":"q-1","inputs":[` + input + `],"outputs":null,"prefer_async":true}`, "", body(0, "PENDING", "null")},
		{"a melt that does not wait, by a header", "POST", "/v1/melt/bolt11", `{"quote":"q-1","inputs":[` + input + `]}`, "wait=5, Respond-Async; x=1", body(0, "PENDING", "null")},
	} {
		w := ask(h, tt.verb, tt.path, tt.body, "Prefer", tt.prefer)
		if w.Code != http.StatusOK || w.Body.String() != tt.want {
			t.Errorf("%s: %d\n%s\nwant\n%s", tt.name, w.Code, w.Body, tt.want)
		}
	}
	for _, bad := range []string{
		`{"unit":"sat"}`, `{"request":"lnbc1"}`, `{"request":"lnbc1","unit":"sat","options":{"mpp":{}}}`,
		`{"request":"lnbc1","unit":"sat","options":{"mpp":{"amount":0}}}`, `{"request":"lnbc1","unit":"sat","options":{"mpp":{"amount":"1"}}}`,
		`{"request":"lnbc1","unit":"sat","options":[]}`, `{"request":"lnbc1","unit":"sat","options":{"amountless":{"amount_msat":-1}}}`,
	} {
		w := ask(h, "POST", "/v1/melt/quote/bolt11", bad)
		var got cashu.ErrorResponse
		if err := cashu.Decode(w.Body.Bytes(), &got); err != nil || w.Code != 400 || got.Code != cashu.CodeMalformed {
			t.Errorf("%s: %d %s", bad, w.Code, w.Body)
		}
	}
	if w := ask(h, "POST", "/v1/melt/bolt11", `{"quote":"q-1","inputs":[],"prefer_async":"yes"}`); w.Code != 400 {
		t.Errorf("a flag that is a string: %d", w.Code)
	}
}
