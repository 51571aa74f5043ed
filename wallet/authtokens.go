package wallet

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/wallet/mintclient"
)

// Blind tokens let a request in without saying whose it is (NUT-22). They are no
// money. Their secrets are random and not derived from the seed: what a crash loses
// of them is replaced at the next request, mints do not give signatures on them again
// (NUT-09), and counters would be one more thing to keep.

// tokenBatch is how many are asked for at a time, where the mint allows it. The mint
// can guess that the user who has just come for tokens is the one who makes the next
// request; the more tokens there are, the less often.
const tokenBatch = 50

// blindToken takes a token out of the reserve, which is filled if it is empty. The
// token is gone when this returns, before the request leaves: it is never shown twice,
// whatever becomes of the request.
func (d *door) blindToken(ctx context.Context, info mintclient.Info) (string, error) {
	for range 3 { // other processes may be quicker
		token, err := d.takeToken(ctx)
		if err == nil {
			crashpoint.Here(crashTokenTaken)
			return token.Encode()
		}
		if !errors.Is(err, ErrNotFound) {
			return "", err
		}
		if err := d.fill(ctx, info); err != nil {
			return "", err
		}
	}
	return "", errors.New("the mint's tokens are gone as soon as they come")
}

func (d *door) takeToken(ctx context.Context) (token cashu.BlindAuthToken, err error) {
	err = d.w.store.Update(ctx, func(tx Tx) (err error) {
		token, err = tx.TakeAuthToken(ctx, d.base, d.w.now().Unix())
		return err
	})
	return token, err
}

// FillTokens gets blind tokens from a mint that wants them, if there are none left,
// and says how many there are.
func (w *Wallet) FillTokens(ctx context.Context, mintURL string) (int, error) {
	m, err := w.Mint(ctx, mintURL)
	if err != nil {
		return 0, err
	}
	if _, ok := m.Info.BlindAuth(); !ok {
		return 0, nil
	}
	if _, err := w.client(m.URL); err != nil {
		return 0, err
	}
	if err := w.door(m.URL).fill(ctx, m.Info); err != nil {
		return 0, err
	}
	return w.store.CountAuthTokens(ctx, m.URL, w.now().Unix())
}

// fill gets a batch of tokens if there are none left.
func (d *door) fill(ctx context.Context, info mintclient.Info) error {
	d.filling.Lock()
	defer d.filling.Unlock()
	left, err := d.w.store.CountAuthTokens(ctx, d.base, d.w.now().Unix())
	if err != nil || left > 0 {
		return err
	}
	c, err := d.w.client(d.base)
	if err != nil {
		return err
	}
	keyset, err := d.tokenKeyset(ctx, c)
	if err != nil {
		return err
	}
	says, _ := info.BlindAuth()
	n := max(1, min(tokenBatch, says.MaxTokens))
	for {
		tokens, err := mintTokens(ctx, c, keyset, n)
		if errors.Is(err, cashu.ErrBlindAuthTooMany) && n > 1 {
			n /= 2
			continue
		}
		if err != nil {
			return err
		}
		crashpoint.Here(crashTokensSigned)
		return d.w.store.Update(ctx, func(tx Tx) error {
			return tx.AddAuthTokens(ctx, d.base, int64(min(keyset.FinalExpiry, math.MaxInt64)), tokens)
		})
	}
}

var errNoTokenKey = fmt.Errorf("%w: the keyset of tokens has no key for them", errBadAnswer)

// tokenKeyset asks for the keyset of new tokens. It is not kept with those of money,
// which are restored and swapped. Its key is remembered: a mint that had one for each
// user could tell whose a token is.
func (d *door) tokenKeyset(ctx context.Context, c *mintclient.Client) (cashu.Keyset, error) {
	listed, err := c.AuthKeysets(ctx)
	if err != nil {
		return cashu.Keyset{}, err
	}
	now := uint64(d.w.now().Unix())
	listed = slices.DeleteFunc(listed, func(k cashu.KeysetInfo) bool {
		return !k.Active || k.Unit != cashu.UnitAuth || k.FinalExpiry != 0 && k.FinalExpiry <= now
	})
	if len(listed) == 0 {
		return cashu.Keyset{}, fmt.Errorf("the mint %s has no keyset for blind tokens", d.base)
	}
	last := slices.MaxFunc(listed, func(a, b cashu.KeysetInfo) int {
		if a.FinalExpiry-1 > b.FinalExpiry-1 { // 0 is for ever, and wraps around
			return 1
		}
		return -1
	})
	keyset, err := c.AuthKeys(ctx, last)
	if err != nil {
		return cashu.Keyset{}, err
	}
	key, ok := keyset.Keys.Get(1)
	if !ok {
		return cashu.Keyset{}, errNoTokenKey
	}
	err = d.w.store.Update(ctx, func(tx Tx) error { return tx.PutAuthKey(ctx, d.base, keyset.ID, key) })
	if errors.Is(err, ErrExists) {
		return cashu.Keyset{}, fmt.Errorf("%w: it shows other keys for blind tokens than it did, by which it could tell its users apart: %w", errBadAnswer, err)
	}
	return keyset, err
}

// mintTokens gets n tokens. A request that is not answered is not sent again: others
// are asked for next time.
func mintTokens(ctx context.Context, c *mintclient.Client, keyset cashu.Keyset, n int) ([]cashu.BlindAuthToken, error) {
	key, ok := keyset.Keys.Get(1)
	if !ok {
		return nil, errNoTokenKey
	}
	tokens, factors := make([]cashu.BlindAuthToken, n), make([]bdhke.Scalar, n)
	outputs := make([]cashu.BlindedMessage, n)
	for i := range n {
		var secret [32]byte
		_, _ = rand.Read(secret[:]) // never fails
		tokens[i] = cashu.BlindAuthToken{ID: keyset.ID, Secret: hex.EncodeToString(secret[:])}
		var err error
		if factors[i], err = bdhke.RandomScalar(nil); err != nil {
			return nil, err
		}
		outputs[i] = cashu.BlindedMessage{Amount: 1, ID: keyset.ID}
		if outputs[i].B, err = bdhke.Blind([]byte(tokens[i].Secret), factors[i]); err != nil {
			return nil, err
		}
	}
	sigs, err := c.MintAuth(ctx, outputs)
	if err != nil {
		return nil, err
	}
	for i, s := range sigs {
		switch {
		case s.ID != keyset.ID || s.Amount != 1:
			return nil, fmt.Errorf("%w: token %d is of another keyset or amount", errBadAnswer, i)
		case s.DLEQ == nil || !bdhke.VerifyDLEQ(key, outputs[i].B, s.C, *s.DLEQ):
			// Without it the mint could sign each user's with a key of their own.
			return nil, fmt.Errorf("%w: token %d has no proof that holds", errBadAnswer, i)
		}
		if tokens[i].C, err = bdhke.Unblind(s.C, factors[i], key); err != nil {
			return nil, fmt.Errorf("%w: token %d cannot be unblinded", errBadAnswer, i)
		}
	}
	return tokens, nil
}
