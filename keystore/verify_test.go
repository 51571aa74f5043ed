package keystore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/bdhke/mintkey"
	"mintmark/cashu"
)

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

// As many proofs of each key as make several batches, and one that is false.
func TestAFalseProofIsFoundAmongMany(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	k := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	proofs := testProofs(t, ks, k, 90)
	if err := ks.Verify(t.Context(), proofs); err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(proofs); at += 13 {
		spoiled := slices.Clone(proofs)
		spoiled[at].C = proofs[(at+2)%len(proofs)].C // of the same key
		if err := ks.Verify(t.Context(), spoiled); !errors.Is(err, cashu.ErrProofInvalid) {
			t.Errorf("with proof %d false: %v", at, err)
		}
	}
}

func TestEveryProofIsInOneBatch(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 7, 8, 9, 40, 300} {
		for _, cores := range []int{1, 2, 16} {
			var claims []claim
			left := map[string]bool{}
			for i := range n {
				secret := testSecret(i)
				left[secret] = true
				claims = append(claims, claim{amount: cashu.Amount(i * i % 7), Claim: mintkey.Claim{Secret: []byte(secret)}})
			}
			for _, b := range divide(claims, cores) {
				if len(b) > batchMost || len(b) == 0 {
					t.Errorf("%d on %d cores: a batch of %d", n, cores, len(b))
				}
				for _, c := range b {
					if !left[string(c.Secret)] {
						t.Errorf("%d on %d cores: %s is in two batches", n, cores, c.Secret)
					}
					delete(left, string(c.Secret))
				}
			}
			if len(left) > 0 {
				t.Errorf("%d on %d cores: in no batch: %v", n, cores, left)
			}
		}
	}
}
