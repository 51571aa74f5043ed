package bench

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/internal/seedfile"
	"mintmark/keystore"
	"mintmark/signatory/server"
)

// startSignatory serves a real keystore in memory on a unix socket.
func startSignatory(t *testing.T) (address string) {
	t.Helper()
	seed, err := seedfile.FromHex(strings.Repeat("5a", 32))
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	keys, err := keystore.Open(t.Context(), keystore.Config{Path: ":memory:", Create: true, Seed: seed, IssuerVersion: "mintmark/0.1.0", Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keys.Close() })
	if _, err := keys.Rotate(t.Context(), keystore.RotateParams{Unit: "sat", Amounts: powers(8)}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "s")
	ready, done := make(chan net.Addr, 1), make(chan error, 1)
	s, err := server.New(server.Config{Keystore: keys, Listen: "unix:" + socket, Logger: quiet, Ready: func(a net.Addr) { ready <- a }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-ready:
	case err := <-done:
		t.Fatal(err)
	}
	return "unix:" + socket
}

func TestASignatorySignsAndVerifies(t *testing.T) {
	t.Parallel()
	at := startSignatory(t)
	r := mustRun(t)(Sign(t.Context(), small(8), SignConfig{Connect: at, Messages: 3}))
	if r.Scenario != "sign" || r.Succeeded != 8 || r.Checked.DLEQ != 24 || r.Floor.PerOperation <= 0 {
		t.Errorf("sign: %d done, %+v", r.Succeeded, r.Checked)
	}
	r = mustRun(t)(Sign(t.Context(), small(8), SignConfig{Connect: at, Messages: 3, Verify: true}))
	if r.Scenario != "verify" || r.Succeeded != 8 {
		t.Errorf("verify: %d done", r.Succeeded)
	}
}

func TestASignatoryWithoutAKeysetOfTheUnitIsNotMeasured(t *testing.T) {
	t.Parallel()
	_, err := Sign(t.Context(), small(1), SignConfig{Connect: startSignatory(t), Unit: "usd"})
	if err == nil || !strings.Contains(err.Error(), `"usd"`) {
		t.Errorf("got %v", err)
	}
}

func TestOnlyALocalSignatoryIsATarget(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"192.0.2.1:3339", "signer.example:3339", "", "3339"} {
		if _, err := Sign(t.Context(), small(1), SignConfig{Connect: at, Insecure: true}); err == nil {
			t.Errorf("%q was accepted", at)
		}
	}
}

func TestErrorsOfASignatoryAreCountedByCode(t *testing.T) {
	t.Parallel()
	f := asFault(signatoryFault(cashu.ErrKeysetInactive))
	if f.kind != kindRefused || f.code != "12002" {
		t.Errorf("got %+v", f)
	}
}
