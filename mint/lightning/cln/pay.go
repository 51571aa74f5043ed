package cln

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/journal"
)

// order is what the node is told, as the journal keeps it.
type order struct {
	Invoice string `json:"invoice"`
	Msat    uint64 `json:"msat,omitempty"` // where the invoice has no amount
	Part    uint64 `json:"part,omitempty"` // in msat, where only a part is paid
	MaxFee  uint64 `json:"max_fee"`        // in msat
}

// SendPayment implements lightning.Payer. The attempt is in the journal before the node
// hears of it.
func (b *Backend) SendPayment(ctx context.Context, p lightning.Payment) (out lightning.Outgoing, err error) {
	const doing = "pay"
	ctx, leave, err := b.enter(ctx)
	if err != nil {
		return out, b.wrap(doing, err)
	}
	defer leave()
	out, err = b.send(ctx, p)
	return out, b.wrap(doing, err)
}

func (b *Backend) send(ctx context.Context, p lightning.Payment) (lightning.Outgoing, error) {
	a, err := b.journal.Attempt(ctx, p.ID)
	switch {
	case err == nil:
		return b.orders.Await(ctx, a)
	case !errors.Is(err, journal.ErrNotFound):
		return lightning.Outgoing{}, err
	}
	fresh, err := b.attempt(ctx, p)
	if err != nil {
		return lightning.Outgoing{}, err
	}
	if err := b.Ping(ctx); err != nil {
		return lightning.Outgoing{}, err // not begun, and may be later
	}
	if a, err = b.orders.Begin(ctx, fresh); err != nil {
		return lightning.Outgoing{}, err
	}
	return b.orders.Await(ctx, a)
}

// attempt is what is written down before the node is told. It moves nothing.
func (b *Backend) attempt(ctx context.Context, p lightning.Payment) (a journal.Attempt, err error) {
	refused := func(err error) (journal.Attempt, error) {
		return a, fmt.Errorf("%w: %w", lightning.ErrRefused, err)
	}
	var t terms
	if json.Unmarshal([]byte(p.Terms), &t) != nil || t.Msat == 0 || p.ID == "" || len(p.ID) > 200 || p.Amount == 0 ||
		p.Amount != fromMsat(t.Msat, b.cfg.Unit, true) {
		return refused(errTerms)
	}
	if _, err := b.payable(p.Method, p.Unit); err != nil {
		return a, err
	}
	fee, err := toMsat(p.MaxFee, p.Unit)
	if err != nil {
		return refused(err)
	}
	o := order{MaxFee: fee}
	a = journal.Attempt{ID: p.ID, Method: p.Method, Unit: p.Unit, Amount: p.Amount, MaxFee: p.MaxFee, Part: t.Part}
	if p.Method == lightning.MethodBolt12 {
		if o.Invoice, a.Debt, err = b.fetch(ctx, p.Request, t); err != nil {
			return a, err
		}
	} else {
		request, invoice, err := b.readInvoice(p.Request)
		if errors.Is(err, lightning.ErrRequestExpired) {
			if err := b.idle(ctx, fmt.Sprintf("%x", invoice.PaymentHash)); err != nil {
				return a, err
			}
		}
		switch {
		case err != nil:
			return refused(err)
		case invoice.AmountMsat == 0 != t.Chosen || t.Part != (t.Msat < invoice.AmountMsat):
			return refused(errTerms)
		}
		o.Invoice, a.Debt = request, fmt.Sprintf("%x", invoice.PaymentHash)
		if t.Chosen {
			o.Msat = t.Msat
		}
		if t.Part {
			o.Part = t.Msat
		}
	}
	a.Identifier = a.Debt
	said, err := json.Marshal(o)
	a.Said = string(said)
	return a, err
}

// idle fails unless the node says that nothing of a debt is paid or under way. An order
// that comes when it is too late for one may have been given before, and the journal lost
// since.
func (b *Backend) idle(ctx context.Context, debt string) error {
	var found struct {
		Pays []payment `json:"pays"`
	}
	if err := b.quick(ctx, "listpays", map[string]any{"payment_hash": debt}, &found); err != nil {
		return err
	}
	if found.Pays == nil {
		return errNoList
	}
	for _, p := range found.Pays {
		if p.Status != statusFailed {
			return errors.New("the node pays, or has paid, what the journal does not know: it is for the operator to decide")
		}
	}
	return nil
}

// fetch gets an invoice for an offer. Nothing is paid yet; an invoice that is fetched
// and not paid expires.
func (b *Backend) fetch(ctx context.Context, offer string, t terms) (invoice, hash string, err error) {
	params := map[string]any{"offer": offer}
	if t.Chosen {
		params["amount_msat"] = t.Msat
	}
	var fetched struct {
		Invoice string `json:"invoice"`
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.PayTime)
	defer cancel()
	if err := b.call(ctx, "fetchinvoice", params, &fetched); err != nil {
		return "", "", fmt.Errorf("fetching an invoice: %w", err)
	}
	var d decoded
	if err := b.quick(ctx, "decode", map[string]any{"string": fetched.Invoice}, &d); err != nil {
		return "", "", err
	}
	switch {
	case !d.Valid || d.Type != "bolt12 invoice" || !isHash(d.Hash):
		return "", "", errors.New("what was fetched is no invoice")
	case d.Asked == nil || uint64(*d.Asked) != t.Msat:
		return "", "", fmt.Errorf("%w: the payee asks for another amount than he offered", lightning.ErrRefused)
	}
	return fetched.Invoice, d.Hash, nil
}

// Order implements journal.Node.
func (b *Backend) Order(ctx context.Context, a journal.Attempt) {
	var o order
	if err := json.Unmarshal([]byte(a.Said), &o); err != nil {
		b.log.Error("an order to pay cannot be read from the journal", "attempt", a.ID, "error", err)
		return
	}
	params := map[string]any{"bolt11": o.Invoice, "label": a.ID, "maxfee": o.MaxFee, "retry_for": int(b.cfg.PayTime / time.Second)}
	if o.Msat != 0 {
		params["amount_msat"] = o.Msat
	}
	if o.Part != 0 {
		params["partial_msat"] = o.Part
	}
	var paid payment
	err := b.call(ctx, "pay", params, &paid)
	noteCtx, stop := context.WithTimeout(context.WithoutCancel(ctx), b.cfg.Deadline)
	defer stop()
	switch {
	case err == nil && paid.Status == statusComplete:
		paid.Preimage = paid.Proof
		_, err = b.endPaid(noteCtx, a, paid)
	case err == nil:
		err = b.journal.Answer(noteCtx, a.ID, journal.Begun, a.Identifier)
	case isEnd(codeOf(err)):
		b.log.Info("the node cannot pay", "attempt", a.ID, "error", err)
		err = b.journal.Answer(noteCtx, a.ID, journal.Refused, a.Identifier)
	default:
		b.log.Warn("an order to pay was not answered, it may have been carried out", "attempt", a.ID, "error", err)
		err = nil
	}
	if err != nil {
		b.log.Error("the answer to an order to pay is lost", "attempt", a.ID, "error", err)
	}
}

// isEnd tells whether an error of pay says that this order pays nothing, for ever. All
// others may stand for a payment that goes on.
func isEnd(code int) bool {
	switch code {
	case codeDestination, codeNoRoute, codeTooDear, codeExpired:
		return true
	}
	return false
}

// CheckPayment implements lightning.Payer.
func (b *Backend) CheckPayment(ctx context.Context, method, id string) (out lightning.Outgoing, err error) {
	const doing = "check a payment"
	ctx, leave, err := b.enter(ctx)
	if err != nil {
		return out, b.wrap(doing, err)
	}
	defer leave()
	out, err = b.orders.Check(ctx, method, id)
	return out, b.wrap(doing, err)
}

// Look implements journal.Node. An order is never given again.
func (b *Backend) Look(ctx context.Context, a journal.Attempt, running func() bool) (journal.Attempt, bool, error) {
	before := running()
	var found struct {
		Pays []payment `json:"pays"`
	}
	if err := b.quick(ctx, "listpays", map[string]any{"payment_hash": a.Debt}, &found); err != nil {
		b.forget(a.ID)
		return a, false, err
	}
	if found.Pays == nil {
		b.forget(a.ID)
		return a, false, errNoList
	}
	// The order may have been answered while the question was under way.
	fresh, err := b.journal.Attempt(ctx, a.ID)
	if err != nil || fresh.State != lightning.PaymentPending {
		return fresh, false, err
	}
	for _, p := range found.Pays {
		if p.Status == statusComplete && b.isOf(fresh, p) {
			fresh, err = b.endPaid(ctx, fresh, p)
			return fresh, false, err
		}
	}
	switch {
	case before || running() || b.underWay(fresh, found.Pays):
		b.forget(a.ID)
	case fresh.Answer == journal.Refused || b.goneFor(fresh):
		fresh, err = b.journal.End(ctx, a.ID, lightning.Outgoing{State: lightning.PaymentFailed})
		b.forget(a.ID)
	}
	return fresh, false, err
}

// errNoList: an answer without a list says nothing about what would be in it.
var errNoList = errors.New("the node's answer has no list of payments")

// isOf tells whether a payment of the node may be that of the attempt. One that pays
// the whole invoice is, whatever it is called: the journal lets nobody else pay it.
func (b *Backend) isOf(a journal.Attempt, p payment) bool {
	return p.Hash == a.Debt && (p.Label == a.ID || p.Label == "" || !a.Part && p.Status == statusComplete)
}

// underWay tells whether anything of the attempt is, or is in a state that nobody knows.
func (b *Backend) underWay(a journal.Attempt, list []payment) bool {
	for _, p := range list {
		if b.isOf(a, p) && p.Status != statusFailed {
			return true
		}
	}
	return false
}

// goneFor tells whether the node has long been saying that nothing of an attempt is
// under way: longer than it tries to find a way, and than an order is on its own way.
// Between two tries of the node, too, nothing is under way.
func (b *Backend) goneFor(a journal.Attempt) bool {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	since, seen := b.missing[a.ID]
	if !seen {
		b.missing[a.ID] = now
		return false
	}
	return now.Sub(since) >= b.cfg.Doubt && b.journal.Now().Sub(a.Begun) >= b.cfg.PayTime+b.cfg.Doubt
}

func (b *Backend) forget(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.missing, id)
}

// endPaid writes down that a payment was made. Without its preimage it was not.
func (b *Backend) endPaid(ctx context.Context, a journal.Attempt, p payment) (journal.Attempt, error) {
	raw, err := hex.DecodeString(p.Preimage)
	sum := sha256.Sum256(raw)
	if err != nil || len(raw) != 32 || hex.EncodeToString(sum[:]) != a.Debt {
		return a, errors.New("the node says that a payment was made and cannot prove it")
	}
	spent := a.Amount + a.MaxFee
	if p.Sent != nil {
		spent = fromMsat(uint64(*p.Sent), a.Unit, true)
	}
	if most := a.Amount + a.MaxFee; spent > most {
		b.log.Error("a payment cost more than it was allowed to", "attempt", a.ID, "spent", uint64(spent), "allowed", uint64(most))
		spent = most
	}
	return b.journal.End(ctx, a.ID, lightning.Outgoing{
		State: lightning.PaymentPaid, Spent: max(spent, a.Amount), Proof: strings.ToLower(p.Preimage),
	})
}

// Balance implements lightning.Balancer: what is on the node's side of its channels.
func (b *Backend) Balance(ctx context.Context, unit cashu.Unit) (cashu.Amount, error) {
	const doing = "ask for the balance"
	ctx, leave, err := b.enter(ctx)
	if err != nil {
		return 0, b.wrap(doing, err)
	}
	defer leave()
	if unit != b.cfg.Unit {
		return 0, b.wrap(doing, fmt.Errorf("%w: unit is not supported", lightning.ErrRefused))
	}
	var funds struct {
		Channels []struct {
			State string `json:"state"`
			Ours  msat   `json:"our_amount_msat"`
		} `json:"channels"`
	}
	if err := b.quick(ctx, "listfunds", map[string]any{}, &funds); err != nil {
		return 0, b.wrap(doing, err)
	}
	var sum uint64
	for _, c := range funds.Channels {
		if c.State == "CHANNELD_NORMAL" {
			sum += min(uint64(c.Ours), maxBitcoin)
		}
	}
	return fromMsat(min(sum, maxBitcoin), unit, false), nil
}
