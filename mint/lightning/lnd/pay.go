package lnd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"mintmark/internal/crashpoint"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/lifecycle"
)

// order is an attempt together with what the node must be told.
type order struct {
	attempt
	invoice bolt11.Invoice
	request string
	maxFee  uint64 // msat
	heard   chan struct{}
}

// hear notes that the node has answered an order.
func (o *order) hear() {
	crashpoint.Here(crashAccepted)
	select {
	case <-o.heard:
	default:
		close(o.heard)
	}
}

// pursuit is an attempt that somebody in this process follows to its end.
type pursuit struct {
	done chan struct{} // closed when nobody does any more
	out  lightning.Outgoing
	err  error
}

// SendPayment implements lightning.Payer. The attempt is in the database before the
// node hears of it.
func (b *Backend) SendPayment(ctx context.Context, p lightning.Payment) (lightning.Outgoing, error) {
	const doing = "pay"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return lightning.Outgoing{}, wrap(doing, err)
	}
	defer leave()
	if ctx.Err() != nil {
		return lightning.Outgoing{}, wrap(doing, lifecycle.Ended(ctx)) // nothing was begun
	}
	o, err := b.newOrder(p)
	if err != nil {
		return lightning.Outgoing{}, wrap(doing, err)
	}
	o.attempt, err = b.begin(ctx, o.attempt)
	if err != nil {
		return lightning.Outgoing{}, wrap(doing, err)
	}
	crashpoint.Here(crashBegun)
	if o.state != lightning.PaymentPending {
		return o.outgoing(), nil
	}
	follow, err := b.pursue(o)
	if err != nil {
		return lightning.Outgoing{}, wrap(doing, err)
	}
	select {
	case <-follow.done:
		return follow.out, wrap(doing, follow.err)
	case <-ctx.Done():
		if err := lifecycle.Ended(ctx); errors.Is(err, lightning.ErrClosed) {
			return lightning.Outgoing{}, wrap(doing, err)
		}
		return lightning.Outgoing{State: lightning.PaymentPending}, nil
	}
}

// newOrder checks an order to pay against the invoice that it names.
func (b *Backend) newOrder(p lightning.Payment) (o order, err error) {
	if p.ID == "" || p.Method != lightning.MethodBolt11 || p.Unit != b.cfg.Unit || p.Amount == 0 {
		return o, refuse("not as it was quoted")
	}
	// Whether it has expired is not asked here: the attempt may have been begun before.
	v, err := bolt11.Payable(p.Request, b.cfg.Network, time.Time{})
	if err != nil {
		return o, err
	}
	t, ok := readTerms(p.Terms, v)
	fee, fits := b.msat(p.MaxFee)
	if !ok || !fits || b.roundUp(t.Msat) != p.Amount {
		return o, refuse("not as it was quoted")
	}
	return order{
		attempt: attempt{
			id: p.ID, hash: v.PaymentHash[:], part: t.Part, msat: t.Msat, unit: p.Unit, expires: v.ExpiresAt(), begun: b.cfg.Clock(),
		},
		invoice: v, request: strings.ToLower(bare(p.Request)), maxFee: fee,
	}, nil
}

// pursue follows the attempt, if nobody does already.
func (b *Backend) pursue(o order) (*pursuit, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := o.id // o is the follower's from when he begins
	if running, ok := b.pursuits[id]; ok {
		return running, nil
	}
	p := &pursuit{done: make(chan struct{})}
	begun := b.life.Go(func(ctx context.Context) {
		p.err = b.follow(ctx, &o)
		p.out = o.outgoing()
		b.mu.Lock()
		delete(b.pursuits, id)
		b.mu.Unlock()
		close(p.done)
	})
	if !begun {
		return nil, lightning.ErrClosed
	}
	b.pursuits[id] = p // before it can take itself out: that needs the lock
	return p, nil
}

func (b *Backend) pursued(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.pursuits[id]
	return ok
}

// follow brings the attempt to its end, or gives up when it is for others to decide.
func (b *Backend) follow(ctx context.Context, o *order) error {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		goOn, err := b.step(ctx, o)
		if o.state != lightning.PaymentPending || err == nil && !goOn {
			return nil
		}
		if ctx.Err() != nil {
			return lightning.ErrClosed
		}
		if err != nil {
			b.log.Warn("following a payment, which stays pending", "attempt", o.id, "error", err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return lightning.ErrClosed
		}
	}
}

// step asks the node and does what is next. It returns whether there is more to do.
func (b *Backend) step(ctx context.Context, o *order) (goOn bool, err error) {
	var latest payment
	var stands standing
	node, err := b.info(ctx)
	if err != nil {
		return true, err
	}
	if o.elsewhere(node.Pubkey) {
		b.log.Error("another node was told to make this payment than the one that answers now; it stays pending until that one is back, or the operator decides",
			"attempt", o.id, "told", o.node, "answers", node.Pubkey)
		return false, nil
	}
	looking, cancel := context.WithTimeout(ctx, streamTime)
	defer cancel()
	found, err := b.track(looking, o.hash, o.orders > 0, func(p payment) error {
		latest = p
		if stands = judge(o.attempt, p, true); stands == standsOpen {
			return b.take(ctx, &o.attempt, p)
		}
		return errOtherPayment
	})
	switch {
	case ctx.Err() == nil && looking.Err() != nil:
		return true, nil // time for another look
	case err != nil && !errors.Is(err, errOtherPayment):
		return true, err
	}
	if !found {
		stands = judge(o.attempt, payment{}, false)
	}
	switch stands {
	case standsFree:
		return true, b.order(ctx, o, node.Pubkey, latest)
	case standsForeign:
		b.log.Error("the node pays, or has paid, an invoice that this mint did not tell it to pay; whether that is this payment is for the operator to decide: it stays pending",
			"attempt", o.id)
		return false, nil
	case standsLost:
		b.log.Error("the node has forgotten a payment that it had begun; it stays pending until the operator decides", "attempt", o.id)
		return false, nil
	case standsMissing:
		return true, b.missing(ctx, o, node.Pubkey, latest)
	}
	return true, nil
}

// errOtherPayment ends a look at a payment that is not the attempt's.
var errOtherPayment = errors.New("another payment of this hash")

// missing goes on with an order of which the node knows nothing.
func (b *Backend) missing(ctx context.Context, o *order, node string, latest payment) error {
	may, err := b.mayOrderAgain(ctx, &o.attempt)
	switch {
	case err != nil || !may:
		return err
	case !o.part:
		return b.order(ctx, o, node, latest)
	}
	return b.giveUpPart(ctx, &o.attempt)
}

// order tells the node to pay, after it is written down which one is told.
func (b *Backend) order(ctx context.Context, o *order, node string, latest payment) error {
	var send func(context.Context) error
	if o.part {
		route, err := b.route(ctx, o)
		if errors.Is(err, errNoRoute) {
			return b.failed(ctx, &o.attempt, err.Error())
		}
		if err != nil {
			return err
		}
		send = func(ctx context.Context) error { return b.sendPart(ctx, o, route) }
	} else {
		send = func(ctx context.Context) error { return b.sendWhole(ctx, o) }
	}
	before := milli(o.ordered)
	mine, err := b.change(ctx, &o.attempt, &stmtOrder, max(milli(b.cfg.Clock()), before+1), uint64(latest.Index), uint64(latest.Created), before, node)
	if err != nil || !mine {
		return err // another mint on the same database was quicker
	}
	crashpoint.Here(crashOrdered)
	err = b.told(ctx, o, send)
	switch {
	case err == nil || o.state != lightning.PaymentPending:
		return nil
	case errors.Is(err, errNotSent):
		_, undo := b.change(context.WithoutCancel(ctx), &o.attempt, &stmtTakeBack, milli(o.ordered))
		return errors.Join(err, undo)
	case answered(err) && !o.answered:
		return b.refused(ctx, o, err)
	}
	return err
}

// told sends an order. When the backend is closed meanwhile, it waits a moment for the
// node's first word, which removes all doubt whether the order has arrived.
func (b *Backend) told(ctx context.Context, o *order, send func(context.Context) error) error {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	o.heard = make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		select {
		case <-o.heard:
		case <-sending.Done():
		case <-time.After(3 * time.Second):
		}
		cancel()
	})()
	return send(sending)
}

// refused judges the node's refusal of an order. Orders before it, if there were any,
// can no longer arrive.
func (b *Backend) refused(ctx context.Context, o *order, refusal error) error {
	exists := is(refusal, codeAlreadyExists)
	if exists && o.orders == 1 {
		// The payment that it has is not this one.
		return b.failed(ctx, &o.attempt, refusal.Error())
	}
	// Some errors come after the payment was begun, and an order before this one may
	// have arrived after all.
	var begun bool
	_, err := b.track(ctx, o.hash, false, func(p payment) error {
		if begun = judge(o.attempt, p, true) == standsOpen; begun {
			return b.take(ctx, &o.attempt, p)
		}
		return nil
	})
	if err != nil || begun || exists {
		return errors.Join(refusal, err)
	}
	return b.failed(ctx, &o.attempt, refusal.Error())
}

// sendWhole tells the node to pay and listens until it has.
func (b *Backend) sendWhole(ctx context.Context, o *order) error {
	body := map[string]any{
		"payment_request": o.request, "timeout_seconds": int(b.cfg.PayTime / time.Second), "fee_limit_msat": number(o.maxFee),
		"max_parts": 16,
	}
	if o.invoice.AmountMsat == 0 {
		body["amt_msat"] = number(o.msat)
	}
	return b.client.stream(ctx, http.MethodPost, "/v2/router/send", body, func(answer json.RawMessage) (bool, error) {
		p, err := readPayment(answer)
		if err != nil {
			return false, err
		}
		err = b.take(ctx, &o.attempt, p)
		o.hear()
		return o.state != lightning.PaymentPending, err
	})
}

// CheckPayment implements lightning.Payer.
func (b *Backend) CheckPayment(ctx context.Context, method, id string) (lightning.Outgoing, error) {
	const doing = "check a payment"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return lightning.Outgoing{}, wrap(doing, err)
	}
	defer leave()
	a, err := b.attempt(ctx, id)
	switch {
	case errors.Is(err, sqldb.ErrNoRows) || err == nil && method != lightning.MethodBolt11:
		return lightning.Outgoing{}, nil // what is not in the database was never begun
	case err != nil:
		return lightning.Outgoing{}, wrap(doing, err)
	case a.state != lightning.PaymentPending:
		return a.outgoing(), nil
	}
	out, err := b.check(ctx, a, b.pursued(id))
	return out, wrap(doing, err)
}

// check asks the node about an open attempt. While it is pursued in this process, what
// the node does not know yet means nothing.
func (b *Backend) check(ctx context.Context, a attempt, pursued bool) (lightning.Outgoing, error) {
	pending := lightning.Outgoing{State: lightning.PaymentPending}
	if a.orders > 0 {
		node, err := b.info(ctx)
		if err != nil {
			return pending, fmt.Errorf("asking which node it is: %w", err)
		}
		if a.elsewhere(node.Pubkey) {
			return pending, nil
		}
	}
	var stands standing
	found, err := b.track(ctx, a.hash, false, func(p payment) error {
		if stands = judge(a, p, true); stands == standsOpen {
			return b.take(ctx, &a, p)
		}
		return nil
	})
	if err != nil {
		return pending, fmt.Errorf("asking what became of it: %w", err)
	}
	if !found {
		stands = judge(a, payment{}, false)
	}
	switch {
	case stands == standsOpen:
		return a.outgoing(), nil
	case pursued || stands == standsForeign || stands == standsLost:
		return pending, nil
	case stands == standsMissing:
		if may, err := b.mayOrderAgain(ctx, &a); err != nil || !may {
			return pending, err
		}
		if a.part {
			err := b.giveUpPart(ctx, &a)
			return a.outgoing(), err
		}
	}
	return lightning.Outgoing{}, nil // whoever sends it now begins it
}
