package wallet

import (
	"context"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// MeltQuoteOptions describes a payment.
type MeltQuoteOptions struct {
	Method  string // empty = bolt11
	Unit    cashu.Unit
	Request string       // an invoice, an offer, an address
	Amount  cashu.Amount // where Request leaves it open: in millisatoshi for bolt11
	// Part pays only so much of the invoice, in millisatoshi; others pay the
	// rest (NUT-15).
	Part cashu.Amount
}

// CreateMeltQuote asks a mint what a payment costs, and remembers the answer.
func (w *Wallet) CreateMeltQuote(ctx context.Context, mintURL string, o MeltQuoteOptions) (Quote, error) {
	m, err := w.Mint(ctx, mintURL)
	if err != nil {
		return Quote{}, err
	}
	c, err := w.client(mintURL)
	if err != nil {
		return Quote{}, err
	}
	if o.Method == "" {
		o.Method = methodBolt11
	}
	req := mintclient.MeltQuoteRequest{Request: o.Request, Unit: o.Unit}
	switch {
	case o.Part != 0:
		req.Options = &mintclient.MeltOptions{MPP: &mintclient.MPPOption{Amount: o.Part}}
	case o.Amount != 0 && o.Method == methodBolt11:
		req.Options = &mintclient.MeltOptions{Amountless: &mintclient.AmountlessOption{AmountMsat: o.Amount}}
	case o.Amount != 0:
		req.Amount = o.Amount
	}
	answer, err := c.CreateMeltQuote(ctx, o.Method, req)
	if err != nil {
		return Quote{}, err
	}
	q := Quote{
		Direction: QuoteMelt, ID: answer.Quote, MintURL: m.URL, Method: o.Method, Unit: o.Unit,
		Amount: answer.Amount, FeeReserve: answer.FeeReserve, Request: o.Request, State: answer.State,
		Expiry: answer.Expiry, Created: w.now().Unix(),
	}
	if err := w.store.Update(ctx, func(tx Tx) error { return tx.AddQuote(ctx, q) }); err != nil {
		return Quote{}, err
	}
	return q, nil
}

// takeMeltQuote takes over what a mint says. A proof of the payment is never
// forgotten again.
func takeMeltQuote(q *Quote, a mintclient.MeltQuote) {
	q.State = a.State
	if p := a.Proof(); p != "" {
		q.Proof = Secret(p)
	}
	if a.Expiry != 0 {
		q.Expiry = a.Expiry
	}
}
