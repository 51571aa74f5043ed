package e2e

import (
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mintmark/e2e/harness"
	"mintmark/wallet/mintclient"
)

// absentNode is the configuration of a node of lnd that is not there: nobody listens, or
// somebody does and never says a word.
func absentNode(t *testing.T, silent bool) string {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	dir, cert := t.TempDir(), server.Certificate()
	server.Close()
	at := harness.FreeAddress(t)
	if silent {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		at = l.Addr().String()
	}
	certFile, macaroon := filepath.Join(dir, "tls.cert"), filepath.Join(dir, "mint.macaroon")
	for file, content := range map[string][]byte{
		certFile: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), macaroon: []byte("none of a real node"),
	} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf(`
[lightning.backends.node]
type = "lnd"
methods = ["bolt11"]
units = ["sat"]
lnd.url = "https://%s"
lnd.tls_cert = %q
lnd.macaroon = %q
`, at, certFile, macaroon)
}

// A mint starts without its node. What needs the node is refused, soon and with the right
// word; all the rest works, also with another backend.
func TestAMintStartsAndSwapsWhileItsNodeIsAway(t *testing.T) {
	t.Parallel()
	for name, silent := range map[string]bool{"nobody listens": false, "nobody answers": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := harness.NewStack(t, programs, harness.Unix)
			before, rest, _ := strings.Cut(s.Config, "[lightning.fake]\n")
			_, after, _ := strings.Cut(rest, "[quotes]\n")
			s.Config = before + absentNode(t, silent) + dollarsToo + "[watchdog]\ninterval = \"1s\"\n[quotes]\n" + after
			s.StartSignatory()
			s.Rotate("--unit", "usd", "--amounts", "1,2,4,8,16")
			s.StartMintd()
			w := s.Wallet()
			for what, body := range map[string]map[string]any{
				"mint": {"amount": 8, "unit": "sat"},
				"melt": {"request": func() string { r, _ := w.Invoice(8, ""); return r }(), "unit": "sat"},
			} {
				began := time.Now()
				reply, err := w.Post("/v1/"+what+"/quote/bolt11", body)
				if err != nil || !strings.Contains(reply.Body, "40005") && what == "mint" {
					t.Errorf("a quote to %s: %v, %v", what, reply, err)
				}
				if took := time.Since(began); took > 40*time.Second {
					t.Errorf("a quote to %s took %v", what, took)
				}
			}
			q := w.MintQuote("bolt11", mintclient.MintQuoteRequest{Amount: 8, Unit: "usd"})
			q = w.WaitPaid(q.Quote)
			for _, k := range w.Keysets() {
				if k.Active && k.Unit == "usd" {
					w.Keyset = w.KeysOf(k.ID)
				}
			}
			coins := mintPaid(w, q, 8)
			if got := w.Swap(coins, w.Outputs(8)); len(got) == 0 {
				t.Error("swaps do not work")
			}
			s.Mintd.WaitLog("a payment backend is away")
			if reply, err := w.Get("/health"); err != nil || reply.Status != 200 || !strings.Contains(reply.Body, `"payments":false`) {
				t.Errorf("the health is %v, %v", reply, err)
			}
			if status, err := s.Operate("lightning", "status"); err != nil || !strings.Contains(status, "AWAY") || !strings.Contains(status, "answers") {
				t.Errorf("the operator reads %v\n%s", err, status)
			}
			began := time.Now()
			s.Mintd.Stop()
			if took := time.Since(began); took > 40*time.Second {
				t.Errorf("it takes %v to stop", took)
			}
		})
	}
}
