package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"mintmark/cashu"
)

// NUT-19, and P4: what the mint says of itself is what it does. Every request that
// it promises to answer again is put again after a restart, two years later, with
// another keyset active and the signatory away.
func TestEveryEndpointThatIsSaidToReplayDoesSoAfterARestart(t *testing.T) {
	t.Parallel()
	m := newRealMint(t)
	coins, out := m.coins(m.sat, 16), messages(m.outputs(m.sat, 16))
	offer, blanks := m.meltQuote(m.invoice(4, "")), messages(m.outputs(m.sat, 1, 1, 1, 1))
	requests := map[string]string{
		"POST /v1/swap":              m.encode(cashu.SwapRequest{Inputs: coins, Outputs: out}),
		"POST /v1/mint/bolt11":       m.encode(cashu.MintRequest{Quote: m.quote("sat", 16), Outputs: messages(m.outputs(m.sat, 16))}),
		"POST /v1/mint/bolt11/batch": m.encode(cashu.BatchMintRequest{Quotes: []string{m.quote("sat", 8), m.quote("sat", 8)}, Outputs: messages(m.outputs(m.sat, 16))}),
		"POST /v1/melt/bolt11":       m.encode(cashu.MeltRequest{Quote: offer, Inputs: m.coins(m.sat, 16), Outputs: blanks}),
	}
	var info struct {
		Nuts struct {
			Cached map[string]any `json:"19"`
		} `json:"nuts"`
	}
	w := get(m.handler, "/v1/info")
	if err := cashu.Decode(w.Body.Bytes(), &info); err != nil {
		t.Fatal(err)
	}
	if ttl, there := info.Nuts.Cached["ttl"]; ttl != nil || !there {
		t.Errorf("ttl is %v (there: %v), want null, which is for ever", ttl, there)
	}
	var promised []string
	for _, e := range info.Nuts.Cached["cached_endpoints"].([]any) {
		endpoint := e.(map[string]any)
		promised = append(promised, endpoint["method"].(string)+" "+endpoint["path"].(string))
	}
	if len(promised) != len(requests) {
		t.Errorf("promised are %v, and %d requests are put", promised, len(requests))
	}
	answers := map[string]string{}
	for _, endpoint := range promised {
		body, ok := requests[endpoint]
		if !ok {
			t.Errorf("nothing proves what is promised of %s", endpoint)
			continue
		}
		answers[endpoint] = m.mustPost(endpoint[len("POST "):], body, &struct{}{})
	}
	for i := range m.keys.keysets { // what signed has retired since
		m.keys.keysets[i].Active = m.keys.keysets[i].ID == m.old.ID
	}
	m.keys.epoch++
	m.stop()
	m.clock.Add(int64(2 * 365 * 24 * time.Hour / time.Second))
	m.start()
	m.keys.away.Store(true)
	for endpoint, first := range answers {
		if w := post(m.handler, endpoint[len("POST "):], requests[endpoint]); w.Code != http.StatusOK || w.Body.String() != first {
			t.Errorf("%s is answered %d\n%s, and was\n%s", endpoint, w.Code, w.Body, first)
		}
	}
}
