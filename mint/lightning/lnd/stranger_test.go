package lnd

import (
	"crypto/rand"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

// Whatever is not the node's own word, such as that of a proxy before it, is neither a
// payment that is not ours nor a sign that there is none: a part would be given up on it.
func TestAnAnswerThatTellsOfNoPaymentProvesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		answer string
	}{
		"nothing":              {http.StatusOK, `{}`},
		"null":                 {http.StatusOK, `null`},
		"nothing, wrapped":     {http.StatusOK, `{"result":{}}`},
		"a proxy's own words":  {http.StatusBadGateway, `{"message":"bad gateway"}`},
		"a proxy's error":      {http.StatusOK, `{"error":"upstream is away"}`},
		"a payment and no one": {http.StatusGatewayTimeout, `{"result":{"status":"FAILED","payment_index":"9"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.answer)
			}))
			defer server.Close()
			dir, now := t.TempDir(), time.Now()
			cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
			for file, text := range map[string][]byte{"tls.cert": cert, "macaroon": []byte("m")} {
				if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			b, err := Open(t.Context(), Config{
				URL: server.URL, TLSCert: filepath.Join(dir, "tls.cert"), Macaroon: filepath.Join(dir, "macaroon"),
				Database: filepath.Join(dir, "lnd.db"), Network: bolt11.Regtest, Clock: func() time.Time { return now },
				Logger: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			for _, part := range []bool{false, true} {
				hash := make([]byte, 32)
				rand.Read(hash)
				a, err := b.begin(t.Context(), attempt{id: rand.Text(), hash: hash, part: part, msat: 1000, unit: "sat", expires: now.Add(time.Minute), begun: now})
				if err != nil {
					t.Fatal(err)
				}
				if mine, err := b.change(t.Context(), &a, &stmtOrder, milli(now), uint64(0), uint64(0), int64(0), ""); err != nil || !mine {
					t.Fatalf("ordered: %v, %v", mine, err)
				}
				for range 3 {
					if out, err := b.CheckPayment(t.Context(), lightning.MethodBolt11, a.id); err == nil {
						t.Errorf("part %v: it is %+v", part, out)
					}
					now = now.Add(time.Hour)
				}
			}
		})
	}
}
