package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
)

func TestEveryRouteDecodesCallsAndEncodes(t *testing.T) {
	t.Parallel()
	ks := keyset(t, "sat", 1, true)
	id, p1, p2, p3 := ks.ID.String(), point(t, 1).String(), point(t, 2).String(), point(t, 3).String()
	output := fmt.Sprintf(`{"amount":2,"id":"%s","B_":"%s"}`, id, p1)
	input := fmt.Sprintf(`{"amount":2,"id":"%s","secret":"<&>","C":"%s","witness":null,"dleq":{"e":1}}`, id, p2)
	signature := fmt.Sprintf(`{"amount":2,"id":"%s","C_":"%s"}`, id, p3)
	sigs := []cashu.BlindSignature{{Amount: 2, ID: ks.ID, C: point(t, 3)}}
	at := time.Unix(1_700_000_000, 0)

	m := newFakeMint()
	m.setView(viewOf(t, ks))
	m.createMintQuote = func(method string, req cashu.MintQuoteRequest) (mint.MintQuote, error) {
		return mint.MintQuote{ID: "q-1", Method: method, Unit: req.Unit, Amount: req.Amount, Request: "lnbc1",
			Pubkey: point(t, 1), Expiry: at, Updated: at}, nil
	}
	m.mintQuote = func(method, id string) (mint.MintQuote, error) {
		return mint.MintQuote{ID: id, Method: method, Unit: "sat", Amount: 8, Request: "lnbc1",
			AmountPaid: 8, AmountIssued: 8, Updated: at}, nil
	}
	m.issue = func(method string, req cashu.MintRequest) ([]cashu.BlindSignature, error) {
		if method != "bolt11" || req.Quote != "q-1" || len(req.Outputs) != 1 || req.Signature != "ab" {
			return nil, fmt.Errorf("called with %s %+v", method, req)
		}
		return sigs, nil
	}
	m.issueBatch = func(method string, req cashu.BatchMintRequest) ([]cashu.BlindSignature, error) {
		if method != "bolt11" || len(req.Quotes) == 2 && (req.Amounts[1] != 1 || *req.Signatures[0] != "ab" || req.Signatures[1] != nil) {
			return nil, fmt.Errorf("called with %s %+v", method, req)
		}
		return sigs, nil
	}
	m.mintQuotes = func(method string, ids []string) (list []mint.MintQuote, _ error) {
		for _, id := range ids {
			list = append(list, mint.MintQuote{ID: id, Method: method, Unit: "sat", Expiry: at, Updated: at})
		}
		return list, nil
	}
	m.swap = func(_ context.Context, req cashu.SwapRequest) ([]cashu.BlindSignature, error) {
		if len(req.Inputs) != 1 || req.Inputs[0].Secret != "<&>" || len(req.Outputs) != 1 {
			return nil, fmt.Errorf("called with %+v", req)
		}
		return sigs, nil
	}
	m.checkState = func(ys []bdhke.Point) ([]mint.ProofRecord, error) {
		var records []mint.ProofRecord
		for i, y := range ys {
			r := mint.ProofRecord{State: mint.ProofState(i % 3)}
			r.Y = y
			if r.State == mint.ProofSpent {
				r.Witness = `{"preimage":"<>"}`
			}
			records = append(records, r)
		}
		return records, nil
	}
	m.restore = func(outputs []cashu.BlindedMessage) ([]cashu.BlindedMessage, []cashu.BlindSignature, error) {
		return outputs[:1], sigs, nil
	}
	h, _ := server(t, m, nil)

	keys := fmt.Sprintf(`{"keysets":[{"id":"%s","unit":"sat","active":true,"input_fee_ppk":100,"keys":{"1":"%s","2":"%s","4":"%s"}}]}`, id, p1, p2, p3)
	tests := []struct {
		name, verb, path, body string
		want                   string
	}{
		{"info", "GET", "/v1/info", "", `{"name":"Test <mint>","version":"` + mint.Version + `","motd":"hello","nuts":{"7":{"supported":true}}}`},
		{"keys", "GET", "/v1/keys", "", keys},
		{"keys of one keyset", "GET", "/v1/keys/" + id, "", keys},
		{"keys of one keyset in upper case", "GET", "/v1/keys/" + strings.ToUpper(id), "", keys},
		{"keysets", "GET", "/v1/keysets", "", fmt.Sprintf(`{"keysets":[{"id":"%s","unit":"sat","active":true,"input_fee_ppk":100}]}`, id)},
		{"making a quote", "POST", "/v1/mint/quote/bolt11", `{"amount":8,"unit":"sat"}`,
			`{"quote":"q-1","request":"lnbc1","unit":"sat","amount":8,"method":"bolt11","state":"UNPAID","expiry":1700000000,"pubkey":"` + p1 + `","amount_paid":0,"amount_issued":0,"updated_at":1700000000}`},
		{"reading a quote without expiry and pubkey", "GET", "/v1/mint/quote/bolt11/q-1", "",
			`{"quote":"q-1","request":"lnbc1","unit":"sat","amount":8,"method":"bolt11","state":"ISSUED","expiry":null,"amount_paid":8,"amount_issued":8,"updated_at":1700000000}`},
		{"minting", "POST", "/v1/mint/bolt11", `{"quote":"q-1","outputs":[` + output + `],"signature":"ab"}`, `{"signatures":[` + signature + `]}`},
		{"minting a batch", "POST", "/v1/mint/bolt11/batch", `{"quotes":["q-1","q-2"],"quote_amounts":[1,1],"outputs":[` + output + `],"signatures":["ab",null]}`, `{"signatures":[` + signature + `]}`},
		{"a batch of one, from a wallet that says as little as it may", "POST", "/v1/mint/bolt11/batch", `{"quotes":["q-1"],"outputs":[` + output + `],"quote_amounts":null,"signatures":null}`, `{"signatures":[` + signature + `]}`},
		{"checking quotes", "POST", "/v1/mint/quote/bolt11/check", `{"quotes":["q-2","q-1"]}`,
			`[{"quote":"q-2","request":"","unit":"sat","amount":null,"method":"bolt11","state":"UNPAID","expiry":1700000000,"amount_paid":0,"amount_issued":0,"updated_at":1700000000},` +
				`{"quote":"q-1","request":"","unit":"sat","amount":null,"method":"bolt11","state":"UNPAID","expiry":1700000000,"amount_paid":0,"amount_issued":0,"updated_at":1700000000}]`},
		{"swap", "POST", "/v1/swap", `{"inputs":[` + input + `],"outputs":[` + output + `],"unknown":{}}`, `{"signatures":[` + signature + `]}`},
		{"swap with hex in upper case", "POST", "/v1/swap",
			strings.NewReplacer(id, strings.ToUpper(id), p1, strings.ToUpper(p1), p2, strings.ToUpper(p2)).
				Replace(`{"inputs":[` + input + `],"outputs":[` + output + `]}`), `{"signatures":[` + signature + `]}`},
		{"state check", "POST", "/v1/checkstate", fmt.Sprintf(`{"Ys":["%s","%s","%s","%s"]}`, p1, p2, p3, p1),
			fmt.Sprintf(`{"states":[{"Y":"%s","state":"UNSPENT","witness":null},{"Y":"%s","state":"PENDING","witness":null},`+
				`{"Y":"%s","state":"SPENT","witness":"{\"preimage\":\"<>\"}"},{"Y":"%s","state":"UNSPENT","witness":null}]}`, p1, p2, p3, p1)},
		{"state check of nothing", "POST", "/v1/checkstate", `{"Ys":[]}`, `{"states":[]}`},
		{"restore", "POST", "/v1/restore", `{"outputs":[` + output + `]}`, `{"outputs":[` + output + `],"signatures":[` + signature + `]}`},
		{"health", "GET", "/health", "", `{"status":"ok","live":true,"ready":true,"signatory":true,"database":true,"writable":true,"stuck":0,"payments":true}`},
		{"liveness", "GET", "/health/live", "", `{"live":true}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := ask(h, tt.verb, tt.path, tt.body)
			if w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			if got := w.Body.String(); got != tt.want {
				t.Errorf("answer\n%s\nwant\n%s", got, tt.want)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("content type is %q", got)
			}
			if w.Header().Get("Cache-Control") == "" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers are %v", w.Header())
			}
		})
	}
}

func TestTheContentTypeOfARequestDoesNotMatter(t *testing.T) {
	t.Parallel()
	m := newFakeMint()
	m.checkState = func([]bdhke.Point) ([]mint.ProofRecord, error) { return nil, nil }
	h, _ := server(t, m, nil)
	for _, contentType := range []string{"", "application/json; charset=utf-8", "text/plain", "nonsense"} {
		w := ask(h, "POST", "/v1/checkstate", `{"Ys":[]}`, "Content-Type", contentType)
		if w.Code != http.StatusOK {
			t.Errorf("%q: status %d", contentType, w.Code)
		}
	}
}

func TestUnknownRoutesAndWrongVerbsAreJSONErrors(t *testing.T) {
	t.Parallel()
	h, _ := server(t, newFakeMint(), nil)
	for _, tt := range []struct {
		verb, path string
		status     int
		allow      string
	}{
		{"GET", "/nothing", 404, ""},
		{"GET", "/v1", 404, ""},
		{"POST", "/v1/swap/", 404, ""},
		{"POST", "/v1/melt", 404, ""},
		{"GET", "/v1/melt/bolt11", 405, "OPTIONS, POST"},
		{"POST", "/v1/mint/bolt11/parts", 404, ""},
		{"GET", "/v1/mint/bolt11/batch", 405, "OPTIONS, POST"},
		{"GET", "/v1/swap", 405, "OPTIONS, POST"},
		{"DELETE", "/v1/keys", 405, "GET, HEAD, OPTIONS"},
		{"POST", "/v1/mint/quote/bolt11/q", 405, "GET, HEAD, OPTIONS"},
		{"PUT", "/v1/mint/quote/bolt11", 405, "OPTIONS, POST"},
		{"POST", "/", 405, "GET, HEAD, OPTIONS"},
		{"BREW", "/health", 405, "GET, HEAD, OPTIONS"},
	} {
		w := ask(h, tt.verb, tt.path, "")
		var got cashu.ErrorResponse
		if err := cashu.Decode(w.Body.Bytes(), &got); err != nil || got.Detail == "" {
			t.Errorf("%s %s: body %q (%v)", tt.verb, tt.path, w.Body, err)
		}
		if w.Code != tt.status || w.Header().Get("Allow") != tt.allow {
			t.Errorf("%s %s: status %d and allow %q, want %d and %q", tt.verb, tt.path,
				w.Code, w.Header().Get("Allow"), tt.status, tt.allow)
		}
	}
}

func TestPagesOfBrowsersMayUseTheMint(t *testing.T) {
	t.Parallel()
	h, _ := server(t, newFakeMint(), nil)
	for _, path := range []string{"/v1/swap", "/v1/info", "/v1/keys/00ad268c4d1f5826", "/v1/mint/quote/bolt11"} {
		w := ask(h, "OPTIONS", path, "", "Origin", "https://wallet.example", "Access-Control-Request-Method", "POST",
			"Access-Control-Request-Headers", "content-type")
		if w.Code != http.StatusNoContent {
			t.Errorf("%s: preflight status %d", path, w.Code)
		}
		allowed := strings.Split(w.Header().Get("Access-Control-Allow-Headers"), ", ")
		for _, want := range []string{"Content-Type", "Clear-auth", "Blind-auth"} {
			if !slices.Contains(allowed, want) {
				t.Errorf("%s: header %s is not allowed in %v", path, want, allowed)
			}
		}
		if got := w.Header().Get("Access-Control-Allow-Methods"); got != "GET, POST, OPTIONS" {
			t.Errorf("%s: methods %q", path, got)
		}
		if w.Header().Get("Access-Control-Max-Age") == "" || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: headers %v", path, w.Header())
		}
	}
	for _, path := range []string{"/v1/info", "/nothing", "/v1/keys/zz"} {
		if w := ask(h, "GET", path, ""); w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: a page cannot read the answer: %v", path, w.Header())
		}
	}
}

func TestHealthTellsReadyFromDegradedFromDown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		health mint.Health
		code   int
		want   string
	}{
		{"all well", mint.Health{Ready: true, Signatory: true, Database: true}, 200, `"status":"ok"`},
		{"signatory away: reads work", mint.Health{Ready: true, Database: true}, 200, `"status":"degraded"`},
		{"a payment backend away", mint.Health{Ready: true, Signatory: true, Database: true, Away: []string{"node"}}, 200, `"status":"degraded","live":true,"ready":true,"signatory":true,"database":true,"writable":true,"stuck":0,"payments":false`},
		{"a stuck saga", mint.Health{Ready: true, Signatory: true, Database: true, Stuck: 2}, 200, `"status":"degraded"`},
		{"a full disk: reads work", mint.Health{Ready: true, Signatory: true, Database: true, NoWrites: true}, 200, `"writable":false`},
		{"a full disk is no good health", mint.Health{Ready: true, Signatory: true, Database: true, NoWrites: true}, 200, `"status":"degraded"`},
		{"no keysets yet", mint.Health{Database: true, Signatory: true}, 503, `"status":"down"`},
		{"database away", mint.Health{Ready: true, Signatory: true}, 503, `"status":"down"`},
	} {
		m := newFakeMint()
		m.healthy = tt.health
		h, _ := server(t, m, nil)
		w := ask(h, "GET", "/health", "")
		if w.Code != tt.code || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: %d %s", tt.name, w.Code, w.Body)
		}
		if w := ask(h, "GET", "/health/live", ""); w.Code != 200 {
			t.Errorf("%s: the process answers and calls itself dead", tt.name)
		}
	}
}

func TestTheFrontPageIsPlainText(t *testing.T) {
	t.Parallel()
	h, _ := server(t, newFakeMint(), nil)
	w := ask(h, "GET", "/", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("status %d, content type %q", w.Code, w.Header().Get("Content-Type"))
	}
	for _, want := range []string{"Test <mint>", "hello", "Cashu"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("page does not say %q:\n%s", want, w.Body)
		}
	}
}

func TestConfigReportsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := New(Config{MaxBody: -1, RetryAfter: -1})
	if err == nil {
		t.Fatal("New took a wrong configuration")
	}
	for _, want := range []string{"mint is missing", "max body", "retry after"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}
