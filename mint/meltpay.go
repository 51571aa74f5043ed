package mint

import (
	"context"
	"errors"
	"fmt"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/mint/events"
	"mintmark/mint/lightning"
	"mintmark/signatory"
)

// melting is a melt whose first commit is done.
type melting struct {
	saga   *Saga
	way    Backend
	inputs []SpentProof
	blanks []cashu.BlindedMessage
}

// payAndFinish sends the payment and makes final what comes of it. Only a payment
// that certainly failed is undone, which is cashu.ErrPaymentFailed; every doubt
// leaves the melt pending, and recovery asks again. Any other error is in the log.
func (m *Mint) payAndFinish(ctx context.Context, w melting) error {
	q, err := m.store.MeltQuote(ctx, w.saga.QuoteID)
	if err == nil && q.State == MeltPending {
		out := m.send(ctx, w, q, false)
		crashpoint.Here(crashMeltSent)
		switch out.State {
		case lightning.PaymentPaid:
			q.Settlement = Settlement{Spent: out.Spent, Proof: out.Proof}
		case lightning.PaymentFailed:
			m.log.Info("payment failed", "operation", w.saga.ID.String(), "method", q.Method)
			m.melts.failed.Add(1)
			err := m.undo(ctx, w.saga, cashu.ErrPaymentFailed)
			m.publishMelt(q.Method, q.ID, w.inputs, ProofUnspent)
			return err
		default:
			m.melts.open.Add(1)
			m.log.Info("payment is pending", "operation", w.saga.ID.String(), "method", q.Method)
			return cashu.ErrQuotePending
		}
	}
	if err == nil {
		err = m.finishMelt(ctx, w, q)
	}
	if err != nil {
		m.log.Error("a melt is not finished, recovery will go on with it", "operation", w.saga.ID.String(), "error", err)
		m.remind()
	}
	return err
}

// send asks the backend to pay and waits. What it says other than "paid" is not
// believed before it was asked again: only a fresh word that the payment failed
// counts as one.
func (m *Mint) send(ctx context.Context, w melting, q MeltQuote, recovered bool) lightning.Outgoing {
	payCtx, cancel := context.WithTimeout(ctx, m.cfg.PayTimeout)
	defer cancel()
	defer context.AfterFunc(m.stopping, cancel)()
	out, err := w.way.Payer.SendPayment(payCtx, lightning.Payment{
		ID: w.saga.ID.String(), Method: q.Method, Request: q.Request, LookupID: q.LookupID,
		Amount: q.Amount, Unit: q.Unit, Terms: q.Terms, MaxFee: q.FeeReserve, FeeIndex: q.FeeIndex,
		Recovered: recovered,
	})
	switch {
	case errors.Is(err, lightning.ErrRefused):
		m.log.Warn("the payment backend refuses to pay", "backend", w.way.Name, "operation", w.saga.ID.String(), "error", err)
		return lightning.Outgoing{State: lightning.PaymentFailed}
	case err == nil && out.State == lightning.PaymentPaid:
		return out
	case err != nil:
		m.log.Warn("the payment backend failed, the payment may have been made", "backend", w.way.Name, "operation", w.saga.ID.String(), "error", err)
	}
	return m.ask(ctx, w, q)
}

// ask asks the backend what became of the payment. No answer means pending.
func (m *Mint) ask(ctx context.Context, w melting, q MeltQuote) lightning.Outgoing {
	ctx, cancel := context.WithTimeout(ctx, m.cfg.OperationTimeout/2)
	defer cancel()
	out, err := w.way.Payer.CheckPayment(ctx, q.Method, w.saga.ID.String())
	if err != nil {
		m.log.Warn("could not ask what became of a payment", "backend", w.way.Name, "operation", w.saga.ID.String(), "error", err)
		return lightning.Outgoing{State: lightning.PaymentPending}
	}
	if out.State == lightning.PaymentPending && out.Proof != "" && out.Proof != q.Proof {
		m.noteProof(ctx, w, q, out.Proof)
	}
	return out
}

// noteProof keeps what shows a payment on its way (NUT-30 "outpoint"). It is no more
// than news: what counts is how the payment ends.
func (m *Mint) noteProof(ctx context.Context, w melting, q MeltQuote, proof string) {
	err := m.store.Update(ctx, Deferred, func(tx Tx) error { return tx.NoteProof(ctx, q.ID, w.saga.Ref, proof, m.now()) })
	if err != nil {
		m.log.Warn("could not note a payment under way", "operation", w.saga.ID.String(), "error", err)
		return
	}
	if m.events.Wanted() {
		m.events.Publish(events.Change{Topic: meltQuoteTopic(q.Method, q.ID)})
	}
}

// finishMelt is the second commit: inputs spent, change signed, quote paid. The
// money is gone, so when the change cannot be signed now, only that is noted, for
// ever, and the rest is left to recovery.
func (m *Mint) finishMelt(ctx context.Context, w melting, q MeltQuote) error {
	if q.State == MeltSettled {
		m.cancelPaidWithin(ctx, q)
	}
	change, sigs, err := m.signChange(ctx, w, q)
	if err == nil {
		crashpoint.Here(crashMeltSigned)
		err = m.commitMelt(ctx, w, q, change, sigs)
	}
	if err == nil {
		crashpoint.Here(crashMeltFinished)
		m.melts.paid.Add(1)
		m.publishMelt(q.Method, q.ID, w.inputs, ProofSpent)
		return nil
	}
	defer m.publishMelt(q.Method, q.ID, w.inputs, ProofUnspent) // in case it happened
	if q.State == MeltPending {
		settle := m.store.Update(ctx, Durable, func(tx Tx) error { return tx.SettleMelt(ctx, q.ID, w.saga.Ref, q.Settlement) })
		crashpoint.Here(crashMeltSettled)
		if settle != nil {
			err = errors.Join(err, fmt.Errorf("noting a payment: %w", settle))
		}
	}
	return err
}

// cancelPaidWithin tells the backend of a mint quote that was paid within the mint
// that nobody else shall pay it. The melt is not finished before that was tried,
// so a crash forgets it no more than the melt. It is no more than a try: whoever is
// faster has paid the quote as well.
func (m *Mint) cancelPaidWithin(ctx context.Context, q MeltQuote) {
	if q.LookupID == "" {
		return
	}
	payee, err := m.store.MintQuoteByLookup(ctx, q.Method, q.LookupID)
	if errors.Is(err, ErrNotFound) {
		return // it was paid outside, and only its change is late
	}
	if err == nil {
		var b Backend
		if b, err = m.receiverOf(payee); err == nil {
			if c, ok := b.Receiver.(lightning.Canceller); ok {
				askCtx, cancel := context.WithTimeout(ctx, refreshTimeout)
				defer cancel()
				err = c.CancelInvoice(askCtx, payee.Method, payee.LookupID)
			}
		}
	}
	if err != nil {
		m.log.Warn("could not cancel an invoice that was paid within the mint", "method", q.Method, "error", err)
	}
}

func (m *Mint) commitMelt(ctx context.Context, w melting, q MeltQuote, change []cashu.BlindedMessage, sigs []cashu.BlindSignature) error {
	s := *w.saga
	if err := s.advance(SagaSigned); err != nil {
		return err
	}
	return m.finishCounted(ctx, &s, w.inputs, change, func(tx Tx) error {
		if q.State == MeltPending {
			if err := tx.SettleMelt(ctx, q.ID, s.Ref, q.Settlement); err != nil {
				return err
			}
		}
		if n, err := tx.SpendProofs(ctx, s.Ref); err != nil {
			return err
		} else if n != s.Inputs {
			return fmt.Errorf("spent %d of %d inputs: %w", n, s.Inputs, ErrForbiddenState)
		}
		if err := tx.SignOutputs(ctx, s.Ref, change, sigs); err != nil {
			return err
		}
		// The blanks that nothing was left for can be used again.
		if n, err := tx.RemoveOutputs(ctx, s.Ref); err != nil {
			return err
		} else if n != s.Outputs-len(change) {
			return fmt.Errorf("removed %d of %d outputs: %w", n, s.Outputs-len(change), ErrForbiddenState)
		}
		return tx.FinishMelt(ctx, q.ID, s.Ref, messagePoints(change), m.now())
	})
}

// signChange signs what is left of the inputs after the payment and the input
// fee, on the first of the blanks.
func (m *Mint) signChange(ctx context.Context, w melting, q MeltQuote) ([]cashu.BlindedMessage, []cashu.BlindSignature, error) {
	left, err := owed(w.inputs, q)
	if err != nil {
		return nil, nil, err
	}
	change, err := splitChange(m.Keysets(), m.now(), left, w.blanks)
	if err != nil || len(change) == 0 {
		return nil, nil, err
	}
	// The keyset of the blanks was active when they were accepted. It may have
	// been retired since; another one would be no use to the wallet.
	sigs, err := m.sign(signatory.WithPurpose(ctx, signatory.MeltChange), change)
	if err != nil {
		return nil, nil, fmt.Errorf("signing change: %w", err)
	}
	return change, sigs, nil
}

// remind makes the sweeper look soon.
func (m *Mint) remind() {
	select {
	case m.leftover <- struct{}{}:
	default: // it was told already
	}
}
