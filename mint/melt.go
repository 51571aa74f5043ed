package mint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/internal/crashpoint"
)

// Melt pays the quote with the inputs (NUT-05) and signs, of what is left over,
// as much change as there are blank outputs for (NUT-08). The answer is the quote
// as it is in the end: paid, or pending when the payment takes longer than
// PayTimeout, or when the request prefers not to wait. A request that repeats a
// finished melt gets the same answer again. Refusals are *cashu.Error and leave
// nothing behind; a payment that failed is one of them.
func (m *Mint) Melt(ctx context.Context, method string, req cashu.MeltRequest) (Melted, error) {
	q, err := m.findMelt(ctx, method, req.Quote)
	if err != nil {
		return Melted{}, err
	}
	if err := q.choose(req.FeeIndex); err != nil {
		return Melted{}, err
	}
	req.PreferAsync = req.PreferAsync || rulesOf(method).async
	in, blanks, err := m.checkMelt(q, req)
	if err != nil {
		return Melted{}, err
	}
	if refusal := firstOf(m.meltable(q), in.stale, blanks.stale); refusal != nil {
		return m.replayMeltOr(ctx, q, in, blanks, refusal)
	}
	if err := in.locks.Verify(); err != nil {
		return Melted{}, err
	}
	if !on(m.terms(methodUnit{q.Method, q.Unit}).Melt) {
		return Melted{}, cashu.ErrMeltingDisabled
	}
	way, err := m.payerOf(q)
	if err != nil {
		return Melted{}, fmt.Errorf("%w: %w", cashu.Errorf(cashu.CodeUnavailable, "the payment backend that made this offer is not there any more"), err)
	}
	if why := m.nodes.estranged(way.Name); why != nil {
		// It would pay, but nobody could ask it again: the quote is that of the one before it.
		return Melted{}, fmt.Errorf("%w: %w", cashu.Errorf(cashu.CodeUnavailable, "the payment backend is not available"), why)
	}
	if err := m.signatoryUp(ctx); err != nil {
		return Melted{}, err
	}
	if err := m.cfg.Signer.VerifyProofs(ctx, req.Inputs); err != nil {
		return Melted{}, signerError(err)
	}
	if err := m.mayRedeem(ctx, in.proofs); err != nil {
		return Melted{}, err
	}
	crashpoint.Here(crashMeltChecked)
	opCtx, done, err := m.beginFor(ctx, m.meltTimeout())
	if err != nil {
		return Melted{}, err
	}
	defer done()
	saga, err := m.reserveMelt(opCtx, q, in, blanks)
	if err != nil {
		return m.replayMeltOr(opCtx, q, in, blanks, m.explainMeltConflict(opCtx, err, q, in, blanks))
	}
	crashpoint.Here(crashMeltReserved)
	work := melting{saga: saga, way: way, inputs: in.proofs, blanks: blanks.messages}
	if !req.PreferAsync {
		defer m.letGo(saga.Ref)
		if err := m.payAndFinish(opCtx, work); errors.Is(err, cashu.ErrPaymentFailed) {
			return Melted{}, err
		}
		return m.meltedNow(opCtx, q)
	}
	laterCtx, laterDone, err := m.beginFor(ctx, m.meltTimeout())
	if err != nil {
		m.letGo(saga.Ref) // recovery will go on with it
		return m.meltedNow(opCtx, q)
	}
	now, err := m.meltedNow(opCtx, q) // before the payment can have come to its end
	go func() {
		defer laterDone()
		defer m.letGo(saga.Ref)
		_ = m.payAndFinish(laterCtx, work) // it says what it has to say to the log
	}()
	return now, err
}

// choose makes the fee option of a request the fee of the quote. It is not signed by
// the owner of the inputs (NUT-30), but costs him no more than they are worth.
func (q *MeltQuote) choose(index *uint64) error {
	if len(q.Options) == 0 {
		return nil
	}
	if index == nil {
		return cashu.Errorf(cashu.CodeMalformed, "fee_index is missing")
	}
	for _, o := range q.Options {
		if uint64(o.Index) == *index {
			q.FeeIndex, q.FeeReserve = o.Index, o.Reserve
			return nil
		}
	}
	return cashu.Errorf(cashu.CodeMalformed, "the quote has no such fee_index")
}

// meltTimeout bounds a melt from its first write to its last.
func (m *Mint) meltTimeout() time.Duration { return m.cfg.PayTimeout + m.cfg.OperationTimeout }

// meltedNow is the quote as the database has it.
func (m *Mint) meltedNow(ctx context.Context, q MeltQuote) (Melted, error) {
	now, err := m.findMelt(ctx, q.Method, q.ID)
	if err != nil {
		return Melted{}, err
	}
	return m.withChange(ctx, now)
}

// checkMelt is what a request must fulfil whatever state its quote is in; it
// needs no I/O.
func (m *Mint) checkMelt(q MeltQuote, req cashu.MeltRequest) (in checkedInputs, blanks checkedOutputs, err error) {
	view, now := m.Keysets(), m.now()
	if in, err = checkInputs(view, m.cfg.Limits, now, req.Inputs); err != nil {
		return in, blanks, err
	}
	if blanks, err = checkBlanks(view, m.cfg.Limits, now, req.Outputs); err != nil {
		return in, blanks, err
	}
	switch {
	case in.unit == unitAuth:
		return in, blanks, cashu.Errorf(cashu.CodeUnitUnsupported, "blind authentication tokens cannot be melted")
	case in.unit != q.Unit:
		return in, blanks, cashu.Errorf(cashu.CodeUnitMismatch, "inputs are %s and the quote is %s", in.unit, q.Unit)
	case blanks.unit != "" && blanks.unit != q.Unit:
		return in, blanks, cashu.Errorf(cashu.CodeUnitMismatch, "outputs are %s and the quote is %s", blanks.unit, q.Unit)
	}
	needed, err := cashu.Sum(q.Amount, q.FeeReserve, in.fee)
	if err != nil || in.sum < needed {
		return in, blanks, cashu.Errorf(cashu.CodeUnbalanced, "inputs of %d are less than amount %d, fee reserve %d and fee %d",
			in.sum, q.Amount, q.FeeReserve, in.fee)
	}
	return in, blanks, in.checkSpend(conditions.Transaction{Inputs: req.Inputs, Outputs: req.Outputs, QuoteID: q.ID}, now)
}

// meltable tells what stands in the way right now: the quote's state or expiry.
func (m *Mint) meltable(q MeltQuote) error {
	switch {
	case q.State == MeltPaid:
		return cashu.ErrInvoicePaid
	case q.State != MeltUnpaid:
		return cashu.ErrQuotePending
	case m.now().After(q.Expiry):
		return cashu.ErrQuoteExpired
	}
	return nil
}

// errPaidWithin: the mint quote that asks for the payment was paid already.
var errPaidWithin = errors.New("the payee of this mint was paid already")

// reserveMelt is the first commit, durable because money moves next: inputs
// pending, blanks reserved, the quote pending, and with the saga's id the record
// of the payment that will be asked for. When the payee is a mint quote of this
// mint, the payment itself is part of the commit.
func (m *Mint) reserveMelt(ctx context.Context, q MeltQuote, in checkedInputs, blanks checkedOutputs) (*Saga, error) {
	saga, err := m.newSaga(OperationMelt, len(in.proofs), len(blanks.messages), q.ID)
	if err != nil {
		return nil, err
	}
	var now MeltQuote
	var payee string
	err = m.reserveAs(ctx, Durable, saga, func(tx Tx) (err error) {
		if err := tx.AddProofs(ctx, saga.Operation, in.proofs); err != nil {
			return err
		}
		if err := tx.AddOutputs(ctx, saga.Operation, blanks.messages); err != nil {
			return err
		}
		if len(q.Options) > 0 {
			chosen := FeeOption{Index: q.FeeIndex, Reserve: q.FeeReserve}
			if err := tx.ChooseFee(ctx, q.ID, chosen); err != nil {
				return err
			}
		}
		if err := tx.ReserveMelt(ctx, q.ID, saga.Ref, in.fee, m.now()); err != nil {
			return err
		}
		if payee, err = m.payWithin(ctx, tx, q, saga); err == nil && m.events.Subscribed(meltQuoteTopic(q.Method, q.ID)) {
			now, err = tx.MeltQuote(ctx, q.ID)
		}
		return err
	})
	if err != nil {
		return saga, err
	}
	m.publishMeltPending(q, now, in.proofs)
	if payee != "" {
		m.publishMintQuote(q.Method, payee, MintQuote{})
	}
	return saga, nil
}

// payWithin moves the amount to the mint quote that asks for it, and returns its
// id; empty if there is none.
func (m *Mint) payWithin(ctx context.Context, tx Tx, q MeltQuote, s *Saga) (string, error) {
	if q.LookupID == "" {
		return "", nil
	}
	payee, err := tx.MintQuoteByLookup(ctx, q.Method, q.LookupID)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case payee.AmountPaid > 0:
		return "", errPaidWithin
	case payee.Unit != q.Unit || payee.Amount != 0 && payee.Amount != q.Amount:
		return "", cashu.ErrInvoiceAmount
	case !payee.Expiry.IsZero() && m.now().After(payee.Expiry):
		return "", cashu.Errorf(cashu.CodeQuoteExpired, "the payment request has expired")
	}
	added, err := tx.AddPayment(ctx, payee.ID, "melt "+s.ID.String(), q.Amount, m.now())
	if err == nil && !added {
		err = ErrForbiddenState
	}
	if err != nil {
		return "", err
	}
	return payee.ID, tx.SettleMelt(ctx, q.ID, s.Ref, Settlement{Spent: q.Amount})
}

// explainMeltConflict turns a refused reservation into the code that tells a
// wallet what to do.
func (m *Mint) explainMeltConflict(ctx context.Context, cause error, q MeltQuote, in checkedInputs, blanks checkedOutputs) error {
	switch {
	case errors.Is(cause, errPaidWithin):
		return cashu.ErrInvoicePaid
	case !errors.Is(cause, ErrForbiddenState):
		return m.explainConflict(ctx, cause, in.proofs, blanks.messages)
	}
	now, err := m.findMelt(ctx, q.Method, q.ID)
	if err != nil {
		return err
	}
	if refusal := m.meltable(now); refusal != nil {
		return refusal
	}
	// Another quote for the same request is being paid, or was.
	return cashu.ErrInvoicePaid
}

// replayMeltOr answers a request that cannot be carried out: with the paid quote
// if this very melt was finished before, else with the refusal.
func (m *Mint) replayMeltOr(ctx context.Context, q MeltQuote, in checkedInputs, blanks checkedOutputs, refusal error) (Melted, error) {
	again, err := m.replayMelt(ctx, q, in, blanks)
	switch {
	case err != nil:
		return Melted{}, errors.Join(refusal, err)
	case again == nil:
		return Melted{}, refusal
	}
	return *again, nil
}

// replayMelt returns the paid quote if it was paid with exactly these inputs and
// its change is on exactly these outputs, or nil.
func (m *Mint) replayMelt(ctx context.Context, q MeltQuote, in checkedInputs, blanks checkedOutputs) (*Melted, error) {
	now, err := m.meltedNow(ctx, q)
	if err != nil || now.State != MeltPaid {
		return nil, err
	}
	proofs, err := m.store.Proofs(ctx, pointsOf(in.proofs))
	if err != nil {
		return nil, fmt.Errorf("looking for a finished melt: %w", err)
	}
	for _, p := range proofs {
		if p.State != ProofSpent || p.Operation != now.Operation {
			return nil, nil
		}
	}
	op, err := m.store.Operation(ctx, now.Operation)
	if err != nil {
		return nil, fmt.Errorf("reading a finished melt: %w", err)
	}
	same := op.Inputs == len(in.proofs) && op.Outputs == len(blanks.messages) && len(now.Change) <= len(blanks.messages) &&
		slices.Equal(now.Change, messagePoints(blanks.messages)[:len(now.Change)])
	if !same {
		return nil, nil
	}
	return &now, nil
}
