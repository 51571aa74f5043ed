package cln_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/cln"
)

// The mint's journal is replaced by a copy of before the payment, which has its name. After
// a crash the mint sends again what the journal says was never begun.
func TestAJournalFromABackupPaysNothingTwice(t *testing.T) {
	t.Parallel()
	for conduct, received := range map[string]uint64{"take": 100_000, "hold": 0} {
		n := newNode(t)
		b := n.open(t)
		was, untouched := owe(t, b, conduct), owe(t, b, "take")
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(n.dir, "journal.db")
		backup, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b = n.open(t)
		identity := b.Memory()
		go func() { _, _ = b.SendPayment(t.Context(), was) }()
		for !n.knows(was.Request) {
			time.Sleep(5 * time.Millisecond)
		}
		if conduct == "take" {
			if out, err := b.SendPayment(t.Context(), was); err != nil || out.State != lightning.PaymentPaid {
				t.Fatalf("it is %+v, %v", out, err)
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		for _, end := range []string{"-wal", "-shm"} {
			if err := os.Remove(path + end); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(path, backup, 0o600); err != nil {
			t.Fatal(err)
		}
		b = n.open(t)
		if b.Memory() != identity {
			t.Error("the backup has another name")
		}
		orders := n.orders
		was.Recovered, untouched.Recovered = true, true
		ctx, leave := context.WithTimeout(t.Context(), patience)
		if out, err := b.SendPayment(ctx, was); err == nil || errors.Is(err, lightning.ErrRefused) {
			t.Errorf("%s: what was begun is %+v, %v", conduct, out, err)
		}
		leave()
		if n.orders != orders || n.received(was.Request) != received {
			t.Errorf("%s: it was ordered again, and the payee has %d", conduct, n.received(was.Request))
		}
		if out, err := b.SendPayment(t.Context(), untouched); err != nil || out.State != lightning.PaymentPaid {
			t.Errorf("%s: what was never begun is %+v, %v", conduct, out, err)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestANodeWithoutAMemoryOfItsPaymentsIsNotUsed(t *testing.T) {
	t.Parallel()
	c := newNode(t).config()
	c.Journal = ""
	if _, err := cln.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "no journal") {
		t.Errorf("it is opened: %v", err)
	}
}
