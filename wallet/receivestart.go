package wallet

import (
	"context"
	"errors"
	"fmt"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/token"
)

// readToken finds the keysets of a token and checks what can be checked without
// the mint: its unit, and the proofs that come along.
func (w *Wallet) readToken(ctx context.Context, t token.Token, anyMint bool) (Mint, []token.Coin, error) {
	known, err := w.KnownMint(ctx, t.Mint)
	trusted := err == nil && known.Trusted
	if !trusted && !anyMint {
		return Mint{}, nil, fmt.Errorf("%w: %s", ErrUntrusted, t.Mint)
	}
	m, err := w.Mint(ctx, t.Mint)
	if err != nil {
		return Mint{}, nil, err
	}
	coins, err := t.Coins(m.KeysetIDs())
	if errors.Is(err, cashu.ErrKeysetUnknown) {
		if m, err = w.RefreshMint(ctx, t.Mint); err != nil {
			return Mint{}, nil, err
		}
		coins, err = t.Coins(m.KeysetIDs())
	}
	if err != nil {
		return Mint{}, nil, err
	}
	for _, c := range coins {
		keyset, _ := m.Keyset(c.ID)
		if keyset.Unit != t.Unit {
			return Mint{}, nil, fmt.Errorf("the token says %s and its coins are %s", t.Unit, keyset.Unit)
		}
		key, ok := keyset.Keys.Get(c.Amount)
		if !ok {
			return Mint{}, nil, fmt.Errorf("the mint has no coins of %d", c.Amount)
		}
		if c.DLEQ != nil && !c.Genuine(key) {
			return Mint{}, nil, errors.New("a coin of the token is not genuine: its proof does not hold")
		}
	}
	if !trusted {
		if err := w.TrustMint(ctx, m.URL, true); err != nil {
			return Mint{}, nil, err
		}
		m.Trusted = true
	}
	return m, coins, nil
}

// beginReceive is a receive of a token, or of a part of one. later: its outputs are
// planned when its turn has come.
func (w *Wallet) beginReceive(m Mint, t token.Token, text string, coins []token.Coin, keys []bdhke.Scalar, o ReceiveOptions, later bool) (receivePart, error) {
	got := Received{Unit: t.Unit, MintURL: m.URL, Memo: t.Memo}
	none := receivePart{}
	sum, err := t.Amount()
	if err != nil {
		return none, err
	}
	ids := make([]cashu.KeysetID, len(coins))
	ys := make([]bdhke.Point, len(coins))
	for i, c := range coins {
		ids[i] = c.ID
		if ys[i], err = c.Y(); err != nil {
			return none, err
		}
	}
	if got.Fee, err = m.fee(ids...); err != nil {
		return none, err
	}
	if sum <= got.Fee {
		return none, fmt.Errorf("%w: the token of %d is worth no more than the fee of %d", ErrFunds, sum, got.Fee)
	}
	got.Amount = sum - got.Fee
	keyset, err := m.active(t.Unit, w.now())
	if err != nil {
		return none, err
	}
	wants, err := split(keyset, got.Amount, RoleKeep, nil)
	if err != nil {
		return none, err
	}
	if err := m.fits(nil, wants); err != nil {
		return none, err
	}
	id, err := newID()
	if err != nil {
		return none, err
	}
	data := &ReceiveData{Token: Secret(text), Amount: got.Amount, InputYs: ys, Memo: t.Memo, CommonData: CommonData{IdempotencyArgs: o.Args}}
	s, err := NewSaga(id, ReceiveProofsPending, got.Amount, m.URL, t.Unit, data, w.now())
	if err != nil {
		return none, err
	}
	atOnce := counted(wants)
	if later {
		atOnce = 0
	}
	return receivePart{got, data.Token, atOnce, func(ctx context.Context, key string) beginning {
		data.IdempotencyKey = key
		return beginning{s, "the token is written down", func(tx Tx, _ *Saga) (err error) {
			if err := notAgain(ctx, tx, data.Token); err != nil {
				return err
			}
			if !later {
				if data.Outputs, data.Counters, err = w.plan(ctx, tx, keyset.ID, wants); err != nil {
					return err
				}
				data.BlindedMessages = messages(data.Outputs)
			}
			if data.Inputs, err = unlock(coins, data.BlindedMessages, keys, o.Preimages); err != nil {
				return err
			}
			return tx.PutTransaction(ctx, Transaction{
				Operation: id, Kind: KindReceive, MintURL: m.URL, Unit: t.Unit, Amount: got.Amount, Fee: got.Fee, Incoming: true,
				Status: StatusPending, Memo: t.Memo, Token: Secret(text), At: w.now().Unix(),
			})
		}}
	}}, nil
}
