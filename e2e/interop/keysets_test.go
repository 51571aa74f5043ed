//go:build interop

package interop

import (
	"slices"
	"testing"
	"time"

	"github.com/tyler-smith/go-bip39"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/signatory"
)

func newWords(t *testing.T) string {
	t.Helper()
	entropy, err := bip39.NewEntropy(256)
	if err != nil {
		t.Fatal(err)
	}
	words, err := bip39.NewMnemonic(entropy)
	if err != nil {
		t.Fatal(err)
	}
	return words
}

func dial(t *testing.T, s *harness.Stack) *signatory.Client {
	t.Helper()
	c, err := signatory.Dial(signatory.ClientConfig{Address: s.SignatoryAddress(), TLSDir: s.TLS(), DLEQ: signatory.DLEQEvery})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Two signatories with the same words are the same signatory: identity, keyset
// ids of both versions, every key, every signature and every DLEQ proof. So a
// mint can move from one to the other.
func TestTheSameWordsGiveTheSameSignatory(t *testing.T) {
	t.Parallel()
	words := newWords(t)
	ours, theirs := harness.NewStackOfWords(t, programs, words), harness.NewStackOfWords(t, programs, words)
	ours.StartSignatory()
	theirs.StartCDKSignatory(harness.FindCDK(t, *cdkDir))
	a, b := dial(t, ours), dial(t, theirs)

	powers := func(n int) (amounts []cashu.Amount) {
		for i := range n {
			amounts = append(amounts, 1<<i)
		}
		return amounts
	}
	later := uint64(time.Now().Add(24 * time.Hour).Unix())
	first := signatory.RotateRequest{Unit: "sat", Amounts: powers(32), IDVersion: cashu.V2}
	rotations := []signatory.RotateRequest{
		first,
		{Unit: "sat", InputFeePPK: 100, Amounts: powers(32), IDVersion: cashu.V2},
		{Unit: "sat", InputFeePPK: 100, Amounts: powers(32), IDVersion: cashu.V1},
		{Unit: "sat", Amounts: powers(20), IDVersion: cashu.V2, FinalExpiry: later},
		{Unit: "usd", InputFeePPK: 1, Amounts: powers(8), IDVersion: cashu.V2},
		{Unit: "auth", Amounts: powers(1), IDVersion: cashu.V2},
		{Unit: "eurc", Amounts: []cashu.Amount{1, 5, 10, 50}, IDVersion: cashu.V2},
		{Unit: "points", Amounts: powers(63), IDVersion: cashu.V1},
	}
	for i, r := range rotations {
		if i > 0 { // our init has made the first
			if _, err := a.RotateKeyset(t.Context(), r); err != nil {
				t.Fatalf("rotating ours to %+v: %v", r, err)
			}
		}
		if _, err := b.RotateKeyset(t.Context(), r); err != nil {
			t.Fatalf("rotating CDK's to %+v: %v", r, err)
		}
	}
	sa, err := a.Keysets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sb, err := b.Keysets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sa.Identity != sb.Identity {
		t.Errorf("our identity is %v, CDK's %v", sa.Identity, sb.Identity)
	}
	if len(sa.Keysets) != len(rotations) || len(sb.Keysets) != len(rotations) {
		t.Fatalf("ours has %d keysets, CDK's %d, want %d", len(sa.Keysets), len(sb.Keysets), len(rotations))
	}
	for _, k := range sa.Keysets {
		i := slices.IndexFunc(sb.Keysets, func(other cashu.Keyset) bool { return other.ID == k.ID })
		if i < 0 {
			t.Errorf("CDK's has no keyset %v (%s, fee %d)", k.ID, k.Unit, k.InputFeePPK)
			continue
		}
		other := sb.Keysets[i]
		if other.Unit != k.Unit || other.Active != k.Active || other.InputFeePPK != k.InputFeePPK ||
			other.FinalExpiry != k.FinalExpiry || !other.Keys.Equal(k.Keys) {
			t.Errorf("keyset %v differs: ours %+v, CDK's %+v", k.ID, k, other)
		}
		if k.Active {
			sameSignatures(t, a, b, k)
		}
	}
}

// sameSignatures has both sign the same messages, and each verify what the other
// has signed.
func sameSignatures(t *testing.T, a, b *signatory.Client, k cashu.Keyset) {
	t.Helper()
	var messages []cashu.BlindedMessage
	var proofs []cashu.Proof
	for amount := range k.Keys.All() {
		secret := "a secret of " + k.ID.String() + " over " + amount.String()
		y, err := bdhke.HashToCurve([]byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		// Not blinded, so that the signature is one of the secret.
		messages = append(messages, cashu.BlindedMessage{Amount: amount, ID: k.ID, B: y})
		proofs = append(proofs, cashu.Proof{Amount: amount, ID: k.ID, Secret: secret})
	}
	fromOurs, err := a.BlindSign(t.Context(), messages)
	if err != nil {
		t.Fatalf("signing with ours: %v", err)
	}
	fromTheirs, err := b.BlindSign(t.Context(), messages)
	if err != nil {
		t.Fatalf("signing with CDK's: %v", err)
	}
	for i := range messages {
		if fromOurs[i].C != fromTheirs[i].C {
			t.Errorf("%v over %v: another signature", k.ID, messages[i].Amount)
		}
		if *fromOurs[i].DLEQ != *fromTheirs[i].DLEQ {
			t.Errorf("%v over %v: another proof of equality", k.ID, messages[i].Amount)
		}
		proofs[i].C = fromOurs[i].C
	}
	for name, c := range map[string]*signatory.Client{"ours": a, "CDK's": b} {
		if err := c.VerifyProofs(t.Context(), proofs); err != nil {
			t.Errorf("%s does not verify coins of %v: %v", name, k.ID, err)
		}
	}
	proofs[0].C = messages[0].B
	for name, c := range map[string]*signatory.Client{"ours": a, "CDK's": b} {
		if err := c.VerifyProofs(t.Context(), proofs); err == nil {
			t.Errorf("%s verifies a coin of %v that nobody signed", name, k.ID)
		}
	}
}
