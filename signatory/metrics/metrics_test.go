package metrics_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/seedfile"
	"mintmark/internal/tlsdir"
	"mintmark/keystore"
	"mintmark/signatory"
	"mintmark/signatory/metrics"
	"mintmark/signatory/server"
)

func page(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("the page answers %d", w.Code)
	}
	return w.Body.String()
}

func openKeystore(t *testing.T) (*keystore.Keystore, cashu.Keyset) {
	t.Helper()
	seed, err := seedfile.FromHex(strings.Repeat("5a", 32))
	if err != nil {
		t.Fatal(err)
	}
	ks, err := keystore.Open(t.Context(), keystore.Config{Path: ":memory:", Create: true, Seed: seed, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ks.Close() })
	k, err := ks.Rotate(t.Context(), keystore.RotateParams{Unit: "sat", Amounts: []cashu.Amount{1, 2, 4, 8}, FinalExpiry: 4_000_000_000})
	if err != nil {
		t.Fatal(err)
	}
	return ks, k
}

func TestThePageTellsWhatWasSignedAndRefused(t *testing.T) {
	t.Parallel()
	ks, k := openKeystore(t)
	certs := t.TempDir()
	if _, err := tlsdir.Generate(tlsdir.Request{Dir: certs}); err != nil {
		t.Fatal(err)
	}
	clients, err := server.ParseClients("clients.toml", []byte(`
[[client]]
name = "mint"
roles = ["mint"]
san = ["dns:mint"]
[[client.budget]]
unit = "sat"
hour_value = 20
`))
	if err != nil {
		t.Fatal(err)
	}
	counts := metrics.New()
	ready := make(chan net.Addr, 1)
	s, err := server.New(server.Config{
		Keystore: ks, Records: ks, Lifecycle: ks, Listen: "127.0.0.1:0", TLSDir: certs, Clients: clients, Meter: counts,
		Ready: func(a net.Addr) { ready <- a }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	counts.Watch(s, func() map[string]time.Time { return map[string]time.Time{"sat": time.Unix(3_000_000_000, 0)} })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	c, err := signatory.Dial(signatory.ClientConfig{Address: (<-ready).String(), TLSDir: certs})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sign := func(amounts ...cashu.Amount) error {
		messages := make([]cashu.BlindedMessage, len(amounts))
		for i, amount := range amounts {
			r, err := bdhke.RandomScalar(nil)
			if err != nil {
				t.Fatal(err)
			}
			b, err := bdhke.Blind(fmt.Appendf(nil, "%d", i), r)
			if err != nil {
				t.Fatal(err)
			}
			messages[i] = cashu.BlindedMessage{Amount: amount, ID: k.ID, B: b}
		}
		_, err := c.BlindSign(t.Context(), messages)
		return err
	}
	if err := sign(8, 4); err != nil {
		t.Fatal(err)
	}
	if err := sign(8, 4); err == nil {
		t.Fatal("the budget allows more than it says")
	}
	if err := s.Reload(t.Context(), server.Reading{Clients: func() (*server.Clients, error) { return nil, os.ErrNotExist }}); err == nil {
		t.Fatal("a file that is not there was read")
	}
	got := page(t, counts)
	for _, want := range []string{
		`signatory_call_seconds_count{method="BlindSign"} 2`,
		`signatory_signatures_total{keyset="` + k.ID.String() + `"} 2`,
		`signatory_signed_value_total{keyset="` + k.ID.String() + `"} 12`,
		`signatory_refusals_total{method="BlindSign",reason="nut`,
		`signatory_budget_used{client="mint",of="value",unit="sat",window="hour"} 12`,
		`signatory_budget_limit{client="mint",of="value",unit="sat",window="hour"} 20`,
		`signatory_keyset_final_expiry_seconds{keyset="` + k.ID.String() + `",stage="active",unit="sat"} 4e+09`,
		`signatory_certificate_expiry_seconds{role="server"}`,
		`signatory_certificate_expiry_seconds{role="authority"}`,
		`signatory_next_rotation_seconds{unit="sat"} 3e+09`,
		"signatory_last_reload_successful 0",
		"signatory_locked 0", "signatory_stale 0", "signatory_audit_head_seq ", "go_goroutines",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if t.Failed() {
		for line := range strings.Lines(got) {
			if strings.HasPrefix(line, "signatory_") {
				t.Log(line)
			}
		}
	}
}

// fixedState is a signatory that is as it is told to be.
type fixedState struct{ now server.State }

func (f fixedState) State(context.Context) server.State { return f.now }

func TestThePageOfALockedSignatoryTellsOnlyThat(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.Watch(fixedState{server.State{Locked: true, Epoch: 7}}, nil)
	got := page(t, m)
	if !strings.Contains(got, "signatory_locked 1") || strings.Contains(got, "signatory_keyset_epoch 7") {
		t.Error(got)
	}
}

func TestFrozenUnitsAreOnThePage(t *testing.T) {
	t.Parallel()
	m := metrics.New()
	m.Watch(fixedState{server.State{Frozen: []cashu.Unit{"", "usd"}, Stale: true}}, nil)
	got := page(t, m)
	for _, want := range []string{`signatory_frozen{unit="all"} 1`, `signatory_frozen{unit="usd"} 1`, "signatory_stale 1"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}
