package lnd

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// A part of an invoice (NUT-15) is paid on one way, which the package asks for first.
// The node does not keep anybody from paying a part twice, as it does with whole
// invoices. So a part is ordered once, and when the order is in doubt it stays pending
// until the invoice has expired and nobody takes a part any more.

// errNoRoute: there is no way for a part.
var errNoRoute = errors.New("no route")

// route asks for a way to the payee that costs no more than allowed, and marks it as a
// part of the whole.
func (b *Backend) route(ctx context.Context, o *order) (map[string]json.RawMessage, error) {
	ctx, cancel := quickly(ctx)
	defer cancel()
	var found struct{ Routes []map[string]json.RawMessage }
	err := b.client.call(ctx, http.MethodPost, "/v1/graph/routes/"+hex.EncodeToString(o.invoice.Payee[:])+"/0", map[string]any{
		"amt_msat": number(o.msat), "final_cltv_delta": o.invoice.MinFinalCLTV,
		"fee_limit": map[string]any{"fixed_msat": number(o.maxFee)}, "use_mission_control": true,
	}, &found)
	if answered(err) {
		return nil, fmt.Errorf("%w for a part: %w", errNoRoute, err)
	}
	if err != nil {
		return nil, err
	}
	if len(found.Routes) == 0 {
		return nil, errNoRoute
	}
	route := found.Routes[0]
	var hops []map[string]json.RawMessage
	if err := json.Unmarshal(route["hops"], &hops); err != nil || len(hops) == 0 {
		return nil, fmt.Errorf("the node's route has no hops: %w", err)
	}
	record, err := json.Marshal(map[string]any{
		"payment_addr": o.invoice.PaymentSecret[:], "total_amt_msat": number(o.invoice.AmountMsat),
	})
	if err != nil {
		return nil, err
	}
	hops[len(hops)-1]["mpp_record"] = record
	route["hops"], err = json.Marshal(hops)
	return route, err
}

// sendPart tells the node to pay the part on this way and waits until the payee has
// taken it, which is when all parts are there.
func (b *Backend) sendPart(ctx context.Context, o *order, route map[string]json.RawMessage) error {
	err := b.client.call(ctx, http.MethodPost, "/v2/router/route/send", map[string]any{
		"payment_hash": base64.StdEncoding.EncodeToString(o.hash), "route": route,
	}, nil)
	if err != nil {
		return err
	}
	// The answer tells of the part; what is final is the node's payment.
	_, err = b.track(ctx, o.hash, false, func(p payment) error {
		if judge(o.attempt, p, true) != standsOpen {
			return errOtherPayment
		}
		return b.take(ctx, &o.attempt, p)
	})
	return err
}

// giveUpPart ends an attempt at a part whose order never arrived, when it is too late
// for it to arrive.
func (b *Backend) giveUpPart(ctx context.Context, a *attempt) error {
	if b.cfg.Clock().Before(a.expires.Add(b.cfg.Doubt)) {
		return nil
	}
	return b.failed(ctx, a, "the order did not arrive, and the invoice has expired")
}
