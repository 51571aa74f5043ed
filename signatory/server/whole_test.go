package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/seedfile"
	"mintmark/keystore"
	"mintmark/signatory"
)

// realKeystore is one in memory with one active keyset of powers of two.
func realKeystore(t testing.TB, clock func() time.Time) *keystore.Keystore {
	t.Helper()
	seed, err := seedfile.FromHex(strings.Repeat("5a", 32))
	if err != nil {
		t.Fatal(err)
	}
	ks, err := keystore.Open(t.Context(), keystore.Config{
		Path: ":memory:", Create: true, Seed: seed, IssuerVersion: "mintmark/0.1.0", Clock: clock, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ks.Close() })
	rotate(t, ks, 0)
	return ks
}

func rotate(t testing.TB, ks *keystore.Keystore, expiry uint64) cashu.Keyset {
	t.Helper()
	amounts := make([]cashu.Amount, 32)
	for i := range amounts {
		amounts[i] = 1 << i
	}
	k, err := ks.Rotate(t.Context(), keystore.RotateParams{Unit: "sat", Amounts: amounts, FinalExpiry: expiry})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// coin is what a wallet remembers between asking and receiving.
type coin struct {
	secret string
	r      bdhke.Scalar
}

func order(t testing.TB, k cashu.Keyset, amount cashu.Amount, n int) ([]cashu.BlindedMessage, []coin) {
	t.Helper()
	messages, coins := make([]cashu.BlindedMessage, n), make([]coin, n)
	for i := range n {
		r, err := bdhke.RandomScalar(nil)
		if err != nil {
			t.Fatal(err)
		}
		coins[i] = coin{fmt.Sprintf("secret %d of %s", i, t.Name()), r}
		b, err := bdhke.Blind([]byte(coins[i].secret), r)
		if err != nil {
			t.Fatal(err)
		}
		messages[i] = cashu.BlindedMessage{Amount: amount, ID: k.ID, B: b}
	}
	return messages, coins
}

func receive(t testing.TB, k cashu.Keyset, signatures []cashu.BlindSignature, coins []coin) []cashu.Proof {
	t.Helper()
	proofs := make([]cashu.Proof, len(signatures))
	for i, s := range signatures {
		key, ok := k.Keys.Get(s.Amount)
		if !ok {
			t.Fatalf("no key for %d", s.Amount)
		}
		c, err := bdhke.Unblind(s.C, coins[i].r, key)
		if err != nil {
			t.Fatal(err)
		}
		proofs[i] = cashu.Proof{Amount: s.Amount, ID: s.ID, Secret: coins[i].secret, C: c}
	}
	return proofs
}

func TestMoneyThroughTheWholeLine(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	ks := realKeystore(t, clock)
	path := socketPath(t)
	serve(t, Config{Keystore: ks, Listen: "unix:" + path, Clock: clock})
	c := dial(t, signatory.ClientConfig{Address: "unix:" + path, DLEQ: signatory.DLEQEvery})
	ctx := t.Context()

	snapshot, err := c.Keysets(ctx)
	if err != nil || snapshot.Identity != ks.Identity() || snapshot.Epoch != ks.Keysets().Epoch || len(snapshot.Keysets) != 1 {
		t.Fatalf("%+v, %v", snapshot, err)
	}
	old := snapshot.Keysets[0]
	if old.IssuerVersion != "mintmark/0.1.0" {
		t.Errorf("issuer %q", old.IssuerVersion)
	}

	messages, coins := order(t, old, 8, 5)
	signatures, err := c.BlindSign(ctx, messages)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.BlindSign(ctx, messages)
	if err != nil {
		t.Fatal(err)
	}
	for i := range again {
		if again[i].C != signatures[i].C || *again[i].DLEQ != *signatures[i].DLEQ {
			t.Fatal("the same question got another answer")
		}
	}
	proofs := receive(t, old, signatures, coins)
	if err := c.VerifyProofs(ctx, proofs); err != nil {
		t.Fatal(err)
	}
	raised := append([]cashu.Proof(nil), proofs...)
	raised[4].Amount = 16
	if err := c.VerifyProofs(ctx, raised); !errors.Is(err, cashu.ErrProofInvalid) {
		t.Errorf("a coin that was raised: %v", err)
	}

	var told []int
	watch, cancel := context.WithCancel(ctx)
	err = c.SubscribeKeysets(watch, func(s signatory.Snapshot) error {
		told = append(told, len(s.Keysets))
		if len(told) > 1 {
			cancel()
			return nil
		}
		_, err := c.RotateKeyset(ctx, signatory.RotateRequest{
			Unit: "sat", InputFeePPK: 100, FinalExpiry: uint64(clock().Add(time.Hour).Unix()), IDVersion: cashu.V2,
		})
		return err
	})
	cancel()
	if !errors.Is(err, context.Canceled) || len(told) != 2 || told[1] != 2 {
		t.Fatalf("told of %v keysets, %v", told, err)
	}

	late, _ := order(t, old, 8, 1)
	_, err = c.BlindSign(ctx, late)
	if !errors.Is(err, cashu.ErrKeysetInactive) {
		t.Errorf("a late output on the old keyset: %v", err)
	}
	if err := c.VerifyProofs(ctx, proofs); err != nil {
		t.Errorf("old money after the rotation: %v", err)
	}
	snapshot, err = c.Keysets(ctx)
	if err != nil || len(snapshot.Keysets) != 2 {
		t.Fatalf("%+v, %v", snapshot, err)
	}
	fresh := snapshot.Keysets[1]
	if !fresh.Active || snapshot.Keysets[0].Active || fresh.InputFeePPK != 100 || fresh.Keys.Len() != 32 {
		t.Fatalf("%+v", fresh)
	}
	messages, coins = order(t, fresh, 1, 2)
	_, err = c.BlindSign(ctx, append(messages[:1:1], messages[0]))
	if !errors.Is(err, cashu.ErrDuplicateOutputs) {
		t.Errorf("duplicates: %v", err)
	}
	unknown := messages[0]
	unknown.Amount = 3
	if _, err = c.BlindSign(ctx, []cashu.BlindedMessage{unknown}); !errors.Is(err, cashu.ErrKeysetUnknown) {
		t.Errorf("an amount without key: %v", err)
	}
	signatures, err = c.BlindSign(ctx, messages)
	if err != nil {
		t.Fatal(err)
	}
	proofs = receive(t, fresh, signatures, coins)
	if err := c.VerifyProofs(ctx, append(proofs[:1:1], proofs[0])); !errors.Is(err, cashu.ErrDuplicateInputs) {
		t.Errorf("the same coin twice: %v", err)
	}

	ahead.Store(int64(2 * time.Hour))
	if _, err := c.BlindSign(ctx, messages); !errors.Is(err, cashu.ErrKeysetExpired) {
		t.Errorf("an output after the expiry: %v", err)
	}
	if err := c.VerifyProofs(ctx, proofs); !errors.Is(err, cashu.ErrKeysetExpired) {
		t.Errorf("an input after the expiry: %v", err)
	}
	_, err = c.RotateKeyset(ctx, signatory.RotateRequest{Unit: "sat", Amounts: []cashu.Amount{2, 2}, IDVersion: cashu.V2})
	if !errors.Is(err, signatory.ErrRefused) || !strings.Contains(err.Error(), "there twice") {
		t.Errorf("a rotation that makes no sense: %v", err)
	}
}

func TestAFullCallFits(t *testing.T) {
	t.Parallel()
	ks := newFake(t, keyset(t, 0, 0))
	ks.sign = func(_ context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
		out := make([]cashu.BlindSignature, len(messages))
		for i, m := range messages {
			out[i] = cashu.BlindSignature{Amount: m.Amount, ID: m.ID, C: point(t, hexA), DLEQ: &bdhke.DLEQ{}}
		}
		return out, nil
	}
	ks.verify = func(_ context.Context, proofs []cashu.Proof) error {
		if len(proofs) != signatory.MaxItems || len(proofs[999].Secret) != 1024 {
			t.Errorf("%d proofs came", len(proofs))
		}
		return nil
	}
	path := socketPath(t)
	serve(t, Config{Keystore: ks, Listen: "unix:" + path})
	c := dial(t, signatory.ClientConfig{Address: "unix:" + path})
	messages, proofs := make([]cashu.BlindedMessage, signatory.MaxItems), make([]cashu.Proof, signatory.MaxItems)
	for i := range messages {
		messages[i] = cashu.BlindedMessage{Amount: cashu.Amount(i), ID: keyset(t, 0, 0).ID, B: point(t, hexB)}
		proofs[i] = cashu.Proof{Amount: 8, ID: messages[i].ID, Secret: strings.Repeat("s", 1024), C: point(t, hexB)}
	}
	signatures, err := c.BlindSign(t.Context(), messages)
	if err != nil || len(signatures) != len(messages) || signatures[999].Amount != 999 {
		t.Fatalf("%d signatures, %v", len(signatures), err)
	}
	if err := c.VerifyProofs(t.Context(), proofs); err != nil {
		t.Fatal(err)
	}
}

// The cost of the line itself is the difference to the keystore alone.
func BenchmarkBlindSign(b *testing.B) {
	ks := realKeystore(b, nil)
	path := socketPath(b)
	serve(b, Config{Keystore: ks, Listen: "unix:" + path, Logger: slog.New(slog.DiscardHandler)})
	k := ks.Keysets().Keysets[0]
	plain := dial(b, signatory.ClientConfig{Address: "unix:" + path})
	strict := dial(b, signatory.ClientConfig{Address: "unix:" + path, DLEQ: signatory.DLEQEvery})
	sampling := dial(b, signatory.ClientConfig{Address: "unix:" + path, DLEQ: signatory.DLEQSample})
	for _, n := range []int{1, 10, 100} {
		messages, _ := order(b, k, 8, n)
		for _, way := range []struct {
			name string
			sign func(context.Context, []cashu.BlindedMessage) ([]cashu.BlindSignature, error)
		}{
			{"keystore", ks.Sign},
			{"unix", plain.BlindSign},
			{"unix+dleq-sample", sampling.BlindSign},
			{"unix+dleq-every", strict.BlindSign},
		} {
			b.Run(fmt.Sprintf("messages=%d/over=%s", n, way.name), func(b *testing.B) {
				for b.Loop() {
					if _, err := way.sign(b.Context(), messages); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkCall is a call that does nothing: what the line costs.
func BenchmarkCall(b *testing.B) {
	ks := newFake(b, keyset(b, 0, 0))
	ks.verify = func(context.Context, []cashu.Proof) error { return nil }
	path := socketPath(b)
	serve(b, Config{Keystore: ks, Listen: "unix:" + path, Logger: slog.New(slog.DiscardHandler)})
	c := dial(b, signatory.ClientConfig{Address: "unix:" + path})
	proofs := []cashu.Proof{{Amount: 8, ID: keyset(b, 0, 0).ID, Secret: "s", C: point(b, hexB)}}
	for b.Loop() {
		if err := c.VerifyProofs(b.Context(), proofs); err != nil {
			b.Fatal(err)
		}
	}
}
