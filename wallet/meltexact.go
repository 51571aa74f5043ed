package wallet

import (
	"errors"

	"mintmark/cashu"
)

// Payments at mints that give no change (those without NUT-08): whatever the coins
// are worth beyond the amount, its reserve and the fee stays with the mint.

// withoutChange has coins that are worth exactly what a payment needs, or makes them
// with a swap first. It keeps to the coins that were chosen if a swap would cost as
// much as it saves, or cannot be afforded.
func (p purse) withoutChange(chosen decision, need cashu.Amount) (decision, error) {
	sum, err := sumOf(chosen.coins)
	if err != nil {
		return decision{}, err
	}
	if chosen.cost, err = sum.Sub(need); err != nil || chosen.cost == chosen.fee {
		return chosen, err
	}
	if fitting, ok := exact(p.mint, p.coins, need, true); ok && len(fitting) <= p.mint.most() {
		fee, err := feeOf(p.mint, fitting)
		return decision{coins: fitting, fee: fee, cost: fee}, err
	}
	keyset, err := p.mint.active(p.unit, p.now)
	if err != nil {
		return decision{}, err
	}
	wants, total, err := exactWants(p.mint, keyset, need)
	if err != nil {
		return decision{}, err
	}
	inputs, fee, err := choose(p.mint, p.coins, total)
	if errors.Is(err, ErrFunds) {
		return chosen, nil
	}
	if err != nil {
		return decision{}, err
	}
	change, err := changeOf(keyset, inputs, fee, total)
	if err != nil {
		return decision{}, err
	}
	// No more than the inputs are worth, which have a sum.
	if cost := fee + total - need; cost < chosen.cost {
		return decision{step: fitFirst, coins: inputs, fee: fee, wants: append(wants, change...), cost: cost}, nil
	}
	return chosen, nil
}

// exactWants is outputs that are worth amount and the fee for spending them; if no
// such number is found, hardly more.
func exactWants(m Mint, keyset cashu.Keyset, amount cashu.Amount) (wants []want, total cashu.Amount, err error) {
	const far = 64
	for total = amount; total <= amount+far; total++ {
		if wants, err = split(keyset, total, RoleKeep, nil); err != nil {
			return nil, 0, err
		}
		fee, err := m.feeLater(keyset, wants)
		if err != nil {
			return nil, 0, err
		}
		if total == amount+fee {
			return wants, total, nil
		}
	}
	return sendWants(m, keyset, SendOptions{Amount: amount, IncludeFee: true})
}
