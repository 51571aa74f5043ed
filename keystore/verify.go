package keystore

import (
	"context"
	"slices"

	"mintmark/bdhke"
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
	byKey := make(map[keyName][]int)
	keys := make(map[keyName]mintkey.Key)
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
		name := keyName{p.ID, p.Amount}
		keys[name] = key
		byKey[name] = append(byKey[name], i)
	}
	batches := divide(byKey, max(batchLeast, (len(proofs)+ks.parallel-1)/ks.parallel))
	return ks.spread(ctx, len(batches), func(i int) error {
		b := batches[i]
		secrets, cs := make([][]byte, len(b.proofs)), make([]bdhke.Point, len(b.proofs))
		for j, at := range b.proofs {
			secrets[j], cs[j] = []byte(proofs[at].Secret), proofs[at].C
		}
		if !keys[b.key].VerifyAll(secrets, cs) {
			return cashu.ErrProofInvalid
		}
		return nil
	})
}

// keyName names a private key.
type keyName struct {
	keyset cashu.KeysetID
	amount cashu.Amount
}

// batch is proofs of one key, which are verified together.
type batch struct {
	key    keyName
	proofs []int
}

// batchLeast and batchMost bound the proofs of a batch: with fewer there is little
// to share, with more there is little more to gain, and ctx is looked at between
// two batches.
const (
	batchLeast = 8
	batchMost  = 64
)

// divide makes batches of at most size proofs, the largest first, so that the
// cores end at about the same time.
func divide(byKey map[keyName][]int, size int) []batch {
	size = min(size, batchMost)
	batches := make([]batch, 0, len(byKey))
	for key, proofs := range byKey {
		for part := range slices.Chunk(proofs, size) {
			batches = append(batches, batch{key, part})
		}
	}
	slices.SortFunc(batches, func(a, b batch) int { return len(b.proofs) - len(a.proofs) })
	return batches
}
