package fake

import (
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open starts a node; the test closes it if it has not done so itself.
func open(t *testing.T, c Config) *Backend {
	t.Helper()
	if c.Path == "" {
		c.Path = sqldb.Memory
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	b, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func closeNow(t *testing.T, b *Backend) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func invoice(t *testing.T, b *Backend, amount cashu.Amount) lightning.Invoice {
	t.Helper()
	v, err := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Amount: amount, Unit: cashu.UnitSat})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// methodOf tells it by the form of the request.
func methodOf(v lightning.Invoice) string {
	name, _, custom := strings.Cut(v.Request, ":")
	switch {
	case custom:
		return name
	case strings.HasPrefix(v.Request, "lno1"):
		return lightning.MethodBolt12
	case strings.HasPrefix(v.Request, "ln"):
		return lightning.MethodBolt11
	}
	return lightning.MethodOnchain
}

func check(t *testing.T, b *Backend, v lightning.Invoice) []lightning.Incoming {
	t.Helper()
	payments, err := b.CheckIncoming(t.Context(), methodOf(v), v.LookupID)
	if err != nil {
		t.Fatal(err)
	}
	return payments
}

func TestAnInvoiceIsPaidWhenTheDelayIsOverAndNotBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{IncomingDelay: 5 * time.Second})
		v := invoice(t, b, 7)
		time.Sleep(4999 * time.Millisecond)
		if got := check(t, b, v); len(got) != 0 {
			t.Errorf("paid too early: %+v", got)
		}
		time.Sleep(time.Millisecond)
		got := check(t, b, v)
		if len(got) != 1 || got[0].LookupID != v.LookupID || got[0].PaymentID == "" || got[0].Amount != 7 ||
			got[0].Unit != "sat" || !got[0].At.Equal(time.Now()) {
			t.Errorf("payments are %+v", got)
		}
		time.Sleep(time.Hour)
		if again := check(t, b, v); len(again) != 1 || again[0] != got[0] {
			t.Errorf("asked again: %+v", again)
		}
		closeNow(t, b)
	})
}

func TestAnInvoiceIsNeverPaidAfterItsExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]Config{
			"by the delay": {IncomingDelay: time.Minute},
			"by a check":   {IncomingDelay: -1, SettleOnCheck: true},
			"by hand":      {IncomingDelay: -1},
		} {
			b := open(t, c)
			v, err := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Amount: 1, Unit: "sat", Expiry: time.Now().Add(time.Minute)})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			if err := b.Pay(t.Context(), v.LookupID); !errors.Is(err, ErrExpired) {
				t.Errorf("%s: pay: %v", name, err)
			}
			if got := check(t, b, v); len(got) != 0 {
				t.Errorf("%s: %+v", name, got)
			}
			closeNow(t, b)
		}
	})
}

func TestPaymentsCanBeHeldAndMadeByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{IncomingDelay: -1})
		paid, held := invoice(t, b, 1), invoice(t, b, 2)
		time.Sleep(59 * time.Minute)
		for range 2 { // the second time changes nothing
			if err := b.Pay(t.Context(), paid.LookupID); err != nil {
				t.Fatal(err)
			}
			got := check(t, b, paid)
			if len(got) != 1 || got[0].Amount != 1 || time.Since(got[0].At) > 30*time.Second {
				t.Errorf("payments are %+v", got)
			}
			time.Sleep(20 * time.Second)
		}
		if got := check(t, b, held); len(got) != 0 {
			t.Errorf("paid by itself: %+v", got)
		}
		closeNow(t, b)
	})
}

func TestAskingIsPayingIfSoConfigured(t *testing.T) {
	t.Parallel()
	b := open(t, Config{IncomingDelay: time.Hour, SettleOnCheck: true})
	v := invoice(t, b, 3)
	first := check(t, b, v)
	if len(first) != 1 || first[0].Amount != 3 {
		t.Fatalf("payments are %+v", first)
	}
	if again := check(t, b, v); len(again) != 1 || again[0] != first[0] {
		t.Errorf("asked again: %+v, first %+v", again, first)
	}
}

func TestTheNodeSaysThatItIsFake(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	b := open(t, Config{Units: []cashu.Unit{"sat", "usd"}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for _, s := range b.Settings() {
		if !s.Fake || s.Method != "bolt11" || !s.Description || s.Amountless {
			t.Errorf("settings are %+v", s)
		}
	}
	if len(b.Settings()) != 2 {
		t.Errorf("settings are %+v", b.Settings())
	}
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "fake") {
		t.Errorf("the log says %s", log.String())
	}
	if secret := hex.EncodeToString(b.key.Secret()); strings.Contains(log.String(), secret) {
		t.Error("the log shows the node's key")
	}
}

func TestAWrongConfigurationNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), Config{Units: []cashu.Unit{"gold", "sat", "sat"}, Network: "ltc", MinAmount: 2, MaxAmount: 1})
	if err == nil {
		t.Fatal("it was accepted")
	}
	for _, want := range []string{"path", "gold", "twice", "ltc", "minimum"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not mention %q", err, want)
		}
	}
}

func TestTheNodeKeepsItsKeyAndItsInvoices(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "fake.db")
		b := open(t, Config{Path: path, IncomingDelay: -1})
		key, v := b.key.Public(), invoice(t, b, 5)
		if _, err := Open(t.Context(), Config{Path: path}); !errors.Is(err, sqldb.ErrInUse) {
			t.Errorf("a second node on the same file: %v", err)
		}
		closeNow(t, b)

		b = open(t, Config{Path: path, IncomingDelay: -1})
		if b.key.Public() != key {
			t.Error("the node has another key")
		}
		if got := check(t, b, v); len(got) != 0 {
			t.Errorf("paid by the restart: %+v", got)
		}
		if err := b.Pay(t.Context(), v.LookupID); err != nil {
			t.Fatal(err)
		}
		closeNow(t, b)

		b = open(t, Config{Path: path, IncomingDelay: -1})
		if got := check(t, b, v); len(got) != 1 || got[0].Amount != 5 {
			t.Errorf("the payment is gone: %+v", got)
		}
		closeNow(t, b)
	})
	other := open(t, Config{})
	another := open(t, Config{})
	if other.key.Public() == another.key.Public() {
		t.Error("two nodes share a key")
	}
}

func TestAfterCloseEverythingSaysSo(t *testing.T) {
	t.Parallel()
	b := open(t, Config{})
	v := invoice(t, b, 1)
	for range 3 {
		closeNow(t, b)
	}
	_, created := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Amount: 1, Unit: "sat"})
	_, checked := b.CheckIncoming(t.Context(), "bolt11", v.LookupID)
	for doing, err := range map[string]error{
		"create": created, "check": checked, "pay": b.Pay(t.Context(), v.LookupID),
		"watch": b.WatchIncoming(t.Context(), func(lightning.Incoming) error { return nil }),
	} {
		if !errors.Is(err, lightning.ErrClosed) {
			t.Errorf("%s: %v", doing, err)
		}
	}
}

func TestACancelledInvoiceIsPaidByNobodyAnyMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{IncomingDelay: 5 * time.Second, SettleOnCheck: true})
		settled, cancelled := invoice(t, b, 1), invoice(t, b, 2)
		time.Sleep(4 * time.Second)
		if err := b.Pay(t.Context(), settled.LookupID); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			for _, v := range []lightning.Invoice{settled, cancelled} {
				if err := b.CancelInvoice(t.Context(), "bolt11", v.LookupID); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Hour)
		}
		if err := b.Pay(t.Context(), cancelled.LookupID); !errors.Is(err, ErrExpired) {
			t.Errorf("pay: %v", err)
		}
		if got := check(t, b, cancelled); len(got) != 0 {
			t.Errorf("the cancelled one was paid: %+v", got)
		}
		if got := check(t, b, settled); len(got) != 1 {
			t.Errorf("the payment that had arrived is gone: %+v", got)
		}
		closeNow(t, b)
	})
}

func TestTwoProcessesCanHaveOneNode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fake.db")
	one := open(t, Config{Path: path, Shared: true, IncomingDelay: -1})
	other := open(t, Config{Path: path, Shared: true, IncomingDelay: -1})
	v := invoice(t, one, 5)
	if err := other.Pay(t.Context(), v.LookupID); err != nil {
		t.Fatal(err)
	}
	if got := check(t, one, v); len(got) != 1 || one.key.Public() != other.key.Public() {
		t.Errorf("the first sees %+v", got)
	}
	received, err := Received(t.Context(), path)
	if err != nil || len(received) != 1 || received[v.LookupID] != 5 {
		t.Errorf("the witness tells of %v, %v", received, err)
	}
}

func TestADescriptionLeavesAnInvoiceUnpaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{IncomingDelay: time.Second})
		v, err := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Amount: 1, Unit: "sat", Description: "leave this unpaid"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := check(t, b, v); len(got) != 0 {
			t.Errorf("paid: %+v", got)
		}
		closeNow(t, b)
	})
}
