package mint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/mint/lightning"
)

// QuoteState is what wallets see of a mint quote. It follows from its amounts.
type QuoteState string

const (
	QuoteUnpaid QuoteState = "UNPAID"
	QuotePaid   QuoteState = "PAID"
	QuoteIssued QuoteState = "ISSUED"
)

// State tells unpaid from paid from issued. A quote that was issued and paid
// again counts as paid.
func (q MintQuote) State() QuoteState {
	switch {
	case q.AmountPaid == 0:
		return QuoteUnpaid
	case q.AmountPaid > q.AmountIssued:
		return QuotePaid
	}
	return QuoteIssued
}

// CreateMintQuote asks the method's backend for a request to pay and remembers
// it (NUT-04, NUT-23, NUT-25, NUT-30). The quote is durable when the call returns, because a
// forgotten quote would be somebody's payment.
func (m *Mint) CreateMintQuote(ctx context.Context, method string, req cashu.MintQuoteRequest) (MintQuote, error) {
	unit, err := cashu.ParseUnit(string(req.Unit))
	if err != nil {
		return MintQuote{}, cashu.Errorf(cashu.CodeUnitUnsupported, "unit is not supported")
	}
	b, err := m.receiverFor(method, unit)
	if err != nil {
		return MintQuote{}, err
	}
	if !on(b.terms.Mint) {
		return MintQuote{}, cashu.ErrMintingDisabled
	}
	if !m.canSign(unit) {
		return MintQuote{}, cashu.Errorf(cashu.CodeUnavailable, "there is no active keyset of this unit")
	}
	rules := rulesOf(method)
	if rules.noAmount {
		req.Amount = 0
	}
	if err := b.checkAmount(req.Amount); err != nil {
		return MintQuote{}, err
	}
	description := deref(req.Description)
	switch {
	case description != "" && !b.settings.Description:
		return MintQuote{}, cashu.Errorf(cashu.CodeMalformed, "descriptions are not supported")
	case len(description) > m.cfg.Limits.MaxMemo:
		return MintQuote{}, cashu.Errorf(cashu.CodeTooLarge, "description is longer than %d bytes", m.cfg.Limits.MaxMemo)
	}
	var pubkey bdhke.Point
	if hex := deref(req.Pubkey); hex != "" {
		if pubkey, err = bdhke.ParsePointHex(hex); err != nil {
			return MintQuote{}, cashu.Errorf(cashu.CodeQuotePubkey, "pubkey is not a compressed public key")
		}
	}
	if rules.locked && pubkey.IsZero() {
		return MintQuote{}, cashu.Errorf(cashu.CodeQuotePubkey, "a quote of this payment method needs a pubkey")
	}
	id, err := uuid.NewV7()
	if err != nil {
		return MintQuote{}, fmt.Errorf("making a quote id: %w", err)
	}
	opCtx, done, err := m.begin(ctx)
	if err != nil {
		return MintQuote{}, err
	}
	defer done()
	now := m.now()
	askCtx, cancel := context.WithTimeout(opCtx, backendTimeout)
	defer cancel()
	invoice, err := b.CreateInvoice(askCtx, lightning.InvoiceRequest{
		QuoteID: id.String(), Method: method, Amount: req.Amount, Unit: unit, Description: description, Expiry: now.Add(m.quoteTTL(rules)),
	})
	m.answered(b.name, err)
	if err != nil {
		return MintQuote{}, fmt.Errorf("%w: %w", backendError(err), err)
	}
	crashpoint.Here(crashQuoteCreated)
	q := MintQuote{
		ID: id.String(), Method: method, Unit: unit, Amount: req.Amount, Pubkey: pubkey,
		Request: invoice.Request, LookupID: invoice.LookupID, Backend: b.name, Expiry: invoice.Expiry,
		Created: now, Updated: now,
	}
	if err := m.store.Update(opCtx, Durable, func(tx Tx) error { return tx.AddMintQuote(opCtx, q) }); err != nil {
		return MintQuote{}, fmt.Errorf("storing a mint quote: %w", err)
	}
	return q, nil
}

// quoteTTL is how long a request can be paid. One that can be paid again and again
// is worth keeping.
func (m *Mint) quoteTTL(rules methodRules) time.Duration {
	if rules.whole {
		return m.settings.Load().quoteTTL
	}
	return m.cfg.ReusableTTL
}

func (b receiver) checkAmount(a cashu.Amount) error {
	s := b.settings
	switch {
	case a == 0 && !s.Amountless:
		return cashu.Errorf(cashu.CodeAmountOutOfRange, "amount must not be zero")
	case a != 0 && a < s.MinAmount, s.MaxAmount != 0 && a > s.MaxAmount:
		return cashu.Errorf(cashu.CodeAmountOutOfRange, "amount is out of range")
	}
	return nil
}

func backendError(err error) error {
	if errors.Is(err, lightning.ErrRefused) {
		return cashu.Errorf(cashu.CodeAmountOutOfRange, "the payment backend refuses this request")
	}
	return cashu.Errorf(cashu.CodeUnavailable, "the payment backend is not available")
}

// MintQuote reads a quote (NUT-04). While it can be paid the backend is asked too,
// at most once per PollInterval on all replicas together; if that fails, the
// answer is what is known.
func (m *Mint) MintQuote(ctx context.Context, method, id string) (MintQuote, error) {
	q, err := m.findQuote(ctx, method, id)
	if err != nil {
		return q, err
	}
	return m.refreshed(ctx, q)
}

// refreshed is the quote after its backend was asked, if there was reason to.
func (m *Mint) refreshed(ctx context.Context, q MintQuote) (MintQuote, error) {
	if !m.awaitsPayment(q) {
		return q, nil
	}
	b, err := m.receiverOf(q)
	if err != nil {
		return q, nil // the backend was taken away; the quote stays readable
	}
	paid, err := m.poll(ctx, b, q)
	if err != nil {
		m.sayNotAsked(b, q, err)
		return q, nil
	}
	if !paid {
		return q, nil
	}
	// Also if nothing was new to poll: whoever listens to the backend may have
	// written the payment down since q was read.
	return m.findQuote(ctx, q.Method, q.ID)
}

// sayNotAsked tells why poll failed. Anybody may ask for a quote, so the log says seldom that
// there was no answer. An answer that could not be recorded is there already, every time.
func (m *Mint) sayNotAsked(b Backend, q MintQuote, err error) {
	if !errors.Is(err, errNotRecorded) {
		m.seldom.Say(m.log, slog.LevelWarn, m.now(), b.Name, "could not ask the backend about a quote", "backend", b.Name, "method", q.Method, "error", err)
	}
}

func (m *Mint) findQuote(ctx context.Context, method, id string) (MintQuote, error) {
	q, err := m.store.MintQuote(ctx, method, id) // of a method that was taken away, too
	switch {
	case errors.Is(err, ErrNotFound) && !m.hasMethod(method):
		return q, cashu.ErrUnknownMethod
	case errors.Is(err, ErrNotFound):
		return q, cashu.Errorf(cashu.CodeUnknownQuote, "quote is unknown")
	case err != nil:
		return q, fmt.Errorf("reading a mint quote: %w", err)
	}
	return q, nil
}

// poll asks the backend about a quote, if nobody has just now, and tells whether it
// knows of a payment. The error is errNotRecorded if it answered, and the mint is at fault.
func (m *Mint) poll(ctx context.Context, b Backend, q MintQuote) (paid bool, err error) {
	now := m.now()
	var claimed bool
	err = m.store.Update(ctx, Deferred, func(tx Tx) error {
		claimed, err = tx.ClaimPoll(ctx, q.ID, now, m.cfg.PollInterval)
		return err
	})
	if err != nil || !claimed {
		return false, err
	}
	askCtx, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	payments, err := b.Receiver.CheckIncoming(askCtx, q.Method, q.LookupID)
	m.answered(b.Name, err)
	if err != nil {
		return false, err
	}
	return len(payments) > 0, m.takePayments(ctx, b, q, payments)
}

// takePayments adds those payments to their quote that it does not have. An offer may have
// been paid a thousand times, so what is known is looked up at once; what the quote was
// paid within the mint is not in the list, so sums would say nothing.
func (m *Mint) takePayments(ctx context.Context, b Backend, q MintQuote, payments []lightning.Incoming) error {
	ids := make([]string, 0, len(payments))
	for _, p := range payments {
		ids = append(ids, p.PaymentID)
	}
	known, err := m.store.KnownPayments(ctx, q.ID, ids)
	if err != nil {
		err = fmt.Errorf("%w: looking for the payments of a quote: %w", errNotRecorded, err)
		for _, p := range payments {
			m.sayNotRecorded(b, p, err)
		}
		return err
	}
	for _, p := range payments {
		if amount, is := known[p.PaymentID]; is && amount == p.Amount {
			continue
		}
		if err := m.orAside(ctx, b, p, m.takePayment(ctx, b, q, p)); err != nil {
			return err
		}
	}
	return nil
}

// takePayment adds a payment to its quote, once, however often it is reported. One that an
// operator has settled is not added any more.
func (m *Mint) takePayment(ctx context.Context, b Backend, q MintQuote, p lightning.Incoming) error {
	switch {
	case p.Unit != q.Unit:
		return errOtherUnit
	case p.Amount == 0:
		return errNoAmount
	case p.PaymentID == "" || len(p.PaymentID) > maxPaymentID:
		return errPaymentID
	}
	var added bool
	var other *SetAside
	var now MintQuote
	err := m.store.Update(ctx, Durable, func(tx Tx) (err error) {
		added, other, err = takeIn(ctx, tx, q, asideOf(b, p), m.now())
		if err == nil && added {
			now, err = m.mintQuoteAfter(ctx, tx, q.Method, q.ID)
		}
		return err
	})
	if err != nil {
		m.publishMintQuote(q.Method, q.ID, MintQuote{}) // in case it happened
		return fmt.Errorf("recording a payment: %w", err)
	}
	m.sayOther(asideOf(b, p), other)
	if added {
		m.publishMintQuote(q.Method, q.ID, now)
		m.log.Info("payment received", "method", q.Method, "unit", string(q.Unit), "amount", uint64(p.Amount))
	}
	crashpoint.Here(crashQuotePaid)
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
