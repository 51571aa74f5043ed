package keystore

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"mintmark/bdhke/mintkey"
	"mintmark/cashu"
)

// Verify returns nil when every proof carries the signature of the key of its
// keyset and amount (NUT-00). Inactive keysets verify for ever; expired ones do
// not (NUT-02). Whether a proof is spent, or locked, is not known here.
//
// Errors of proofs are *cashu.Error: cashu.ErrProofInvalid (10001) without saying
// which one, 12001 for a keyset or an amount without a key, 12003 expired, 11007
// for the same secret twice. ErrStale: see there. When ctx ends, Verify stops early
// with its error.
func (ks *Keystore) Verify(ctx context.Context, proofs []cashu.Proof) error {
	if err := ks.others.stale(); err != nil {
		return err
	}
	s, now := ks.current.Load(), ks.clock()
	claims := make([]claim, len(proofs))
	seen := make(map[string]struct{}, len(proofs))
	for i, p := range proofs {
		k, key, err := s.find(p.ID, p.Amount)
		switch {
		case err != nil:
			return err
		case k.public.ExpiredForInputs(now):
			return cashu.Errorf(cashu.CodeKeysetExpired, "keyset %s has expired", p.ID)
		}
		// The secret alone decides what can be spent once (Y), not the keyset.
		if _, twice := seen[p.Secret]; twice {
			return cashu.ErrDuplicateInputs
		}
		seen[p.Secret] = struct{}{}
		claims[i] = claim{p.ID, p.Amount, mintkey.Claim{Key: key, Secret: []byte(p.Secret), C: p.C}}
	}
	batches := divide(claims, ks.parallel)
	return ks.spread(ctx, len(batches), func(i int) error {
		if !mintkey.VerifyAll(batches[i]) {
			return cashu.ErrProofInvalid
		}
		return nil
	})
}

// claim is a claim and the name of its key.
type claim struct {
	keyset cashu.KeysetID
	amount cashu.Amount
	mintkey.Claim
}

// batchLeast and batchMost bound the claims of a batch: with fewer there is little
// to share, with more there is little more to gain, and ctx is looked at between
// two batches.
const (
	batchLeast = 8
	batchMost  = 64
)

// divide makes batches for so many cores, with the claims of a key side by side.
func divide(claims []claim, cores int) [][]mintkey.Claim {
	slices.SortFunc(claims, func(a, b claim) int {
		return cmp.Or(bytes.Compare(a.keyset.Bytes(), b.keyset.Bytes()), cmp.Compare(a.amount, b.amount))
	})
	size := min(max((len(claims)+cores-1)/cores, batchLeast), batchMost)
	var batches [][]mintkey.Claim
	for part := range slices.Chunk(claims, size) {
		batch := make([]mintkey.Claim, len(part))
		for i, c := range part {
			batch[i] = c.Claim
		}
		batches = append(batches, batch)
	}
	return batches
}
