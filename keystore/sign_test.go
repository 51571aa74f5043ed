package keystore

import (
	"bytes"
	"errors"
	"fmt"
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
