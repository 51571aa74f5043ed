package wallet

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/wallet/mintclient"
)

// Claimed is a quote that Claim has looked at.
type Claimed struct {
	Quote  Quote
	Amount cashu.Amount // issued just now
	Err    error
}

// Claim asks about every quote that may have been paid and issues what has been:
// many at a time where the mint has that (NUT-29), else one by one.
func (w *Wallet) Claim(ctx context.Context) ([]Claimed, error) {
	quotes, err := w.store.Quotes(ctx)
	if err != nil {
		return nil, err
	}
	abandoned, err := w.store.Abandoned(ctx)
	if err != nil {
		return nil, err
	}
	aside := map[uuid.UUID]bool{}
	for _, s := range abandoned {
		aside[s.ID] = true
	}
	type group struct {
		mintURL, method string
		unit            cashu.Unit
	}
	var order []group
	groups := map[group][]Quote{}
	for _, q := range quotes {
		// Quotes of other methods can be paid any number of times.
		over := q.State == "ISSUED" && q.Method == methodBolt11 || q.State == "UNPAID" && q.Expiry != 0 && q.Asked > q.Expiry+claimAfterExpiry
		if q.Direction != QuoteMint || over || aside[q.UsedBy] || q.State == QuoteDropped {
			continue
		}
		g := group{q.MintURL, q.Method, q.Unit}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], q)
	}
	var done []Claimed
	for _, g := range order {
		size := 0
		if m, err := w.Mint(ctx, g.mintURL); err == nil {
			size = m.Info.Batch(g.method)
		}
		for some := range slices.Chunk(groups[g], max(size, 1)) {
			if len(some) > 1 {
				done = append(done, w.claimMany(ctx, some)...)
			} else {
				done = append(done, w.claimEach(ctx, some)...)
			}
		}
	}
	return done, ctx.Err()
}

// claimAfterExpiry is how long after its end a quote is still asked about, in
// seconds: a payment may have been under way. It is left alone when the mint has said
// after that that nobody has paid; what it said before proves nothing.
const claimAfterExpiry = 24 * 60 * 60

// claimEach claims quotes one by one.
func (w *Wallet) claimEach(ctx context.Context, quotes []Quote) (done []Claimed) {
	for _, q := range quotes {
		c := Claimed{Quote: q}
		c.Amount, c.Err = w.Issue(ctx, q.MintURL, q.ID, MintOptions{})
		if errors.Is(c.Err, cashu.ErrQuoteUnpaid) || errors.Is(c.Err, cashu.ErrQuoteIssued) {
			continue
		}
		done = append(done, c)
	}
	return done
}

// claimMany claims quotes of one mint, unit and method with one request. Those that
// it is not given together it claims one by one.
func (w *Wallet) claimMany(ctx context.Context, quotes []Quote) []Claimed {
	asked, err := w.checkMintQuotes(ctx, quotes)
	switch {
	case err != nil && !mintclient.Sent(err):
		return claimedOf(quotes, err)
	case err != nil: // one that the mint does not know would be enough
		return w.claimEach(ctx, quotes)
	}
	var together, alone []Quote
	for _, q := range asked {
		switch {
		case q.Open() == 0:
		case q.UsedBy == uuid.Nil && (q.Method != methodBolt11 || q.Open() == q.Amount):
			together = append(together, q)
		default: // the mint would refuse it, and the others with it
			alone = append(alone, q)
		}
	}
	if len(together) == 1 {
		alone, together = append(alone, together...), nil
	}
	var done []Claimed
	if len(together) > 0 {
		switch err := w.issueTogether(ctx, together); {
		case err == nil || errors.Is(err, ErrPending):
			done = claimedOf(together, err)
		default:
			w.log.Info("a mint has not issued several quotes at once", "mint", together[0].MintURL, "error", err)
			alone = append(alone, together...)
		}
	}
	return append(done, w.claimEach(ctx, alone)...)
}

// claimedOf is what became of quotes that share an end.
func claimedOf(quotes []Quote, err error) []Claimed {
	list := make([]Claimed, len(quotes))
	for i, q := range quotes {
		list[i] = Claimed{Quote: q, Err: err}
		if err == nil {
			list[i].Amount = q.Open()
		}
	}
	return list
}

// issueTogether issues what is open on quotes of one mint, unit and method.
func (w *Wallet) issueTogether(ctx context.Context, quotes []Quote) error {
	r, err := w.startIssue(ctx, quotes, MintOptions{})
	if err != nil {
		return err
	}
	defer r.rest()
	crashpoint.Here(crashPoint(KindMint, "reserved"))
	_, err = r.performIssue(ctx)
	return err
}

// checkMintQuotes asks about quotes of one mint and method in one request, and
// remembers the answers.
func (w *Wallet) checkMintQuotes(ctx context.Context, quotes []Quote) ([]Quote, error) {
	c, err := w.client(quotes[0].MintURL)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(quotes))
	for i, q := range quotes {
		ids[i] = q.ID
	}
	answers, err := c.MintQuotes(ctx, quotes[0].Method, ids)
	if err != nil {
		return nil, err
	}
	list := make([]Quote, len(quotes))
	err = w.store.Update(ctx, func(tx Tx) error {
		for i, q := range quotes {
			now, err := tx.Quote(ctx, q.Direction, q.MintURL, q.ID)
			if err != nil {
				return err
			}
			list[i] = now
			if w.takeAnswer(&list[i], answers[i]); list[i] == now {
				continue
			}
			if err := tx.UpdateQuote(ctx, list[i]); err != nil {
				return err
			}
			list[i].Version++
		}
		return nil
	})
	return list, err
}
