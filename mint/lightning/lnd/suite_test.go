package lnd

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mintmark/internal/lntest"
	"mintmark/internal/pgtest"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/lightningtest"
)

var (
	network  lntest.Shared
	postgres pgtest.Shared
)

func TestMain(m *testing.M) {
	code := m.Run()
	network.Stop()
	postgres.Stop()
	if code == 0 {
		http.DefaultClient.CloseIdleConnections()
		if err := goleak.Find(goleak.IgnoreAnyFunction("mintmark/internal/lntest.launch.func1")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// config is a backend on the node, with no more rights than Permissions.
func config(t testing.TB, n *lntest.Node) Config {
	t.Helper()
	return Config{
		URL: n.URL(), TLSCert: n.TLSCert(), Macaroon: n.Bake(t, Permissions), Database: filepath.Join(t.TempDir(), "lnd.db"),
		Network: bolt11.Regtest, FeePPM: 10_000, FeeReserveMin: 5, PayTime: 30 * time.Second, Doubt: 2 * time.Second,
		Logger: slog.New(slog.NewTextHandler(testLog{t}, nil)),
	}
}

// testLog is the log of a test.
type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func open(t testing.TB, c Config) *Backend {
	t.Helper()
	b, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hashOf(t testing.TB, request string) [32]byte {
	t.Helper()
	v, err := bolt11.Decode(request)
	if err != nil {
		t.Fatal(err)
	}
	return v.PaymentHash
}

// world is node A for the mint, and B and C for everybody else.
func world(t testing.TB, change func(*Config)) lightningtest.World {
	net := network.Network(t)
	c := config(t, net.A)
	change(&c)
	var mu sync.Mutex
	holds := map[string]*lntest.Hold{}
	return lightningtest.World{
		Unit: c.Unit, Network: bolt11.Regtest, FeesCost: true,
		Open: func(t testing.TB) lightning.Backend { return open(t, c) },
		Forget: func(t testing.TB) {
			for _, file := range []string{"", "-wal", "-shm", ".lock"} {
				if err := os.RemoveAll(c.Database + file); err != nil {
					t.Fatal(err)
				}
			}
		},
		Pay: func(_ testing.TB, v lightning.Invoice, msat uint64) error { return net.C.Pay(v.Request, msat) },
		Payee: func(t testing.TB, w lightningtest.Wish) string {
			switch w.Conduct {
			case lightningtest.Holds:
				hold := net.C.HoldInvoice(t, w.Msat)
				mu.Lock()
				defer mu.Unlock()
				holds[hold.Request] = hold
				return hold.Request
			case lightningtest.Refuses:
				return unreachable(t, w.Msat)
			}
			return net.C.Invoice(t, w.Msat)
		},
		Release: func(t testing.TB, request string, take bool) {
			mu.Lock()
			hold := holds[request]
			mu.Unlock()
			hold.Release(t, take)
		},
		Arrived: func(t testing.TB, request string) bool {
			mu.Lock()
			hold := holds[request]
			mu.Unlock()
			return hold == nil || hold.Held(t)
		},
		Received: func(t testing.TB, request string) uint64 {
			v, err := bolt11.Decode(request)
			if err != nil {
				t.Fatal(err)
			}
			var list struct{ Invoices []json.RawMessage }
			if net.C.Ask(http.MethodGet, "/v1/invoice/"+hex.EncodeToString(v.PaymentHash[:]), nil, &list) != nil {
				return 0 // nobody's invoice
			}
			_, msat := net.C.Lookup(t, v.PaymentHash)
			return msat
		},
		PayPart: func(t testing.TB, request string, msat uint64) error {
			v, err := bolt11.Decode(request)
			if err != nil {
				t.Fatal(err)
			}
			return net.B.PayPart(net.C, v.PaymentHash, v.PaymentSecret, msat, v.AmountMsat)
		},
	}
}

// unreachable is the invoice of a node that nobody has a channel with.
func unreachable(t testing.TB, msat uint64) string {
	t.Helper()
	key, err := bolt11.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	v := bolt11.Invoice{
		Network: bolt11.Regtest, AmountMsat: msat, Timestamp: time.Now().Truncate(time.Second), PaymentHash: random32(),
		PaymentSecret: random32(), Features: []int{bolt11.FeatureOnionRequired, bolt11.FeaturePaymentSecretRequired},
	}
	request, err := bolt11.Encode(v, key)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func TestLNDBehavesLikeEveryBackend(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config){
		"sat": func(*Config) {},
		"msat": func(c *Config) {
			c.Unit, c.MinAmount, c.MaxAmount, c.NoMultiPath, c.Private = unitMsat, 500, 10_000_000, true, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lightningtest.Run(t, func(t testing.TB) lightningtest.World { return world(t, change) })
		})
	}
	t.Run("sat, on PostgreSQL", func(t *testing.T) {
		t.Parallel()
		lightningtest.Run(t, func(t testing.TB) lightningtest.World {
			w := world(t, func(c *Config) { c.Database = postgres.Schema(t) })
			w.Forget = nil // a server forgets nothing
			return w
		})
	})
}

func random32() (b [32]byte) {
	rand.Read(b[:])
	return b
}
