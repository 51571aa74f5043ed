package cln_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/cln"
	"mintmark/mint/lightning/lightningtest"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func (n *node) config() cln.Config {
	return cln.Config{
		URL: n.server.URL, TLSCert: filepath.Join(n.dir, "ca.pem"), Rune: filepath.Join(n.dir, "rune"), Journal: filepath.Join(n.dir, "journal.db"),
		Network: bolt11.Regtest, Offers: true, MaxAmount: 1_000_000, FeePPM: 10_000, FeeReserveMin: 2,
		PayTime: 300 * time.Millisecond, Doubt: 300 * time.Millisecond, Logger: quiet,
	}
}

func (n *node) open(t testing.TB) *cln.Backend {
	t.Helper()
	b, err := cln.Open(t.Context(), n.config())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// payee is an invoice of somebody whom the node can pay.
func payee(t testing.TB, msat uint64, conduct string) string {
	t.Helper()
	key, err := bolt11.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	preimage := make([]byte, 32)
	rand.Read(preimage)
	v := bolt11.Invoice{
		Network: bolt11.Regtest, AmountMsat: msat, Timestamp: time.Now().Truncate(time.Second),
		PaymentHash: sha256.Sum256(preimage), Description: conduct + " " + hex.EncodeToString(preimage),
		Features: []int{bolt11.FeatureOnionRequired, bolt11.FeaturePaymentSecretRequired},
	}
	rand.Read(v.PaymentSecret[:])
	request, err := bolt11.Encode(v, key)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func TestTheBackendKeepsThePromisesOfAllBackends(t *testing.T) {
	t.Parallel()
	lightningtest.Run(t, func(t testing.TB) lightningtest.World {
		n := newNode(t)
		words := map[lightningtest.Conduct]string{lightningtest.Takes: "take", lightningtest.Holds: "hold", lightningtest.Refuses: "fail"}
		return lightningtest.World{
			Network: bolt11.Regtest,
			Open:    func(t testing.TB) lightning.Backend { return n.open(t) },
			Forget: func(t testing.TB) {
				for _, end := range []string{"", "-wal", "-shm"} {
					if err := os.Remove(filepath.Join(n.dir, "journal.db"+end)); err != nil && !os.IsNotExist(err) {
						t.Fatal(err)
					}
				}
			},
			Pay:   func(_ testing.TB, v lightning.Invoice, msat uint64) error { return n.payIn(v.Request, msat) },
			Payee: func(t testing.TB, w lightningtest.Wish) string { return payee(t, w.Msat, words[w.Conduct]) },
			Release: func(t testing.TB, request string, take bool) {
				for end := time.Now().Add(time.Minute); !n.release(request, take); time.Sleep(10 * time.Millisecond) {
					if time.Now().After(end) {
						t.Fatal("nothing is held")
					}
				}
			},
			Arrived:  func(_ testing.TB, request string) bool { return n.knows(request) },
			Received: func(_ testing.TB, request string) uint64 { return n.received(request) },
			Alone:    true,
			FeesCost: true,
		}
	})
}
