package fake

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/lightningtest"
)

// suiteWorld is a fake node in a file, and people who use it from another process.
func suiteWorld(t testing.TB, c Config) lightningtest.World {
	c.Path, c.Shared = filepath.Join(t.TempDir(), "fake.db"), true
	c.IncomingDelay, c.OutgoingDelay, c.FeePPM, c.FeeReserveMin = -1, -1, 10_000, 2
	c.Network, c.Funds = bolt11.Regtest, 1_000_000
	c.Logger = slog.New(slog.DiscardHandler)
	start := func(t testing.TB) *Backend {
		b, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	outside := func(t testing.TB, deed func(*Backend) error) error {
		b := start(t)
		err := deed(b)
		if closing := b.Close(); closing != nil {
			t.Error(closing)
		}
		return err
	}
	w := lightningtest.World{Network: bolt11.Regtest, Fake: true, Alone: true}
	if len(c.Units) > 0 {
		w.Unit = c.Units[0]
	}
	var open atomic.Pointer[Backend]
	w.Open = func(t testing.TB) lightning.Backend {
		b := start(t)
		open.Store(b)
		return b
	}
	w.Pay = func(t testing.TB, v lightning.Invoice, _ uint64) error {
		err := open.Load().Pay(t.Context(), v.LookupID) // which rings at once
		if !errors.Is(err, lightning.ErrClosed) {
			return err
		}
		return outside(t, func(b *Backend) error { return b.Pay(t.Context(), v.LookupID) })
	}
	w.Payee = func(t testing.TB, wish lightningtest.Wish) string {
		description := map[lightningtest.Conduct]string{
			lightningtest.Takes: "suite", lightningtest.Holds: holdThePayment, lightningtest.Refuses: failThePayment,
		}[wish.Conduct]
		return foreignNow(t, wish.Msat, description)
	}
	w.Release = func(t testing.TB, request string, take bool) {
		if err := outside(t, func(b *Backend) error { return b.Release(t.Context(), request, take) }); err != nil {
			t.Fatal(err)
		}
	}
	w.Received = func(t testing.TB, request string) (msat uint64) {
		v, err := bolt11.Decode(request)
		if err != nil {
			t.Fatal(err)
		}
		list, err := Ledger(t.Context(), c.Path)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if e.Debt == hex.EncodeToString(v.PaymentHash[:]) && e.Paid && !e.Ends.After(time.Now()) {
				msat += e.Msat
			}
		}
		return msat
	}
	return w
}

// foreignNow is an invoice of another node, of today.
func foreignNow(t testing.TB, msat uint64, description string) string {
	key, err := bolt11.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	v := bolt11.Invoice{
		Network: bolt11.Regtest, AmountMsat: msat, Timestamp: time.Now().Truncate(time.Second), Description: description,
		Features: []int{bolt11.FeatureOnionRequired, bolt11.FeaturePaymentSecretRequired},
	}
	rand.Read(v.PaymentHash[:])
	rand.Read(v.PaymentSecret[:])
	request, err := bolt11.Encode(v, key)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func TestTheFakeNodeBehavesLikeEveryBackend(t *testing.T) {
	t.Parallel()
	for i, c := range []Config{
		{},
		{Units: []cashu.Unit{unitMsat}, NoAmountless: true, NoMultiPath: true, NoDescription: true, MinAmount: 1000, MaxAmount: 10_000_000},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			lightningtest.Run(t, func(t testing.TB) lightningtest.World { return suiteWorld(t, c) })
		})
	}
}
