package mint

import (
	"context"
	"errors"
	"fmt"

	"mintmark/internal/crashpoint"
	"mintmark/mint/lightning"
)

// meltVerdict is what recovery does about an unfinished melt. Whether money has
// gone is not in the database until somebody has asked the backend.
type meltVerdict uint8

const (
	meltImpossible meltVerdict = iota // as verdictImpossible
	meltDrop                          // as verdictDrop
	meltAsk                           // everything is reserved; the backend knows the rest
	meltFinish                        // the money is gone; the change is owed
)

// judgeMelt decides from facts alone.
func judgeMelt(op Operation, f OperationFacts, q MeltQuote) meltVerdict {
	reserved := f.ProofsPending == op.Inputs && f.OutputsUnsigned == op.Outputs
	switch {
	case q.Operation != op.Ref:
	case reserved && q.State == MeltPending:
		return meltAsk
	case reserved && q.State == MeltSettled:
		return meltFinish
	case f.ProofsPending == 0 && f.OutputsUnsigned == 0 && q.State == MeltPaid:
		return meltDrop
	}
	return meltImpossible
}

// VerdictAsk and VerdictFinish are verdicts on melts: the backend has to say what
// became of the payment; the payment was made and its change is owed.
const (
	VerdictAsk    = "ask"
	VerdictFinish = "finish"
)

func (v meltVerdict) String() string {
	switch v {
	case meltDrop:
		return verdictDrop.String()
	case meltAsk:
		return VerdictAsk
	case meltFinish:
		return VerdictFinish
	}
	return VerdictImpossible
}

// MeltVerdict is Verdict for a melt and its quote.
func MeltVerdict(op Operation, f OperationFacts, q MeltQuote) string {
	return judgeMelt(op, f, q).String()
}

// recoverMelt goes on with a melt that was claimed, from wherever it was left.
func (m *Mint) recoverMelt(ctx context.Context, s *Saga) (verdict, error) {
	q, err := m.store.MeltQuote(ctx, s.QuoteID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return 0, fmt.Errorf("reading a melt quote: %w", err)
	}
	facts, err := m.store.Facts(ctx, s.Ref)
	if err != nil {
		return 0, fmt.Errorf("looking at a melt: %w", err)
	}
	switch judgeMelt(s.Operation, facts, q) {
	case meltDrop:
		return verdictDrop, m.store.Update(ctx, Deferred, func(tx Tx) error { return tx.FinishSaga(ctx, s) })
	case meltAsk, meltFinish:
		return verdictDrop, m.resumeMelt(ctx, s, q)
	}
	m.log.Error("a melt is in a state that cannot be; it is left alone until an operator looks at it",
		"operation", s.ID.String(), "inputs", s.Inputs, "outputs", s.Outputs, "quote_state", q.State.String(),
		"proofs_pending", facts.ProofsPending, "outputs_unsigned", facts.OutputsUnsigned)
	return verdictImpossible, nil
}

func (m *Mint) resumeMelt(ctx context.Context, s *Saga, q MeltQuote) error {
	w := melting{saga: s}
	var err error
	if w.inputs, err = m.store.ReservedProofs(ctx, s.Ref); err != nil {
		return fmt.Errorf("reading the inputs of a melt: %w", err)
	}
	if w.blanks, err = m.store.ReservedOutputs(ctx, s.Ref); err != nil {
		return fmt.Errorf("reading the blanks of a melt: %w", err)
	}
	if q.State == MeltPending {
		out, err := m.askAgain(ctx, &w, q)
		switch {
		case err != nil:
			return err
		case out.State == lightning.PaymentFailed:
			if err := m.store.Update(ctx, Deferred, func(tx Tx) error { return undoReserved(ctx, tx, s, m.now()) }); err != nil {
				return fmt.Errorf("undoing a melt: %w", err)
			}
			crashpoint.Here(crashRecovered)
			m.melts.failed.Add(1)
			m.publishMelt(q.Method, q.ID, w.inputs, ProofUnspent)
			m.log.Info("recovered a melt: its payment failed", "operation", s.ID.String())
			return nil
		case out.State != lightning.PaymentPaid:
			return nil // whoever asks next may know more
		}
		q.Settlement = Settlement{Spent: out.Spent, Proof: out.Proof}
	}
	if err := m.finishMelt(ctx, w, q); err != nil {
		return err
	}
	crashpoint.Here(crashRecovered)
	m.log.Info("recovered a melt: it is paid", "operation", s.ID.String())
	return nil
}

// askAgain asks what became of the payment. One that the backend never heard of
// is sent now: the wallet wants it, its coins are reserved for it, and the id of
// the attempt keeps it from being made twice.
func (m *Mint) askAgain(ctx context.Context, w *melting, q MeltQuote) (lightning.Outgoing, error) {
	var err error
	if w.way, err = m.payerOf(q); err != nil {
		return lightning.Outgoing{}, fmt.Errorf("nobody can tell what became of a payment: %w", err)
	}
	if err := m.sameBackend(ctx, w.way); err != nil {
		return lightning.Outgoing{}, fmt.Errorf("nobody can tell what became of a payment: %w", err)
	}
	out := m.ask(ctx, *w, q)
	if out.State != lightning.PaymentUnknown {
		return out, nil
	}
	m.log.Info("sending a payment that was not sent before the mint went down", "operation", w.saga.ID.String())
	return m.send(ctx, *w, q, true), nil
}
