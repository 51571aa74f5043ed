package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
)

// kit is a store under test and what a case needs to use it. Functions that run
// inside a transaction return errors: they must not end the test, which would end
// somebody else's goroutine.
type kit struct {
	testing.TB
	store  mint.Store
	ctx    context.Context
	points int
}

func newKit(t testing.TB, s mint.Store) *kit {
	return &kit{TB: t, store: s, ctx: t.Context()}
}

// start is the time of everything that has no reason to be at another.
var start = time.Date(2031, time.May, 4, 3, 2, 1, 0, time.UTC)

// point makes a point that no other call returns, with an even y coordinate like
// every Y.
func (k *kit) point() bdhke.Point {
	k.points++
	p, err := bdhke.HashToCurve(fmt.Appendf(nil, "storetest %d", k.points))
	if err != nil {
		k.Fatal(err)
	}
	return p
}

// twin is the point with the same x and the other y coordinate.
func (k *kit) twin(p bdhke.Point) bdhke.Point {
	b := p.Bytes()
	b[0] ^= 1
	q, err := bdhke.ParsePoint(b[:])
	if err != nil {
		k.Fatal(err)
	}
	return q
}

// keyset is the id number n.
func (k *kit) keyset(n byte) cashu.KeysetID {
	id, err := cashu.KeysetIDFromBytes([]byte{0, 1, 2, 3, 4, 5, 6, n})
	if err != nil {
		k.Fatal(err)
	}
	return id
}

func (k *kit) proofs(n int) []mint.SpentProof {
	list := make([]mint.SpentProof, n)
	for i := range list {
		list[i] = mint.SpentProof{Y: k.point(), Amount: 1 << (i % 32), KeysetID: k.keyset(1)}
	}
	return list
}

func (k *kit) outputs(n int) []cashu.BlindedMessage {
	list := make([]cashu.BlindedMessage, n)
	for i := range list {
		list[i] = cashu.BlindedMessage{B: k.point(), Amount: 1 << (i % 32), ID: k.keyset(1)}
	}
	return list
}

// signatures makes one for each output. Their numbers are wrong, which no store
// can know.
func (k *kit) signatures(outputs []cashu.BlindedMessage) []cashu.BlindSignature {
	list := make([]cashu.BlindSignature, len(outputs))
	for i, o := range outputs {
		c := k.point()
		x := c.Bytes()
		list[i] = cashu.BlindSignature{Amount: o.Amount, ID: o.ID, C: c, DLEQ: &bdhke.DLEQ{E: [32]byte{1, byte(i)}, S: [32]byte(x[1:])}}
	}
	return list
}

// saga is a new swap, not stored yet.
func (k *kit) saga(inputs, outputs int) *mint.Saga {
	return &mint.Saga{
		Operation: mint.Operation{
			ID: uuid.Must(uuid.NewV7()), Kind: mint.OperationSwap, Inputs: inputs, Outputs: outputs, Created: start,
		},
		State: mint.SagaSetupComplete, Owner: "storetest", LeaseUntil: start.Add(time.Minute), Updated: start,
	}
}

// issue is a new issue of a quote, not stored yet.
func (k *kit) issue(quoteID string, outputs int) *mint.Saga {
	s := k.saga(0, outputs)
	s.Kind, s.QuoteID = mint.OperationMint, quoteID
	return s
}

// update commits fn or ends the test.
func (k *kit) update(fn func(tx mint.Tx) error) {
	k.Helper()
	if err := k.store.Update(k.ctx, mint.Durable, fn); err != nil {
		k.Fatalf("update: %v", err)
	}
}

// refuse runs fn, which must fail with the error.
func (k *kit) refuse(want error, fn func(tx mint.Tx) error) {
	k.Helper()
	if err := k.store.Update(k.ctx, mint.Durable, fn); !errors.Is(err, want) {
		k.Fatalf("update: got the error %v, want %v", err, want)
	}
}

// reserve stores a swap with its inputs and outputs.
func (k *kit) reserve(proofs []mint.SpentProof, outputs []cashu.BlindedMessage) *mint.Saga {
	k.Helper()
	s := k.saga(len(proofs), len(outputs))
	k.update(func(tx mint.Tx) error { return reserve(k.ctx, tx, s, proofs, outputs) })
	return s
}

func reserve(ctx context.Context, tx mint.Tx, s *mint.Saga, proofs []mint.SpentProof, outputs []cashu.BlindedMessage) error {
	if err := tx.AddSaga(ctx, s); err != nil {
		return err
	}
	if err := tx.AddProofs(ctx, s.Operation, proofs); err != nil {
		return err
	}
	return tx.AddOutputs(ctx, s.Operation, outputs)
}

// finish completes a swap.
func finish(ctx context.Context, tx mint.Tx, s *mint.Saga, outputs []cashu.BlindedMessage, sigs []cashu.BlindSignature) error {
	if err := tx.FinishSaga(ctx, s); err != nil {
		return err
	}
	if n, err := tx.SpendProofs(ctx, s.Ref); err != nil || n != s.Inputs {
		return errors.Join(err, wrongCount("spent", n, s.Inputs))
	}
	return tx.SignOutputs(ctx, s.Ref, outputs, sigs)
}

// undo compensates a swap.
func undo(ctx context.Context, tx mint.Tx, s *mint.Saga) error {
	if err := tx.AbandonSaga(ctx, s); err != nil {
		return err
	}
	if n, err := tx.RemoveProofs(ctx, s.Ref); err != nil || n != s.Inputs {
		return errors.Join(err, wrongCount("removed proofs", n, s.Inputs))
	}
	n, err := tx.RemoveOutputs(ctx, s.Ref)
	if err != nil || n != s.Outputs {
		return errors.Join(err, wrongCount("removed outputs", n, s.Outputs))
	}
	return nil
}

func wrongCount(what string, got, want int) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s: %d, want %d", what, got, want)
}

// swap reserves and finishes a whole swap.
func (k *kit) swap(proofs []mint.SpentProof, outputs []cashu.BlindedMessage) (*mint.Saga, []cashu.BlindSignature) {
	k.Helper()
	s, sigs := k.reserve(proofs, outputs), k.signatures(outputs)
	k.update(func(tx mint.Tx) error { return finish(k.ctx, tx, s, outputs, sigs) })
	return s, sigs
}

// state reads the state of one Y.
func (k *kit) state(y bdhke.Point) mint.ProofState {
	k.Helper()
	return k.records(y)[0].State
}

func (k *kit) records(ys ...bdhke.Point) []mint.ProofRecord {
	k.Helper()
	records, err := k.store.Proofs(k.ctx, ys)
	if err != nil {
		k.Fatalf("reading proofs: %v", err)
	}
	if len(records) != len(ys) {
		k.Fatalf("%d records for %d Ys", len(records), len(ys))
	}
	return records
}

func (k *kit) signed(bs ...bdhke.Point) []mint.SignatureRecord {
	k.Helper()
	records, err := k.store.Signatures(k.ctx, bs)
	if err != nil {
		k.Fatalf("reading signatures: %v", err)
	}
	if len(records) != len(bs) {
		k.Fatalf("%d records for %d blinded messages", len(records), len(bs))
	}
	return records
}

func (k *kit) facts(ref mint.OperationRef, pending, unsigned int) {
	k.Helper()
	f, err := k.store.Facts(k.ctx, ref)
	if err != nil {
		k.Fatal(err)
	}
	if want := (mint.OperationFacts{ProofsPending: pending, OutputsUnsigned: unsigned}); f != want {
		k.Errorf("facts of operation %d: got %+v, want %+v", ref, f, want)
	}
}

func ysOf(proofs []mint.SpentProof) []bdhke.Point {
	ys := make([]bdhke.Point, len(proofs))
	for i, p := range proofs {
		ys[i] = p.Y
	}
	return ys
}

func bsOf(outputs []cashu.BlindedMessage) []bdhke.Point {
	bs := make([]bdhke.Point, len(outputs))
	for i, o := range outputs {
		bs[i] = o.B
	}
	return bs
}

// sameSignature compares two signatures with their proofs.
func sameSignature(a, b cashu.BlindSignature) bool {
	if (a.DLEQ == nil) != (b.DLEQ == nil) || a.DLEQ != nil && *a.DLEQ != *b.DLEQ {
		return false
	}
	return a.Amount == b.Amount && a.ID == b.ID && a.C == b.C
}
