package mint_test

import (
	"bytes"
	"context"
	"slices"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// The part of memStore that is about melting.

func (s *memStore) MeltQuote(ctx context.Context, id string) (mint.MeltQuote, error) {
	return s.tx().MeltQuote(ctx, id)
}
func (s *memStore) ReservedProofs(ctx context.Context, ref mint.OperationRef) ([]mint.SpentProof, error) {
	return s.tx().ReservedProofs(ctx, ref)
}
func (s *memStore) ReservedOutputs(ctx context.Context, ref mint.OperationRef) ([]cashu.BlindedMessage, error) {
	return s.tx().ReservedOutputs(ctx, ref)
}

func (t *memTx) MeltQuote(_ context.Context, id string) (mint.MeltQuote, error) {
	q, ok := t.melts[id]
	if !ok {
		return q, mint.ErrNotFound
	}
	return q, nil
}

func (t *memTx) AddMeltQuote(_ context.Context, q mint.MeltQuote) error {
	for _, other := range t.melts {
		switch same := q.LookupID != "" && other.LookupID == q.LookupID && other.Method == q.Method; {
		case same && other.State == mint.MeltPaid:
			return mint.ErrRequestPaid
		case same && other.State != mint.MeltUnpaid:
			return mint.ErrRequestPending
		case same && q.Created.Before(other.Expiry):
			return mint.RequestQuoted{Until: other.Expiry}
		}
	}
	t.melts[q.ID] = q
	return nil
}

// moveMelt changes a quote that is in one state under the operation.
func (t *memTx) moveMelt(id string, ref mint.OperationRef, from, to mint.MeltState, change func(*mint.MeltQuote)) error {
	q, ok := t.melts[id]
	if !ok || q.State != from || q.Operation != ref {
		return mint.ErrForbiddenState
	}
	q.State = to
	change(&q)
	t.melts[id] = q
	return nil
}

func (t *memTx) ReserveMelt(_ context.Context, id string, ref mint.OperationRef, fee cashu.Amount, at time.Time) error {
	q := t.melts[id]
	for _, other := range t.melts {
		if q.LookupID != "" && other.LookupID == q.LookupID && other.Method == q.Method && other.State != mint.MeltUnpaid {
			return mint.ErrForbiddenState
		}
	}
	return t.moveMelt(id, 0, mint.MeltUnpaid, mint.MeltPending, func(q *mint.MeltQuote) {
		q.Operation, q.InputFee, q.Updated = ref, fee, later(q.Updated, at)
	})
}

func (t *memTx) ChooseFee(_ context.Context, id string, o lightning.FeeOption) error {
	return t.moveMelt(id, 0, mint.MeltUnpaid, mint.MeltUnpaid, func(q *mint.MeltQuote) { q.FeeIndex, q.FeeReserve = o.Index, o.Reserve })
}

func (t *memTx) NoteProof(_ context.Context, id string, ref mint.OperationRef, proof string, at time.Time) error {
	if q := t.melts[id]; q.State != mint.MeltPending || q.Operation != ref {
		return nil
	}
	return t.moveMelt(id, ref, mint.MeltPending, mint.MeltPending, func(q *mint.MeltQuote) { q.Proof, q.Updated = proof, later(q.Updated, at) })
}

func (t *memTx) SettleMelt(_ context.Context, id string, ref mint.OperationRef, s mint.Settlement) error {
	return t.moveMelt(id, ref, mint.MeltPending, mint.MeltSettled, func(q *mint.MeltQuote) { q.Settlement = s })
}

func (t *memTx) FinishMelt(_ context.Context, id string, ref mint.OperationRef, change []bdhke.Point, at time.Time) error {
	return t.moveMelt(id, ref, mint.MeltSettled, mint.MeltPaid, func(q *mint.MeltQuote) {
		q.Change, q.Paid, q.Updated = change, at, later(q.Updated, at)
	})
}

func (t *memTx) ReleaseMelt(_ context.Context, id string, ref mint.OperationRef, at time.Time) error {
	return t.moveMelt(id, ref, mint.MeltPending, mint.MeltUnpaid, func(q *mint.MeltQuote) {
		q.Operation, q.InputFee, q.Proof, q.Updated = 0, 0, "", later(q.Updated, at)
	})
}

func (t *memTx) RemoveUnpaidMelts(_ context.Context, before time.Time, limit int) (n int, err error) {
	for id, q := range t.melts {
		if n < limit && q.State == mint.MeltUnpaid && q.Expiry.Before(before) {
			delete(t.melts, id)
			n++
		}
	}
	return n, nil
}

func (t *memTx) ClaimMeltPoll(ctx context.Context, id string, now time.Time, interval time.Duration) (bool, error) {
	return t.ClaimPoll(ctx, "melt "+id, now, interval)
}

func (t *memTx) ReservedProofs(_ context.Context, ref mint.OperationRef) (list []mint.SpentProof, err error) {
	for _, p := range t.proofs {
		if p.Operation == ref && p.State == mint.ProofPending {
			list = append(list, p.SpentProof)
		}
	}
	slices.SortFunc(list, func(a, b mint.SpentProof) int {
		x, y := a.Y.Bytes(), b.Y.Bytes()
		return bytes.Compare(x[:], y[:])
	})
	return list, nil
}

func (t *memTx) ReservedOutputs(_ context.Context, ref mint.OperationRef) (list []cashu.BlindedMessage, err error) {
	for _, o := range t.outputs {
		if o.Operation == ref && !o.Signed {
			list = append(list, cashu.BlindedMessage{Amount: o.Signature.Amount, ID: o.Signature.ID, B: o.B})
		}
	}
	slices.SortFunc(list, func(a, b cashu.BlindedMessage) int { return t.positions[a.B.Key()] - t.positions[b.B.Key()] })
	return list, nil
}
