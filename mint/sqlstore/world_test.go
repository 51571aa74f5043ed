package sqlstore_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
)

// forge makes distinct points quickly: anything on the curve will do.
type forge struct {
	r *rand.Rand
}

func newForge(seed uint64) *forge {
	return &forge{r: rand.New(rand.NewPCG(seed, seed))}
}

// point makes one; with even, it could be a Y.
func (f *forge) point(even bool) bdhke.Point {
	var b [bdhke.PointSize]byte
	for {
		for i := 1; i < len(b); i += 8 {
			binary.BigEndian.PutUint64(b[i:i+8], f.r.Uint64())
		}
		b[0] = 2
		if !even {
			b[0] += byte(f.r.Uint32() & 1)
		}
		if p, err := bdhke.ParsePoint(b[:]); err == nil {
			return p
		}
	}
}

func keysetOne() cashu.KeysetID {
	id, err := cashu.KeysetIDFromBytes([]byte{0, 1, 2, 3, 4, 5, 6, 7})
	if err != nil {
		panic(err)
	}
	return id
}

// swap is one operation with as many inputs as outputs, all of keyset 1.
type swap struct {
	saga    *mint.Saga
	proofs  []mint.SpentProof
	outputs []cashu.BlindedMessage
	sigs    []cashu.BlindSignature
}

func (f *forge) swap(n int) *swap {
	id, now := keysetOne(), time.Unix(1_900_000_000, 0)
	s := &swap{saga: &mint.Saga{
		Operation: mint.Operation{ID: uuid.Must(uuid.NewV7()), Kind: mint.OperationSwap, Inputs: n, Outputs: n, Created: now},
		State:     mint.SagaSetupComplete, Owner: "me", LeaseUntil: now.Add(time.Minute), Updated: now,
	}}
	for i := range n {
		amount := cashu.Amount(1) << f.r.IntN(21)
		c := f.point(false)
		e := sha256.Sum256(fmt.Append(nil, f.r.Uint64(), i))
		s.proofs = append(s.proofs, mint.SpentProof{Y: f.point(true), Amount: amount, KeysetID: id})
		s.outputs = append(s.outputs, cashu.BlindedMessage{Amount: amount, ID: id, B: f.point(false)})
		s.sigs = append(s.sigs, cashu.BlindSignature{Amount: amount, ID: id, C: c, DLEQ: &bdhke.DLEQ{E: e, S: sha256.Sum256(e[:])}})
	}
	return s
}

// reserve and finish are the two transactions of a swap.
func (s *swap) reserve(ctx context.Context, store mint.Store) error {
	return store.Update(ctx, mint.Deferred, func(tx mint.Tx) error {
		if err := tx.AddSaga(ctx, s.saga); err != nil {
			return err
		}
		if err := tx.AddProofs(ctx, s.saga.Operation, s.proofs); err != nil {
			return err
		}
		return tx.AddOutputs(ctx, s.saga.Operation, s.outputs)
	})
}

func (s *swap) finish(ctx context.Context, store mint.Store) error {
	return store.Update(ctx, mint.Durable, func(tx mint.Tx) error {
		if err := tx.FinishSaga(ctx, s.saga); err != nil {
			return err
		}
		if _, err := tx.SpendProofs(ctx, s.saga.Ref); err != nil {
			return err
		}
		return tx.SignOutputs(ctx, s.saga.Ref, s.outputs, s.sigs)
	})
}

func (s *swap) run(ctx context.Context, store mint.Store) error {
	if err := s.reserve(ctx, store); err != nil {
		return err
	}
	return s.finish(ctx, store)
}

func ysOf(s *swap) []bdhke.Point {
	ys := make([]bdhke.Point, len(s.proofs))
	for i, p := range s.proofs {
		ys[i] = p.Y
	}
	return ys
}
