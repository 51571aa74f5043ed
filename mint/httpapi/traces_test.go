package httpapi_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"mintmark/cashu"
	"mintmark/mint/httpapi"
	"mintmark/mint/tracing"
)

// collector keeps what it is sent, as it comes over the wire.
type collector struct {
	*httptest.Server
	mu   sync.Mutex
	seen bytes.Buffer
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, _ = io.Copy(&c.seen, r.Body)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen.String()
}

// P9, for traces: routes, codes and times, and nothing of anybody.
func TestTracesTellNothingOfWalletsOrCoins(t *testing.T) {
	t.Parallel()
	m, sink := newRealMint(t), newCollector(t)
	tracer, err := tracing.Open(t.Context(), tracing.Config{Endpoint: sink.URL + "/v1/traces", Share: 1})
	if err != nil {
		t.Fatal(err)
	}
	m.wrap = tracer.Signer
	m.stop()
	m.start()
	var logged bytes.Buffer
	if m.handler, err = httpapi.New(httpapi.Config{
		Mint: m.mint, Trace: tracer.Request, Logger: slog.New(slog.NewTextHandler(&logged, nil)),
	}); err != nil {
		t.Fatal(err)
	}
	coins := m.coins(m.sat, 16)
	out := m.outputs(m.sat, 16)
	m.mustPost(swapPath, cashu.SwapRequest{Inputs: coins, Outputs: messages(out)}, new(cashu.SwapResponse))
	invoice := m.invoice(4, "a private matter")
	offer := m.meltQuote(invoice)
	quote := m.unpaid("sat", 8)
	get(m.handler, "/v1/mint/quote/bolt11/"+quote)
	get(m.handler, "/a/path/of/secrets?with=more")
	post(m.handler, swapPath, m.encode(cashu.SwapRequest{Inputs: coins, Outputs: messages(m.outputs(m.sat, 16))}))
	req := httptest.NewRequest("POST", mintPath, strings.NewReader(`{"quote":"`+quote+`","outputs":[]}`))
	req.Header.Set("X-Request-Id", "chosen-by-a-wallet")
	req.Header.Set("Traceparent", "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01")
	req.RemoteAddr = "198.51.100.77:4711"
	m.handler.ServeHTTP(httptest.NewRecorder(), req)
	if err := tracer.Close(); err != nil {
		t.Fatal(err)
	}

	if !strings.Contains(logged.String(), " trace=") {
		t.Errorf("the log does not name the traces:\n%s", logged.String())
	}
	seen := sink.text()
	for _, want := range []string{
		"POST /v1/swap", "GET /v1/mint/quote/{method}/{id}", "signatory BlindSign", "signatory VerifyProofs", "mintmark.code", "mintd",
	} {
		if !strings.Contains(seen, want) {
			t.Errorf("the traces do not tell of %q", want)
		}
	}
	y, err := coins[0].Y()
	if err != nil {
		t.Fatal(err)
	}
	for what, secret := range map[string]string{
		"a quote": quote, "an offer": offer, "an invoice": invoice, "a description": "a private matter", "a secret": coins[0].Secret,
		"a Y": y.String(), "a C": coins[0].C.String(), "a B_": out[0].B.String(), "a keyset's key": m.keys.keys[m.sat.ID][16].Public().String(),
		"a path": "secrets", "a query": "with=more", "an address": "198.51.100.77", "a wallet's word": "chosen-by-a-wallet",
		"a stranger's trace": strings.Repeat("\xaa", 16), "a detail": cashu.ErrProofsSpent.Detail,
	} {
		if strings.Contains(seen, secret) {
			t.Errorf("the traces tell %s", what)
		}
	}
	if bytesOfY := y.Key(); strings.Contains(seen, string(bytesOfY[:])) {
		t.Error("the traces tell a Y in bytes")
	}
}

func TestACollectorThatIsAwayStopsNobody(t *testing.T) {
	t.Parallel()
	m := newRealMint(t)
	tracer, err := tracing.Open(t.Context(), tracing.Config{Endpoint: "http://127.0.0.1:1/v1/traces", Share: 1})
	if err != nil {
		t.Fatal(err)
	}
	if m.handler, err = httpapi.New(httpapi.Config{Mint: m.mint, Trace: tracer.Request}); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		m.unpaid("sat", 8)
	}
}
