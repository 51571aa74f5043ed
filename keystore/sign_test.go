package keystore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// testMessages blinds n secrets, one for each amount of the keyset in turn.
func testMessages(t testing.TB, k cashu.Keyset, n int) []cashu.BlindedMessage {
	t.Helper()
	messages := make([]cashu.BlindedMessage, n)
	for i := range messages {
		b, err := bdhke.Blind([]byte(testSecret(i)), testBlinding(t))
		if err != nil {
			t.Fatal(err)
		}
		amounts := k.Keys.Amounts()
		messages[i] = cashu.BlindedMessage{Amount: amounts[i%len(amounts)], ID: k.ID, B: b}
	}
	return messages
}

func testSecret(i int) string { return fmt.Sprintf("secret %d", i) }

func testBlinding(t testing.TB) bdhke.Scalar {
	t.Helper()
	r, err := bdhke.NewScalar(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// testProofs lets the keystore sign and unblinds, as a wallet does.
func testProofs(t testing.TB, ks *Keystore, k cashu.Keyset, n int) []cashu.Proof {
	t.Helper()
	signatures, err := ks.Sign(context.Background(), testMessages(t, k, n))
	if err != nil {
		t.Fatal(err)
	}
	proofs := make([]cashu.Proof, n)
	for i, s := range signatures {
		key, ok := k.Keys.Get(s.Amount)
		if !ok {
			t.Fatalf("no key for %d", s.Amount)
		}
		c, err := bdhke.Unblind(s.C, testBlinding(t), key)
		if err != nil {
			t.Fatal(err)
		}
		proofs[i] = cashu.Proof{Amount: s.Amount, ID: s.ID, Secret: testSecret(i), C: c}
	}
	return proofs
}

func TestASignatureIsTrueForTheWalletAndForTheMint(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Parallel = 3
	ks := mustOpen(t, cfg)
	k := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(8)})
	messages := testMessages(t, k, 20)
	signatures, err := ks.Sign(t.Context(), messages)
	if err != nil {
		t.Fatal(err)
	}
	if len(signatures) != len(messages) {
		t.Fatalf("%d signatures, want %d", len(signatures), len(messages))
	}
	for i, s := range signatures {
		key, _ := k.Keys.Get(messages[i].Amount)
		if s.Amount != messages[i].Amount || s.ID != k.ID || s.DLEQ == nil || !bdhke.VerifyDLEQ(key, messages[i].B, s.C, *s.DLEQ) {
			t.Errorf("signature %d does not belong to message %d", i, i)
		}
	}
	if err := ks.Verify(t.Context(), testProofs(t, ks, k, 20)); err != nil {
		t.Errorf("Verify = %v", err)
	}
}

func TestSigningAgainGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	ks := mustOpen(t, cfg)
	k := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(4)})
	messages := testMessages(t, k, 4)
	first, err := ks.Sign(t.Context(), messages)
	if err != nil {
		t.Fatal(err)
	}
	if err := ks.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := mustOpen(t, cfg).Sign(t.Context(), messages)
	if err != nil {
		t.Fatal(err)
	}
	for i := range first {
		if first[i].C != again[i].C || *first[i].DLEQ != *again[i].DLEQ {
			t.Errorf("signature %d differs after a restart", i)
		}
	}
}

func TestMessagesAreSignedAllOrNone(t *testing.T) {
	t.Parallel()
	now := testNow
	cfg := testConfig(t)
	cfg.Clock = func() time.Time { return now }
	ks := mustOpen(t, cfg)
	inactive := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	active := mustRotate(t, ks, RotateParams{Unit: "sat"})
	expiring := mustRotate(t, ks, RotateParams{Unit: "usd", Amounts: powersOfTwo(2), FinalExpiry: uint64(testNow.Unix()) + 10})
	now = testNow.Add(10 * time.Second)

	good := testMessages(t, active, 3)
	if _, err := ks.Sign(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	bad := func(change func(*cashu.BlindedMessage)) []cashu.BlindedMessage {
		messages := append([]cashu.BlindedMessage(nil), good...)
		change(&messages[2])
		return messages
	}
	for name, c := range map[string]struct {
		messages []cashu.BlindedMessage
		want     *cashu.Error
	}{
		"unknown keyset":     {bad(func(m *cashu.BlindedMessage) { m.ID = cashu.KeysetID{} }), cashu.ErrKeysetUnknown},
		"amount without key": {bad(func(m *cashu.BlindedMessage) { m.Amount = 3 }), cashu.ErrKeysetUnknown},
		"inactive keyset":    {bad(func(m *cashu.BlindedMessage) { m.ID = inactive.ID }), cashu.ErrKeysetInactive},
		"expired keyset":     {bad(func(m *cashu.BlindedMessage) { m.ID = expiring.ID }), cashu.ErrKeysetExpired},
		"the same B_ twice":  {bad(func(m *cashu.BlindedMessage) { m.B = good[0].B }), cashu.ErrDuplicateOutputs},
		"the same B_ for another amount": {bad(func(m *cashu.BlindedMessage) { m.B, m.Amount = good[0].B, 2 }),
			cashu.ErrDuplicateOutputs},
		"no point": {bad(func(m *cashu.BlindedMessage) { m.B = bdhke.Point{} }), cashu.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			signatures, err := ks.Sign(t.Context(), c.messages)
			if !errors.Is(err, c.want) || signatures != nil {
				t.Errorf("Sign = %v, %v, want %v", signatures, err, c.want)
			}
		})
	}
}

func TestAnExpiringKeysetEndsForOutputsBeforeItEndsForInputs(t *testing.T) {
	t.Parallel()
	now := testNow
	cfg := testConfig(t)
	cfg.Clock = func() time.Time { return now }
	ks := mustOpen(t, cfg)
	k := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2), FinalExpiry: uint64(testNow.Unix()) + 10})
	messages, proofs := testMessages(t, k, 1), testProofs(t, ks, k, 1)
	for _, c := range []struct {
		after        time.Duration
		sign, verify error
	}{
		{9 * time.Second, nil, nil},
		{10 * time.Second, cashu.ErrKeysetExpired, nil},
		{11 * time.Second, cashu.ErrKeysetExpired, cashu.ErrKeysetExpired},
	} {
		now = testNow.Add(c.after)
		if _, err := ks.Sign(t.Context(), messages); !errors.Is(err, c.sign) {
			t.Errorf("after %v: Sign = %v, want %v", c.after, err, c.sign)
		}
		if err := ks.Verify(t.Context(), proofs); !errors.Is(err, c.verify) {
			t.Errorf("after %v: Verify = %v, want %v", c.after, err, c.verify)
		}
	}
}

func TestProofsAreVerifiedAllOrNone(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	k := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	other := mustRotate(t, ks, RotateParams{Unit: "usd", Amounts: powersOfTwo(2)})
	good := testProofs(t, ks, k, 4)
	mustRotate(t, ks, RotateParams{Unit: "sat"}) // k is inactive now, and verifies all the same
	if err := ks.Verify(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(p *cashu.Proof)
		want   *cashu.Error
	}{
		"another secret":      {func(p *cashu.Proof) { p.Secret += "x" }, cashu.ErrProofInvalid},
		"another amount":      {func(p *cashu.Proof) { p.Amount = 1 }, cashu.ErrProofInvalid},
		"another keyset":      {func(p *cashu.Proof) { p.ID = other.ID }, cashu.ErrProofInvalid},
		"another signature":   {func(p *cashu.Proof) { p.C = good[0].C }, cashu.ErrProofInvalid},
		"no signature":        {func(p *cashu.Proof) { p.C = bdhke.Point{} }, cashu.ErrProofInvalid},
		"unknown keyset":      {func(p *cashu.Proof) { p.ID = cashu.KeysetID{} }, cashu.ErrKeysetUnknown},
		"amount without key":  {func(p *cashu.Proof) { p.Amount = 3 }, cashu.ErrKeysetUnknown},
		"a proof twice":       {func(p *cashu.Proof) { *p = good[0] }, cashu.ErrDuplicateInputs},
		"a secret twice":      {func(p *cashu.Proof) { p.Secret = good[0].Secret }, cashu.ErrDuplicateInputs},
		"a secret of another": {func(p *cashu.Proof) { p.Secret, p.ID = good[0].Secret, other.ID }, cashu.ErrDuplicateInputs},
	} {
		t.Run(name, func(t *testing.T) {
			proofs := append([]cashu.Proof(nil), good...)
			c.change(&proofs[3])
			err := ks.Verify(t.Context(), proofs)
			if !errors.Is(err, c.want) {
				t.Errorf("Verify = %v, want %v", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret ") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

// Readers never stop while keysets come and go; a request keeps the snapshot
// that it began with.
func TestSigningGoesOnDuringRotations(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(4)})
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for last := uint64(0); !stop.Load(); {
				s := ks.Keysets()
				if s.Epoch < last {
					t.Errorf("epoch %d after %d", s.Epoch, last)
				}
				last = s.Epoch
				k := s.Keysets[len(s.Keysets)-1]
				if !k.Active {
					t.Error("the newest keyset of a snapshot is not active")
				}
				if _, err := ks.Sign(t.Context(), testMessages(t, k, 2)); err != nil && !errors.Is(err, cashu.ErrKeysetInactive) {
					t.Error(err)
				}
			}
		})
	}
	for range 10 {
		mustRotate(t, ks, RotateParams{Unit: "sat"})
	}
	stop.Store(true)
	wg.Wait()
}

func TestWorkEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	k := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ks.Sign(ctx, testMessages(t, k, 2)); !errors.Is(err, context.Canceled) {
		t.Errorf("Sign = %v", err)
	}
	if err := ks.Verify(ctx, testProofs(t, ks, k, 2)); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %v", err)
	}
}

func TestSpreadCallsEachItemOnceAndStopsAtAnError(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 2, 7} {
		for _, n := range []int{0, 1, 5, 100} {
			ks := &Keystore{parallel: parallel}
			calls := make([]atomic.Int32, n)
			if err := ks.spread(t.Context(), n, func(i int) error { calls[i].Add(1); return nil }); err != nil {
				t.Fatal(err)
			}
			for i := range calls {
				if calls[i].Load() != 1 {
					t.Errorf("%d of %d with %d: called %d times", i, n, parallel, calls[i].Load())
				}
			}
		}
		var begun atomic.Int32
		boom := errors.New("boom")
		ks := &Keystore{parallel: parallel}
		err := ks.spread(t.Context(), 1000, func(i int) error { begun.Add(1); return boom })
		if !errors.Is(err, boom) || int(begun.Load()) > parallel {
			t.Errorf("with %d: %v after %d items", parallel, err, begun.Load())
		}
	}
}
