package processor_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mintmark/e2e/harness"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/lightningtest"
	"mintmark/mint/lightning/processor"
)

var program string // the example processor

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "processor")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if program, err = harness.BuildProcessor(context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// client opens a backend on the example processor, with a journal in dir.
func client(t testing.TB, p *harness.Processor, dir string) *processor.Backend {
	t.Helper()
	b, err := processor.Open(t.Context(), processor.Config{
		Address: p.Address, Insecure: true, Journal: filepath.Join(dir, "journal.db"), Network: bolt11.Mainnet, MaxAmount: 1_000_000,
		AtMostOnce: true, Doubt: 500 * time.Millisecond, Ask: 200 * time.Millisecond, Logger: quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ask is an invoice of a payee whom the example processor can pay. What he does is in
// the description.
func ask(t testing.TB, msat uint64, description string) string {
	t.Helper()
	key, err := bolt11.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	preimage := make([]byte, 32)
	rand.Read(preimage)
	v := bolt11.Invoice{
		Network: bolt11.Mainnet, AmountMsat: msat, Timestamp: time.Now().Truncate(time.Second),
		PaymentHash: sha256.Sum256(preimage), Description: description + " " + hex.EncodeToString(preimage),
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
		dir := t.TempDir()
		p := harness.StartProcessor(t, program, dir, "-delay", "20ms")
		words := map[lightningtest.Conduct]string{lightningtest.Takes: "take", lightningtest.Holds: "hold", lightningtest.Refuses: "fail"}
		return lightningtest.World{
			Network: bolt11.Mainnet,
			Open:    func(t testing.TB) lightning.Backend { return client(t, p, dir) },
			Pay:     func(_ testing.TB, v lightning.Invoice, msat uint64) error { return p.Pay(v.Request, msat/1000) },
			Payee:   func(t testing.TB, w lightningtest.Wish) string { return ask(t, w.Msat, words[w.Conduct]) },
			Release: func(t testing.TB, request string, take bool) {
				harness.Eventually(t, "nothing is held", func() error { return p.Release(request, take) })
			},
			Received: func(t testing.TB, request string) uint64 {
				sums, err := p.Paid()
				if err != nil {
					t.Fatal(err)
				}
				return sums[request]
			},
		}
	})
}
