package httpapi

import (
	"net/http"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"mintmark/cashu"
)

// fuzzBody sends any bytes to a route: the answer is a success or a refusal with
// a code, never an internal error, and always JSON.
func fuzzBody(f *testing.F, path string, seeds ...string) {
	h, _ := server(f, acceptingMint(), nil)
	for _, s := range append(seeds, posts[path], "", "null", `{"x":"\ud800"}`, "{\"x\":\"\xff\"}", `{"outputs":[{}]}`) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w := ask(h, "POST", path, string(body))
		if w.Code == http.StatusOK && jsontext.Value(w.Body.Bytes()).IsValid() {
			return
		}
		var e cashu.ErrorResponse
		if err := cashu.Decode(w.Body.Bytes(), &e); err != nil {
			t.Fatalf("answer %q is not JSON", w.Body)
		}
		if w.Code != http.StatusBadRequest || e.Code == 0 || e.Detail == "" {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	})
}

const (
	seedID    = `"id":"00ad268c4d1f5826"`
	seedPoint = `"0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"`
	seedOut   = `{"amount":1,` + seedID + `,"B_":` + seedPoint + `}`
	seedIn    = `{"amount":18446744073709551615,` + seedID + `,"secret":"s","C":` + seedPoint + `,"witness":{"a":[]}}`
)

func FuzzSwapBody(f *testing.F) {
	fuzzBody(f, "/v1/swap", `{"inputs":[`+seedIn+`],"outputs":[`+seedOut+`]}`)
}

func FuzzMintBody(f *testing.F) {
	fuzzBody(f, "/v1/mint/bolt11", `{"quote":"q","outputs":[`+seedOut+`],"signature":null}`)
}

func FuzzMintQuoteBody(f *testing.F) {
	fuzzBody(f, "/v1/mint/quote/bolt11", `{"amount":1,"unit":"SAT","description":"x","pubkey":`+seedPoint+`}`)
}

func FuzzBatchMintBody(f *testing.F) {
	fuzzBody(f, "/v1/mint/bolt11/batch", `{"quotes":["q","r"],"quote_amounts":[1,2],"outputs":[`+seedOut+`],"signatures":[null,"ab"]}`,
		`{"quotes":["q"],"quote_amounts":null,"outputs":null,"signatures":null}`)
}

func FuzzQuoteCheckBody(f *testing.F) {
	fuzzBody(f, "/v1/mint/quote/bolt11/check", `{"quotes":["q","q"]}`, `{"quotes":[null]}`, `{"quotes":[]}`)
}

func FuzzCheckStateBody(f *testing.F) {
	fuzzBody(f, "/v1/checkstate", `{"Ys":[`+seedPoint+`,null]}`)
}

func FuzzRestoreBody(f *testing.F) {
	fuzzBody(f, "/v1/restore", `{"outputs":[`+seedOut+`,`+seedOut+`]}`)
}

func FuzzMeltQuoteBody(f *testing.F) {
	fuzzBody(f, "/v1/melt/quote/bolt11", `{"request":"lnbc1","unit":"SAT","options":{"mpp":{"amount":1},"amountless":{"amount_msat":2}}}`,
		`{"request":"lnbc1","unit":"sat","options":null}`, `{"request":"x","unit":"sat","options":{"mpp":null}}`)
}

func FuzzMeltBody(f *testing.F) {
	fuzzBody(f, "/v1/melt/bolt11", `{"quote":"q","inputs":[`+seedIn+`],"outputs":[`+seedOut+`],"prefer_async":true}`,
		`{"quote":"q","inputs":[],"outputs":null,"prefer_async":null}`)
}
