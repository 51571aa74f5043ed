package wallet

import (
	"context"
	"errors"

	"mintmark/cashu"
)

// Payments at mints that give no change (those without NUT-08): whatever the coins
// are worth beyond the amount, its reserve and the fee stays with the mint.

// withoutChange finds coins that are worth exactly what a payment needs, or makes
// them with a swap first. It returns the coins that were chosen if a swap would
// cost as much as it saves, or cannot be afforded.
func (w *Wallet) withoutChange(ctx context.Context, m Mint, unit cashu.Unit, coins, chosen []StoredCoin, need cashu.Amount) ([]StoredCoin, cashu.Amount, error) {
	fee, err := feeOf(m, chosen)
	if err != nil {
		return nil, 0, err
	}
	sum, err := sumOf(chosen)
	if err != nil {
		return nil, 0, err
	}
	if sum-fee == need {
		return chosen, fee, nil
	}
	if fitting, ok := exact(m, coins, need, true); ok && len(fitting) <= m.most() {
		fee, err := feeOf(m, fitting)
		return fitting, fee, err
	}
	keyset, err := m.active(unit, w.now())
	if err != nil {
		return nil, 0, err
	}
	wants, total, err := exactWants(m, keyset, need)
	if err != nil {
		return nil, 0, err
	}
	inputs, swapFee, err := choose(m, coins, total)
	if errors.Is(err, ErrFunds) || err == nil && swapFee+total >= sum {
		return chosen, fee, nil
	}
	if err != nil {
		return nil, 0, err
	}
	given, err := sumOf(inputs)
	if err != nil {
		return nil, 0, err
	}
	change, err := split(keyset, given-swapFee-total, RoleKeep, nil)
	if err != nil {
		return nil, 0, err
	}
	wants = append(wants, change...)
	if err := m.fits(inputs, wants, total); err != nil {
		return nil, 0, err
	}
	made, err := w.swap(ctx, swapSpec{mint: m, unit: unit, inputs: inputs, wants: wants})
	if err != nil {
		return nil, 0, err
	}
	if fitting, ok := exact(m, made, need, true); ok {
		fee, err := feeOf(m, fitting)
		return fitting, fee, err
	}
	return choose(m, made, need)
}

// exactWants is outputs that are worth amount and the fee for spending them; if no
// such number is found, hardly more.
func exactWants(m Mint, keyset cashu.Keyset, amount cashu.Amount) (wants []want, total cashu.Amount, err error) {
	const far = 64
	for total = amount; total <= amount+far; total++ {
		if wants, err = split(keyset, total, RoleKeep, nil); err != nil {
			return nil, 0, err
		}
		ids := make([]cashu.KeysetID, len(wants))
		for i := range ids {
			ids[i] = keyset.ID
		}
		fee, err := m.fee(ids...)
		if err != nil {
			return nil, 0, err
		}
		if total == amount+fee {
			return wants, total, nil
		}
	}
	return sendWants(m, keyset, SendOptions{Amount: amount, IncludeFee: true})
}
