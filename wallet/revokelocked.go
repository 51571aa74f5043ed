package wallet

import (
	"context"
	"errors"

	"mintmark/cashu/conditions"
)

// ErrLocked: a token is locked to somebody else.
var ErrLocked = errors.New("the token is locked to somebody else")

// openOwn signs the coins of a token that this wallet has locked to others, where its
// own keys open them all the same: as the place where a refund goes, from a time on.
func (r *run) openOwn(ctx context.Context, coins []StoredCoin) ([]StoredCoin, error) {
	if signsAll(plain(coins)) {
		return nil, ErrLocked
	}
	keys, err := r.w.lockKeys(ctx, nil)
	if err != nil {
		return nil, err
	}
	signed, err := unlock(plain(coins), nil, keys, nil)
	if err != nil {
		return nil, err
	}
	spend, err := conditions.Check(conditions.Transaction{Inputs: shown(signed)}, r.w.now())
	if err == nil {
		err = spend.Verify()
	}
	if err != nil {
		return nil, ErrLocked
	}
	opened := make([]StoredCoin, len(coins))
	for i, c := range coins {
		opened[i] = c
		opened[i].Coin = signed[i]
	}
	return opened, nil
}
