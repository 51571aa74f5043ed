package e2e

import (
	"net/http"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/wallet/mintclient"
)

// repeatable is a request that the mint promises to answer again, and its answer.
type repeatable struct {
	path, answer string
	body         any
}

// NUT-19 and P4, of every method: what /v1/info promises to answer again is answered
// with the same bytes after a death of the mint, with another keyset active and the
// signatory away.
func TestEveryMethodAnswersAgainAfterADeath(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	var info struct {
		Nuts struct {
			Cached cashu.CachedInfo `json:"19"`
		} `json:"nuts"`
	}
	w.MustGet("/v1/info", &info)
	var list []repeatable
	for _, e := range info.Nuts.Cached.CachedEndpoints {
		r := repeatable{path: e.Path}
		method := strings.Split(e.Path+"//", "/")[3] // of what is not the swap
		switch {
		case e.Method != "POST":
			t.Fatalf("a promise for %s %s", e.Method, e.Path)
		case e.Path == "/v1/swap":
			r.body = cashu.SwapRequest{Inputs: w.Mint(9), Outputs: harness.Messages(w.Outputs(9))}
		case strings.HasSuffix(e.Path, "/batch"):
			r.body = batchOf(t, w, method)
		case strings.HasPrefix(e.Path, "/v1/mint/"):
			r.body = mintOf(t, w, method)
		case strings.HasPrefix(e.Path, "/v1/melt/"):
			a := newMeltBy(w, method, 20, "")
			r.body, r.answer = a.body, a.put(t, w).Body
		}
		if r.answer == "" {
			reply, err := w.Post(r.path, r.body)
			if err != nil || reply.Status != http.StatusOK {
				t.Fatalf("%s: %v, %v", r.path, reply, err)
			}
			r.answer = reply.Body
		}
		list = append(list, r)
	}
	if len(list) != 10 {
		t.Errorf("%d endpoints are promised: %+v", len(list), info.Nuts.Cached.CachedEndpoints)
	}
	made := s.Rotate()
	s.Mintd.WaitLog(`msg="new keyset" keyset=` + strings.Fields(made)[1])
	s.Mintd.Kill()
	s.StartMintd()
	s.Signatory.Kill()
	for _, r := range list {
		reply, err := w.Post(r.path, r.body)
		if err != nil || reply.Status != http.StatusOK || reply.Body != r.answer {
			t.Errorf("%s is answered %v, %v\nand was %s", r.path, reply, err, r.answer)
		}
	}
}

// paidBy makes a quote of the method and waits until 1000 was paid for it.
func paidBy(w *harness.Wallet, method string) mintclient.MintQuote {
	if method == "bolt11" {
		return w.PaidQuote(1000)
	}
	return w.WaitPaidOf(method, openQuoteOf(w, method).Quote, 1000)
}

// mintOf is a request for the whole of a quote.
func mintOf(t *testing.T, w *harness.Wallet, method string) cashu.MintRequest {
	t.Helper()
	r := cashu.MintRequest{Quote: paidBy(w, method).Quote, Outputs: harness.Messages(w.Outputs(1000))}
	if method != "bolt11" {
		r.Signature = w.SignQuote(openKey, r.Quote, r.Outputs)
	}
	return r
}

// batchOf is a request for two quotes at once (NUT-29), in part where that may be.
func batchOf(t *testing.T, w *harness.Wallet, method string) map[string]any {
	t.Helper()
	one, two := paidBy(w, method).Quote, paidBy(w, method).Quote
	body := map[string]any{"quotes": []string{one, two}}
	if method == "bolt11" {
		body["outputs"] = harness.Messages(w.Outputs(2000))
		return body
	}
	outputs := harness.Messages(w.Outputs(1100))
	body["outputs"], body["quote_amounts"] = outputs, []int{1000, 100}
	body["signatures"] = []string{w.SignQuote(openKey, one, outputs), w.SignQuote(openKey, two, outputs)}
	return body
}
