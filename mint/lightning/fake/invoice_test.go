package fake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

func TestAnInvoiceIsOneThatWalletsCanRead(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 3, 2, 1, 987_654_321, time.FixedZone("far", 7*3600))
	b := open(t, Config{Clock: func() time.Time { return now }, Network: bolt11.Regtest})
	made, err := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{
		QuoteID: "019a0000-secret", Amount: 21, Unit: "sat", Description: "for tea ☕", Expiry: now.Add(10 * time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := bolt11.Decode(made.Request)
	if err != nil {
		t.Fatal(err)
	}
	if v.Network != bolt11.Regtest || v.AmountMsat != 21_000 || v.Description != "for tea ☕" || v.MinFinalCLTV != 144 {
		t.Errorf("invoice is %+v", v)
	}
	if !v.Timestamp.Equal(now.Truncate(time.Second)) || v.ExpiresAt().After(now.Add(10*time.Minute)) || v.Expiry < 10*time.Minute {
		t.Errorf("made at %s for %s", v.Timestamp, v.Expiry)
	}
	if !made.Expiry.Equal(v.ExpiresAt()) {
		t.Errorf("expiry is %s, but the invoice says %s", made.Expiry, v.ExpiresAt())
	}
	if made.LookupID != hex.EncodeToString(v.PaymentHash[:]) || v.PaymentHash == [32]byte{} || v.PaymentSecret == [32]byte{} {
		t.Errorf("lookup id %s, hash %x, secret %x", made.LookupID, v.PaymentHash, v.PaymentSecret)
	}
	if v.Payee != b.key.Public() {
		t.Errorf("payee is %x", v.Payee)
	}
	if !slices.Equal(v.Features, []int{8, 14, 17}) {
		t.Errorf("features are %v", v.Features)
	}
	if strings.Contains(made.Request, "019a") || strings.Contains(v.Description, "019a") {
		t.Error("the invoice gives the quote id away")
	}
	var preimage []byte
	err = b.db.Read(t.Context(), func(tx sqldb.Tx) error {
		return tx.QueryRow(t.Context(), sqldb.Stmt{Name: "test", SQL: `SELECT preimage FROM invoices WHERE hash = $1`}, v.PaymentHash[:]).Scan(&preimage)
	})
	if err != nil {
		t.Fatal(err)
	}
	if sha256.Sum256(preimage) != v.PaymentHash {
		t.Error("the preimage is not that of the payment hash")
	}
}

func TestAnInvoiceLivesAsLongAsItWasAskedTo(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	b := open(t, Config{Clock: func() time.Time { return now }})
	for wish, want := range map[time.Time]time.Duration{
		{}:                                  time.Hour,
		now.Add(time.Second):                time.Second,
		now.Add(90*time.Second + 999999999): 90 * time.Second,
		now.Add(100 * 365 * 24 * time.Hour): maxExpiry,
		now.Add(290 * 365 * 24 * time.Hour): maxExpiry,
		now.AddDate(400, 0, 0):              maxExpiry,
	} {
		v, err := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Amount: 1, Unit: "sat", Expiry: wish})
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Expiry.Sub(now); got != want {
			t.Errorf("wished %s: expires after %s, want %s", wish, got, want)
		}
	}
}

func TestRequestsThatDoNotFitTheSettingsAreRefused(t *testing.T) {
	t.Parallel()
	strict := open(t, Config{MinAmount: 10, MaxAmount: 20, NoDescription: true})
	wide := open(t, Config{Units: []cashu.Unit{"sat", "msat"}})
	for name, tc := range map[string]struct {
		b *Backend
		r lightning.InvoiceRequest
	}{
		"another unit":                     {wide, lightning.InvoiceRequest{Amount: 1, Unit: "usd"}},
		"no amount":                        {wide, lightning.InvoiceRequest{Unit: "sat"}},
		"below the minimum":                {strict, lightning.InvoiceRequest{Amount: 9, Unit: "sat"}},
		"above the maximum":                {strict, lightning.InvoiceRequest{Amount: 21, Unit: "sat"}},
		"more than all bitcoin":            {wide, lightning.InvoiceRequest{Amount: 2_100_000_000_000_001, Unit: "sat"}},
		"more than 64 bits of msat":        {wide, lightning.InvoiceRequest{Amount: 1 << 63, Unit: "sat"}},
		"a description, which is off":      {strict, lightning.InvoiceRequest{Amount: 15, Unit: "sat", Description: "x"}},
		"a description that does not fit":  {wide, lightning.InvoiceRequest{Amount: 1, Unit: "sat", Description: strings.Repeat("x", 640)}},
		"a description that is not UTF-8":  {wide, lightning.InvoiceRequest{Amount: 1, Unit: "sat", Description: "\xff"}},
		"an end in the past":               {wide, lightning.InvoiceRequest{Amount: 1, Unit: "sat", Expiry: time.Now().Add(-time.Hour)}},
		"an end in the same second as now": {wide, lightning.InvoiceRequest{Amount: 1, Unit: "sat", Expiry: time.Now()}},
	} {
		if v, err := tc.b.CreateInvoice(t.Context(), tc.r); !errors.Is(err, lightning.ErrRefused) {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
	for _, id := range []string{"", "zz", strings.Repeat("0", 64), strings.Repeat("AB", 32)} {
		if _, err := wide.CheckIncoming(t.Context(), "bolt11", id); !errors.Is(err, lightning.ErrUnknownRequest) {
			t.Errorf("check %q: %v", id, err)
		}
		if err := wide.Pay(t.Context(), id); !errors.Is(err, lightning.ErrUnknownRequest) {
			t.Errorf("pay %q: %v", id, err)
		}
	}
}

func TestThePayerChoosesTheAmountOfAnInvoiceWithoutOne(t *testing.T) {
	t.Parallel()
	b := open(t, Config{IncomingDelay: -1, SettleOnCheck: true, MaxRandomAmount: 3})
	seen := map[cashu.Amount]bool{}
	for range 200 {
		v := invoice(t, b, 0)
		if read, err := bolt11.Decode(v.Request); err != nil || read.AmountMsat != 0 {
			t.Fatalf("invoice over %d, %v", read.AmountMsat, err)
		}
		seen[check(t, b, v)[0].Amount] = true
	}
	if len(seen) != 3 || seen[0] {
		t.Errorf("amounts are %v", seen)
	}
	if !b.Settings()[0].Amountless {
		t.Error("the settings do not offer it")
	}
}

func TestUnitsAreConverted(t *testing.T) {
	t.Parallel()
	c := Config{Path: "x", USDPerBTC: 110_000}
	if err := c.validate(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		amount cashu.Amount
		unit   cashu.Unit
		want   uint64
	}{
		{1, "sat", 1000}, {1999, "msat", 1999}, {11_000_000, "usd", 100_000_000_000}, {1, "usd", 9091}, {3, "usd", 27273},
		{9_500_000, "eur", 100_000_000_000}, {0, "sat", 0}, {2_100_000_000_000_000, "sat", maxMsat},
		{cashu.Amount(maxMsat) + 1, "msat", 0}, {1 << 63, "usd", 0}, {1<<64 - 1, "sat", 0}, {1<<64 - 1, "eur", 0},
	} {
		if got, _ := c.msat(tc.amount, tc.unit); got != tc.want {
			t.Errorf("%d %s are %d msat, want %d", tc.amount, tc.unit, got, tc.want)
		}
	}
	c.USDPerBTC = 1 << 62
	if _, err := c.msat(1, "usd"); !errors.Is(err, lightning.ErrRefused) {
		t.Errorf("an amount that rounds to nothing: %v", err)
	}
}

func TestACancelledCallLeavesNothing(t *testing.T) {
	t.Parallel()
	b := open(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.CreateInvoice(ctx, lightning.InvoiceRequest{Amount: 1, Unit: "sat"}); !errors.Is(err, context.Canceled) {
		t.Errorf("create: %v", err)
	}
	var n int
	err := b.db.Read(t.Context(), func(tx sqldb.Tx) error {
		return tx.QueryRow(t.Context(), sqldb.Stmt{Name: "test", SQL: `SELECT count(*) FROM invoices`}).Scan(&n)
	})
	if err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func BenchmarkCreateInvoice(b *testing.B) {
	node, err := Open(b.Context(), Config{Path: filepath.Join(b.TempDir(), "fake.db"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := node.Close(); err != nil {
			b.Error(err)
		}
	}()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := node.CreateInvoice(b.Context(), lightning.InvoiceRequest{Amount: 1, Unit: "sat"}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
