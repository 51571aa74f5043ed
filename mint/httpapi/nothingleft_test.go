package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"mintmark/cashu"
)

func wantRefusal(t *testing.T, status, wantStatus int, body string, code cashu.Code) {
	t.Helper()
	var got cashu.ErrorResponse
	if err := cashu.Decode([]byte(body), &got); err != nil || status != wantStatus || got.Code != code {
		t.Errorf("answer is %d %s, want %d and code %d", status, body, wantStatus, code)
	}
}

func TestARefusalOfTheGateLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	m := newRealMint(t)
	h := m.limited()
	if w := post(h, mintQuotePath, `{"amount":8,"unit":"sat"}`); w.Code != 200 {
		t.Fatalf("the first quote: %d %s", w.Code, w.Body)
	}
	before := m.rows(t)
	w := post(h, mintQuotePath, `{"amount":8,"unit":"sat"}`)
	wantRefusal(t, w.Code, http.StatusTooManyRequests, w.Body.String(), cashu.CodeRateLimited)
	if w.Header().Get("Retry-After") != "1000" {
		t.Errorf("Retry-After is %q", w.Header().Get("Retry-After"))
	}
	if m.rows(t) != before {
		t.Error("the database has changed")
	}
}

// P8, over HTTP.
func TestWithoutItsSignatoryTheMintChangesNothing(t *testing.T) {
	t.Parallel()
	m := newRealMint(t)
	coins, out := m.coins(m.sat, 16), messages(m.outputs(m.sat, 16))
	paid, offer := m.quote("sat", 16), m.meltQuote(m.invoice(4, ""))
	m.keys.away.Store(true)
	before := m.rows(t)
	for path, body := range map[string]any{
		swapPath: cashu.SwapRequest{Inputs: coins, Outputs: out},
		mintPath: cashu.MintRequest{Quote: paid, Outputs: out},
		meltPath: cashu.MeltRequest{Quote: offer, Inputs: coins},
	} {
		w := post(m.handler, path, m.encode(body))
		wantRefusal(t, w.Code, http.StatusServiceUnavailable, w.Body.String(), cashu.CodeUnavailable)
		if w.Header().Get("Retry-After") == "" {
			t.Errorf("%s does not say when to come back", path)
		}
	}
	if m.rows(t) != before {
		t.Error("the database has changed")
	}
	m.keys.away.Store(false)
	m.mustPost(swapPath, cashu.SwapRequest{Inputs: coins, Outputs: out}, new(cashu.SwapResponse))
}

func TestAPaymentThatFailsIsRefusedAndGivesTheCoinsBack(t *testing.T) {
	t.Parallel()
	m := newRealMint(t)
	coins := m.coins(m.sat, 16)
	offer := m.meltQuote(m.invoice(4, "fail the payment"))
	w := post(m.handler, meltPath, m.encode(cashu.MeltRequest{Quote: offer, Inputs: coins, Outputs: messages(m.outputs(m.sat, 1))}))
	wantRefusal(t, w.Code, http.StatusBadRequest, w.Body.String(), cashu.CodePaymentFailed)
	rows := m.rows(t)
	for _, table := range []string{"sagas", "pending_proofs", "unsigned_outputs"} {
		if !strings.Contains(rows, "\n"+table+":\n  \n") {
			t.Errorf("%s is not empty:\n%s", table, rows)
		}
	}
	m.mustPost(swapPath, cashu.SwapRequest{Inputs: coins, Outputs: messages(m.outputs(m.sat, 16))}, new(cashu.SwapResponse))
}

// fuzzRefusals sends any body to a route of a real mint. Whatever is refused has
// left nothing behind, and was not signed.
func fuzzRefusals(f *testing.F, path string, seeds func(m *realMint) []string) {
	m := newRealMint(f)
	for _, s := range append(seeds(m), "", "{}", "null", `{"inputs":[{}]}`) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before, signed := m.rows(t), m.keys.signed.Load()
		w := post(m.handler, path, string(body))
		if w.Code == http.StatusOK {
			return
		}
		var e cashu.ErrorResponse
		if err := cashu.Decode(w.Body.Bytes(), &e); err != nil || w.Code != 400 || e.Code == 0 || e.Detail == "" {
			t.Fatalf("answer is %d %s", w.Code, w.Body)
		}
		if m.keys.signed.Load() != signed {
			t.Error("what was refused was signed")
		}
		if after := m.rows(t); after != before {
			t.Errorf("the database has changed from\n%s\nto\n%s", before, after)
		}
	})
}

func FuzzARefusedSwapLeavesNothing(f *testing.F) {
	fuzzRefusals(f, swapPath, func(m *realMint) []string {
		return []string{m.encode(cashu.SwapRequest{Inputs: m.coins(m.sat, 8), Outputs: messages(m.outputs(m.sat, 8))})}
	})
}

func FuzzARefusedMintLeavesNothing(f *testing.F) {
	fuzzRefusals(f, mintPath, func(m *realMint) []string {
		return []string{m.encode(cashu.MintRequest{Quote: m.quote("sat", 8), Outputs: messages(m.outputs(m.sat, 8))})}
	})
}

func FuzzARefusedMintQuoteLeavesNothing(f *testing.F) {
	fuzzRefusals(f, mintQuotePath, func(*realMint) []string {
		return []string{`{"amount":8,"unit":"sat","description":"x","pubkey":null}`}
	})
}

func FuzzARefusedMeltLeavesNothing(f *testing.F) {
	fuzzRefusals(f, meltPath, func(m *realMint) []string {
		return []string{m.encode(cashu.MeltRequest{Quote: m.meltQuote(m.invoice(4, "")), Inputs: m.coins(m.sat, 16), Outputs: messages(m.outputs(m.sat, 1))})}
	})
}

func FuzzARefusedMeltQuoteLeavesNothing(f *testing.F) {
	fuzzRefusals(f, meltQuotePath, func(m *realMint) []string {
		return []string{`{"request":"` + m.invoice(4, "") + `","unit":"sat"}`, `{"request":"x","unit":"sat","options":{"mpp":{"amount":1}}}`}
	})
}

func FuzzARefusedStateCheckLeavesNothing(f *testing.F) {
	fuzzRefusals(f, statePath, func(m *realMint) []string {
		return []string{`{"Ys":["` + m.outputs(m.sat, 1)[0].B.String() + `"]}`}
	})
}

func FuzzARefusedRestoreLeavesNothing(f *testing.F) {
	fuzzRefusals(f, restorePath, func(m *realMint) []string {
		return []string{`{"outputs":` + m.encode(messages(m.outputs(m.sat, 8, 4))) + `}`}
	})
}
