package wallet

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// MeltQuoteOptions describes a payment.
type MeltQuoteOptions struct {
	Method  string // empty = bolt11
	Unit    cashu.Unit
	Request string       // an invoice, an offer, an address
	Amount  cashu.Amount // where Request leaves it open: in millisatoshi for bolt11 and bolt12
	// Part pays only so much of the invoice, in millisatoshi; others pay the
	// rest (NUT-15).
	Part cashu.Amount
}

// terms tells quotes for one request apart.
func (o MeltQuoteOptions) terms() string {
	switch {
	case o.Part != 0:
		return fmt.Sprintf("part %d", o.Part)
	case o.Amount != 0:
		return fmt.Sprintf("amount %d", o.Amount)
	}
	return "all"
}

// isOver tells whether a quote was asked for on these terms. What was asked for before
// terms were kept is whole if it pays its whole invoice.
func (q Quote) isOver(o MeltQuoteOptions) bool {
	if q.Terms != "" || o.terms() != "all" {
		return q.Terms == o.terms()
	}
	msat, stated := InvoiceAmount(q.Request)
	worth, known := inMsat(q.Amount, q.Unit)
	return q.Method == methodBolt11 && stated && known && worth >= msat
}

// CreateMeltQuote asks a mint what a payment costs, and remembers the answer. A
// quote for the same payment that was not used and has some time left is given
// again: mints may have one quote for an invoice at a time. Of the fees that a mint
// offers for a payment on the chain (NUT-30), it is over the one with the smallest
// reserve.
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
	if q, found, err := w.openMeltQuote(ctx, m.URL, o); err != nil || found {
		return q, err
	}
	req := mintclient.MeltQuoteRequest{Request: o.Request, Unit: o.Unit}
	switch {
	case o.Part != 0:
		req.Options = &mintclient.MeltOptions{MPP: &mintclient.MPPOption{Amount: o.Part}}
	case o.Amount != 0 && (o.Method == methodBolt11 || o.Method == methodBolt12):
		req.Options = &mintclient.MeltOptions{Amountless: &mintclient.AmountlessOption{AmountMsat: o.Amount}}
	case o.Amount != 0:
		req.Amount = o.Amount
	}
	answer, err := c.CreateMeltQuote(ctx, o.Method, req)
	if err != nil {
		return Quote{}, err
	}
	if err := checkPrice(o, answer.Amount); err != nil {
		return Quote{}, err
	}
	q := Quote{
		Direction: QuoteMelt, ID: answer.Quote, MintURL: m.URL, Method: o.Method, Unit: o.Unit,
		Amount: answer.Amount, FeeReserve: answer.FeeReserve, Request: o.Request, State: answer.State,
		Terms: o.terms(), Expiry: answer.Expiry, Created: w.now().Unix(),
	}
	if fee, choice := answer.Cheapest(); choice {
		q.FeeReserve, q.FeeIndex = fee.FeeReserve, &fee.FeeIndex
	}
	if err := w.store.Update(ctx, func(tx Tx) error { return tx.AddQuote(ctx, q) }); err != nil {
		return Quote{}, err
	}
	return q, nil
}

// provenBy tells whether something that a mint shows proves that the quote is paid. A
// preimage that is not that of the invoice proves nothing; of other requests the wallet
// cannot tell, and believes it.
func (q Quote) provenBy(proof string) bool {
	if _, known := invoiceHash(q.Request); q.Method != methodBolt11 || !known {
		return proof != ""
	}
	return proves(proof, q.Request)
}

// meltQuoteReuse is how many seconds a quote must have left to be given again.
const meltQuoteReuse = 30

// openMeltQuote finds a quote that nobody has used, over the same: not one over another
// part, or over another amount of the payer's choice. One that was given up is taken up
// again, for the mint may make no other while it is valid.
func (w *Wallet) openMeltQuote(ctx context.Context, mintURL string, o MeltQuoteOptions) (Quote, bool, error) {
	quotes, err := w.store.Quotes(ctx)
	if err != nil {
		return Quote{}, false, err
	}
	for _, q := range quotes {
		same := q.Direction == QuoteMelt && q.MintURL == mintURL && q.Method == o.Method && q.Unit == o.Unit && q.Request == o.Request && q.isOver(o)
		left := q.Expiry == 0 || q.Expiry-w.now().Unix() >= meltQuoteReuse
		if !same || !left || q.UsedBy != uuid.Nil || q.State != "UNPAID" && q.State != QuoteDropped {
			continue
		}
		if q.State == QuoteDropped {
			q, err = w.updateQuote(ctx, q, func(q *Quote) {
				if q.State == QuoteDropped {
					q.State = "UNPAID"
				}
			})
		}
		return q, true, err
	}
	return Quote{}, false, nil
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
