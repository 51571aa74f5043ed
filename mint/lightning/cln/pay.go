package cln

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	ctx, leave, err := b.life.Enter(ctx)
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

// CheckPayment implements lightning.Payer.
func (b *Backend) CheckPayment(ctx context.Context, method, id string) (out lightning.Outgoing, err error) {
	const doing = "check a payment"
	ctx, leave, err := b.life.Enter(ctx)
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
	case fresh.Answer == journal.Claimed:
		b.log.Error("the node says that a payment failed of which it has said that it was made; it stays pending until the operator decides", "attempt", a.ID)
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
		err := errors.New("the node says that a payment was made and cannot prove it")
		return a, errors.Join(err, b.journal.Answer(ctx, a.ID, journal.Claimed, a.Identifier))
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
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return 0, b.wrap(doing, err)
	}
	defer leave()
	if unit != b.cfg.Unit {
		return 0, b.wrap(doing, fmt.Errorf("%w: unit is not supported", lightning.ErrRefused))
	}
	held, err := b.funds(ctx)
	if err != nil {
		return 0, b.wrap(doing, err)
	}
	return fromMsat(held.out, unit, false), nil
}

// funds are the two sides of the node's channels, in msat.
type funds struct{ out, in uint64 }

func (b *Backend) funds(ctx context.Context) (held funds, err error) {
	var list struct {
		Channels []struct {
			State string `json:"state"`
			Ours  msat   `json:"our_amount_msat"`
			All   msat   `json:"amount_msat"`
		} `json:"channels"`
	}
	if err := b.quick(ctx, "listfunds", map[string]any{}, &list); err != nil {
		return held, err
	}
	for _, c := range list.Channels {
		if c.State == "CHANNELD_NORMAL" {
			ours, whole := min(uint64(c.Ours), maxBitcoin), min(uint64(c.All), maxBitcoin)
			held.out += ours
			held.in += max(whole, ours) - ours
		}
	}
	return funds{min(held.out, maxBitcoin), min(held.in, maxBitcoin)}, nil
}
