package wallet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// One invoice paid by several mints, each a part of it (NUT-15). It is planned to the
// end before any of it begins.

// PartsOptions describes a payment in parts.
type PartsOptions struct {
	Unit    cashu.Unit
	Request string // a BOLT 11 invoice that says its amount
	// Mints that may pay. Empty: all that have ecash of the unit.
	Mints []string
}

// PartsPlan is a quote of each mint for its part.
type PartsPlan struct {
	Request string
	Unit    cashu.Unit
	Parts   []Part
	// Amount is what the parts come to, and FeeReserve and InputFee what the mints
	// may take besides: for the network, and for the coins.
	Amount, FeeReserve, InputFee cashu.Amount
}

// Part is what one mint pays.
type Part struct {
	Quote    Quote
	Msat     cashu.Amount // of the invoice
	InputFee cashu.Amount
}

// Fee is the most that the payment may cost besides its amount.
func (p PartsPlan) Fee() (cashu.Amount, error) { return p.FeeReserve.Add(p.InputFee) }

// Fee is the most that the part may cost besides its amount.
func (p Part) Fee() (cashu.Amount, error) { return p.Quote.FeeReserve.Add(p.InputFee) }

// ErrNoParts: the payment cannot be made in parts, whatever ecash there is.
var ErrNoParts = errors.New("it cannot be paid in parts")

// PlanParts asks mints what their parts of an invoice would cost. The one with the
// most ecash pays as much as it can, so that there are few parts. Nothing begins and
// no coin is set aside; quotes that a plan does not use run out. ErrFunds: the mints
// that pay parts do not have enough together.
func (w *Wallet) PlanParts(ctx context.Context, o PartsOptions) (PartsPlan, error) {
	msat, stated := InvoiceAmount(o.Request)
	one, fixed := inMsat(1, o.Unit)
	switch {
	case !stated || msat == 0:
		return PartsPlan{}, fmt.Errorf("%w: the invoice leaves its amount open", ErrNoParts)
	case !fixed:
		return PartsPlan{}, fmt.Errorf("%w: what a mint takes for a part is not known in %s", ErrNoParts, o.Unit)
	}
	holdings, failed := w.holdings(ctx, o)
	plan := PartsPlan{Request: o.Request, Unit: o.Unit}
	left := cashu.Amount(msat)
	for _, p := range holdings {
		if left == 0 {
			break
		}
		part, err := w.planPart(ctx, p, o, cashu.Amount(msat), left, cashu.Amount(one))
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", p.mint.URL, err))
			continue
		}
		if err := plan.add(part); err != nil {
			return PartsPlan{}, err
		}
		left -= part.Msat
	}
	if left > 0 {
		for _, part := range plan.Parts {
			failed = errors.Join(failed, w.dropPart(ctx, part))
		}
		return PartsPlan{}, errors.Join(fmt.Errorf("%w: of %d millisatoshi the mints that pay parts can pay %d", ErrFunds, msat, msat-uint64(left)), failed)
	}
	return plan, nil
}

func (p *PartsPlan) add(part Part) (err error) {
	if p.Amount, err = p.Amount.Add(part.Quote.Amount); err != nil {
		return err
	}
	if p.FeeReserve, err = p.FeeReserve.Add(part.Quote.FeeReserve); err != nil {
		return err
	}
	if p.InputFee, err = p.InputFee.Add(part.InputFee); err != nil {
		return err
	}
	p.Parts = append(p.Parts, part)
	return nil
}

// holding is what can be spent at a mint that pays parts.
type holding struct {
	purse
	sum cashu.Amount
}

// holdings finds them, the fullest first; failed tells which mints could not be asked
// or do not pay parts.
func (w *Wallet) holdings(ctx context.Context, o PartsOptions) (list []holding, failed error) {
	coins, err := w.store.Coins(ctx, CoinFilter{Unit: o.Unit, States: []CoinState{CoinUnspent}})
	if err != nil {
		return nil, err
	}
	byMint := map[string]*holding{}
	for _, c := range coins {
		p := byMint[c.MintURL]
		if p == nil {
			p = &holding{purse: purse{unit: o.Unit, now: w.now()}}
			byMint[c.MintURL] = p
		}
		p.coins = append(p.coins, c)
		if p.sum, err = p.sum.Add(c.Amount); err != nil {
			return nil, err
		}
	}
	var only []string
	for _, text := range o.Mints {
		base, err := mintclient.NormalURL(text)
		if err != nil {
			return nil, err
		}
		only = append(only, base)
	}
	for mintURL, p := range byMint {
		if only != nil && !slices.Contains(only, mintURL) {
			continue
		}
		if p.mint, err = w.Mint(ctx, mintURL); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if !p.mint.Info.PaysParts(methodBolt11, o.Unit) {
			failed = errors.Join(failed, fmt.Errorf("%s: %w: the mint does not pay parts", mintURL, ErrNoParts))
			continue
		}
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b holding) int {
		return cmp.Or(cmp.Compare(b.sum, a.sum), cmp.Compare(a.mint.URL, b.mint.URL))
	})
	return list, failed
}

// planTries is how often a mint is asked what a smaller part would cost.
const planTries = 5

// planPart finds out how much of what is left a mint can pay, with all fees. one is
// what a unit is worth: parts are of whole units, so that no mint rounds up, but for
// the last one.
func (w *Wallet) planPart(ctx context.Context, p holding, o PartsOptions, whole, left, one cashu.Amount) (Part, error) {
	least, most := p.limits()
	units := min((left-1)/one+1, p.sum, most)
	for range planTries {
		if units == 0 || units < least {
			return Part{}, ErrFunds
		}
		worth, err := units.Mul(uint64(one))
		if err != nil {
			worth = left
		}
		part := Part{Msat: min(left, worth)}
		ask := MeltQuoteOptions{Unit: o.Unit, Request: o.Request, Part: part.Msat}
		if part.Msat == whole {
			ask.Part = 0
		}
		if part.Quote, err = w.CreateMeltQuote(ctx, p.mint.URL, ask); err != nil {
			return Part{}, err
		}
		need, err := part.Quote.Amount.Add(part.Quote.FeeReserve)
		if err != nil {
			return Part{}, err
		}
		paying, err := p.melt(part.Quote)
		if err == nil {
			part.InputFee = paying.cost
			return part, nil
		}
		if !errors.Is(err, ErrFunds) {
			return Part{}, err
		}
		if err := w.dropPart(ctx, part); err != nil {
			return Part{}, err
		}
		all, err := feeOf(p.mint, p.coins)
		if err != nil {
			return Part{}, err
		}
		needed, err := need.Add(all)
		if err != nil {
			return Part{}, err
		}
		// As much less as all coins with their fee do not reach.
		units -= min(units, max(needed-min(needed, p.sum), 1))
	}
	return Part{}, ErrFunds
}

// dropPart notes that nobody will use a quote.
func (w *Wallet) dropPart(ctx context.Context, p Part) error {
	_, err := w.updateQuote(ctx, p.Quote, func(q *Quote) {
		if q.UsedBy == uuid.Nil && q.State == "UNPAID" {
			q.State = QuoteDropped
		}
	})
	return err
}

// limits are the least and the most that the mint pays at a time.
func (p holding) limits() (least, most cashu.Amount) {
	most = ^cashu.Amount(0)
	for _, m := range p.mint.Info.Methods(5) {
		if m.Method != methodBolt11 || m.Unit != p.unit {
			continue
		}
		if least = m.MinAmount; m.MaxAmount != 0 {
			most = m.MaxAmount
		}
	}
	return least, most
}
