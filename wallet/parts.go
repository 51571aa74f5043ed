package wallet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
)

// PartsResult is how a payment in parts ended.
type PartsResult struct {
	// Group is what its operations have in common in the history.
	Group  uuid.UUID
	Amount cashu.Amount
	Fee    cashu.Amount
	Proof  string // the preimage
	Parts  []PartResult
}

// PartResult is how a part ended.
type PartResult struct {
	Part
	Operation uuid.UUID
	Paid      MeltResult
	Err       error
}

// ErrPartlyPaid: some mints say that they have paid their parts, and some that they
// have not. A payee that keeps the rules takes all parts or none.
var ErrPartlyPaid = errors.New("some parts are paid, and others are not")

// PayParts makes a payment that was planned. Each part is an operation of its own,
// which recovery brings to its end by what its mint says; they share a group. All are
// prepared before any is sent, and all are sent at the same time: the payee waits for
// the last of them, and takes all or none. ErrPending: parts are under way. Whatever
// the error, the result tells how each stands.
func (w *Wallet) PayParts(ctx context.Context, plan PartsPlan, o MeltOptions) (PartsResult, error) {
	if result, found, err := w.partsBefore(ctx, o); found {
		return result, err
	}
	if len(plan.Parts) == 0 {
		return PartsResult{}, ErrNoParts
	}
	if fee, err := plan.Fee(); err != nil {
		return PartsResult{}, err
	} else if o.MaxFee != nil && fee > *o.MaxFee {
		return PartsResult{}, fmt.Errorf("%w: up to %d, and %d are allowed", ErrFee, fee, *o.MaxFee)
	}
	if err := refuseRepeated(ctx, w.store, plan.Parts[0].Quote, MeltOptions{}); err != nil {
		return PartsResult{}, err
	}
	group, err := newID()
	if err != nil {
		return PartsResult{}, err
	}
	o.group = group
	runs, mints, err := w.beginParts(ctx, plan, o)
	defer func() {
		for _, r := range runs {
			r.rest()
		}
	}()
	if err != nil {
		return PartsResult{}, err
	}
	crashpoint.Here(crashPoint(KindMelt, "reserved"))
	result := PartsResult{Group: group, Parts: make([]PartResult, len(runs))}
	var paying sync.WaitGroup
	for i, r := range runs {
		result.Parts[i] = PartResult{Part: plan.Parts[i], Operation: r.s.ID}
		paying.Go(func() { result.Parts[i].Paid, result.Parts[i].Err = r.performMelt(ctx, mints[i], o) })
	}
	paying.Wait()
	return result, result.sum(plan.Request)
}

// beginParts sets the coins of all parts aside; of none if one is not to be had.
func (w *Wallet) beginParts(ctx context.Context, plan PartsPlan, o MeltOptions) (runs []*run, mints []Mint, err error) {
	for i, p := range plan.Parts {
		part := o
		if o.MaxFee != nil { // what was agreed to is that of each part
			fee, err := p.Fee()
			if err != nil {
				return runs, nil, err
			}
			part.MaxFee = &fee
		}
		if i > 0 {
			part.Key, part.Args = "", "" // the first one answers to the name
		}
		r, m, err := w.beginPart(ctx, p, part)
		if err != nil {
			for _, r := range runs {
				err = errors.Join(err, r.leaveOut(ctx))
			}
			return runs, nil, fmt.Errorf("the part of %s: %w", p.Quote.MintURL, err)
		}
		runs, mints = append(runs, r), append(mints, m)
	}
	return runs, mints, nil
}

// leaveOut ends a part that was not sent, because another cannot be.
func (r *run) leaveOut(ctx context.Context) error {
	d, _, err := r.meltData()
	if err != nil {
		return err
	}
	return r.undoMelt(ctx, d, nil, errors.New("another part cannot be paid"))
}

func (w *Wallet) beginPart(ctx context.Context, p Part, o MeltOptions) (*run, Mint, error) {
	m, err := w.Mint(ctx, p.Quote.MintURL)
	if err != nil {
		return nil, m, err
	}
	q, err := w.store.Quote(ctx, QuoteMelt, m.URL, p.Quote.ID)
	if err != nil {
		return nil, m, err
	}
	if q.Expiry != 0 && w.now().Unix() > q.Expiry {
		return nil, m, cashu.ErrQuoteExpired
	}
	r, err := spend(ctx, w, spending[*run]{mint: m, unit: q.Unit, decide: decideMelt(q), most: o.MaxFee, reserve: q.FeeReserve, do: func(d decision) (*run, error) {
		return w.startMelt(ctx, m, q, d, o)
	}})
	return r, m, err
}

// partsBefore is before for a payment in parts, of all its parts; the first one has the
// name. A payment that was made by one mint is its own only part.
func (w *Wallet) partsBefore(ctx context.Context, o MeltOptions) (result PartsResult, found bool, err error) {
	id, found, err := w.Repeated(ctx, o.Key, o.Args, KindMelt)
	if err != nil || !found {
		return result, found || err != nil, err
	}
	first, err := w.store.Transaction(ctx, id)
	if errors.Is(err, ErrNotFound) || err == nil && first.Group == uuid.Nil {
		first, _, err = w.before(ctx, o.Key, o.Args, KindMelt)
	}
	if err != nil {
		return result, true, err
	}
	history, err := w.store.Transactions(ctx, 0)
	if err != nil {
		return result, true, err
	}
	whole, err := Whole(PartsOf(first, history))
	if err != nil {
		return result, true, err
	}
	result = PartsResult{Group: whole.Group, Amount: whole.Amount, Fee: whole.Fee, Proof: string(whole.Proof)}
	switch whole.Status {
	case StatusCompleted:
		return result, true, nil
	case StatusInParts:
		err = ErrPartlyPaid
	case StatusFailed:
		err = errFailedBefore
	case StatusAbandoned:
		err = ErrAbandoned
	default:
		err = ErrPending
	}
	return result, true, &OperationError{ID: id, Err: err}
}

// sum adds up how the parts have ended.
func (r *PartsResult) sum(request string) error {
	var failed []error
	paid, pending := 0, false
	for _, p := range r.Parts {
		if p.Err != nil {
			pending = pending || errors.Is(p.Err, ErrPending)
			failed = append(failed, fmt.Errorf("the part of %s: %w", p.Quote.MintURL, p.Err))
			continue
		}
		paid++
		var err error
		if r.Amount, err = r.Amount.Add(p.Paid.Amount); err != nil {
			failed = append(failed, err)
		}
		if r.Fee, err = r.Fee.Add(p.Paid.Fee); err != nil {
			failed = append(failed, err)
		}
		if r.Proof == "" || proves(p.Paid.Proof, request) {
			r.Proof = p.Paid.Proof
		}
	}
	if paid > 0 && len(failed) > 0 && !pending {
		return errors.Join(append([]error{ErrPartlyPaid}, failed...)...)
	}
	return errors.Join(failed...)
}

// proves tells whether a preimage is that of an invoice.
func proves(preimage, request string) bool {
	raw, err := hex.DecodeString(preimage)
	hash, ok := invoiceHash(request)
	sum := sha256.Sum256(raw)
	return err == nil && ok && hex.EncodeToString(sum[:]) == hash
}
