package wallet

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// How coins are spent is decided here, free of I/O and before anything is done: by the
// same code for who asks what it costs, and for who pays.

// purse is what can be spent of a unit at a mint, as it was when somebody looked.
type purse struct {
	mint  Mint
	unit  cashu.Unit
	coins []StoredCoin
	now   time.Time
	// gathered is how many exchanges for fewer coins this is a forecast of.
	gathered int
}

func (w *Wallet) purse(ctx context.Context, m Mint, unit cashu.Unit) (purse, error) {
	coins, err := w.store.Coins(ctx, CoinFilter{MintURL: m.URL, Unit: unit, States: []CoinState{CoinUnspent}})
	return purse{mint: m, unit: unit, coins: coins, now: w.now()}, err
}

// knownPurse is purse for a mint that is not asked.
func (w *Wallet) knownPurse(ctx context.Context, mintURL string, unit cashu.Unit) (purse, error) {
	m, err := w.KnownMint(ctx, mintURL)
	if err != nil {
		return purse{}, err
	}
	return w.purse(ctx, m, unit)
}

// step is what coins were chosen for.
type step int

const (
	spendNow    step = iota
	gatherFirst      // they are more than the mint takes at once: fewer in their place
	fitFirst         // others in their place, of which some are exactly what is needed
)

// decision is the next step, and what all of them together cost.
type decision struct {
	step  step
	coins []StoredCoin
	fee   cashu.Amount // for spending them in this step
	// wants are the outputs that they are exchanged for; blanks those of a payment that
	// bring the change (NUT-08). None of a send: its coins fit.
	wants, blanks []want
	// cost is what is gone in the end, besides the amount and its reserve.
	cost cashu.Amount
}

// melt decides how a quote is paid. ErrFunds: it cannot be.
func (p purse) melt(q Quote) (decision, error) {
	need, err := q.Amount.Add(q.FeeReserve)
	if err != nil {
		return decision{}, err
	}
	chosen, fee, err := choose(p.mint, p.coins, need)
	if err != nil {
		return decision{}, err
	}
	d := decision{coins: chosen, fee: fee, cost: fee}
	if p.mint.Info.Supports(8) {
		d.blanks, err = blanksFor(chosen, fee, q.Amount)
	} else {
		d, err = p.withoutChange(d, need)
	}
	if err != nil {
		return decision{}, err
	}
	return p.inBounds(d, func(after purse) (decision, error) { return after.melt(q) })
}

// blanksFor is outputs for all that may be left over: ceil(log2) of it, at least one
// (NUT-08).
func blanksFor(inputs []StoredCoin, fee, amount cashu.Amount) ([]want, error) {
	spare, err := sumOf(inputs)
	if err == nil {
		spare, err = spare.Sub(fee)
	}
	if err == nil {
		spare, err = spare.Sub(amount)
	}
	if err != nil || spare == 0 {
		return nil, err
	}
	return make([]want, max(bits.Len64(uint64(spare)-1), 1)), nil
}

// send decides how a token is made.
func (p purse) send(o SendOptions) (decision, error) {
	if o.Lock == nil {
		if fitting, ok := exact(p.mint, p.coins, o.Amount, o.IncludeFee); ok && (o.Offline || len(fitting) <= p.mint.most()) {
			return decision{coins: fitting}, nil
		}
	}
	if o.Offline {
		return decision{}, fmt.Errorf("%w that fits exactly", ErrFunds)
	}
	keyset, err := p.mint.active(p.unit, p.now)
	if err != nil {
		return decision{}, err
	}
	wants, total, err := sendWants(p.mint, keyset, o)
	if err != nil {
		return decision{}, err
	}
	chosen, fee, err := choose(p.mint, p.coins, total)
	if err != nil {
		return decision{}, err
	}
	change, err := changeOf(keyset, chosen, fee, total)
	if err != nil {
		return decision{}, err
	}
	d := decision{coins: chosen, fee: fee, wants: append(wants, change...), cost: fee}
	return p.inBounds(d, func(after purse) (decision, error) { return after.send(o) })
}

// changeOf is outputs for what coins are worth beyond a sum and their fee.
func changeOf(keyset cashu.Keyset, inputs []StoredCoin, fee, total cashu.Amount) ([]want, error) {
	spare, err := sumOf(inputs)
	if err == nil {
		spare, err = spare.Sub(fee)
	}
	if err == nil {
		spare, err = spare.Sub(total)
	}
	if err != nil {
		return nil, err
	}
	return split(keyset, spare, RoleKeep, nil)
}

// inBounds puts an exchange for fewer coins before a request that would have more of
// them than the mint takes, with what the rest will cost after it.
func (p purse) inBounds(d decision, again func(after purse) (decision, error)) (decision, error) {
	if err := p.mint.fits(nil, d.wants); err != nil {
		return decision{}, err
	}
	if err := p.mint.fits(nil, d.blanks); err != nil {
		return decision{}, err
	}
	tooMany := p.mint.fits(d.coins, nil)
	if tooMany == nil {
		return d, nil
	}
	if p.gathered == gatherRounds {
		return decision{}, tooMany
	}
	after, fee, err := p.exchanged(d.coins)
	if err != nil {
		return decision{}, fmt.Errorf("%w: %w", tooMany, err)
	}
	rest, err := again(after)
	if errors.Is(err, ErrFunds) {
		err = fmt.Errorf("%w: %w: exchanging the coins for fewer costs too much", tooMany, ErrFunds)
	}
	if err != nil {
		return decision{}, err
	}
	cost, err := rest.cost.Add(fee)
	return decision{step: gatherFirst, coins: d.coins, fee: fee, cost: cost}, err
}

// exchanged is what the purse will be when some of its coins were exchanged for fewer,
// and what that costs.
func (p purse) exchanged(some []StoredCoin) (after purse, fee cashu.Amount, err error) {
	keyset, err := p.mint.active(p.unit, p.now)
	if err != nil {
		return after, 0, err
	}
	after = p
	after.gathered++
	after.coins = without(p.coins, some)
	for _, part := range p.mint.deal(some) {
		partFee, err := feeOf(p.mint, part)
		if err != nil {
			return after, 0, err
		}
		if fee, err = fee.Add(partFee); err != nil {
			return after, 0, err
		}
		wants, err := p.mint.allOf(p.unit, part, p.now)
		if err != nil {
			return after, 0, err
		}
		for _, o := range wants {
			var c StoredCoin
			c.ID, c.Amount = keyset.ID, o.amount
			after.coins = append(after.coins, c)
		}
	}
	return after, fee, nil
}

// without takes some coins out of a list. Those of a forecast are known by what they
// are worth only.
func without(coins, some []StoredCoin) []StoredCoin {
	type coin struct {
		y      bdhke.Point
		id     cashu.KeysetID
		amount cashu.Amount
	}
	taken := map[coin]int{}
	for _, c := range some {
		taken[coin{c.Y, c.ID, c.Amount}]++
	}
	var rest []StoredCoin
	for _, c := range coins {
		of := coin{c.Y, c.ID, c.Amount}
		if taken[of] == 0 {
			rest = append(rest, c)
			continue
		}
		taken[of]--
	}
	return rest
}
