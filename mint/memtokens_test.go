package mint_test

import (
	"context"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
)

type tokenKey struct {
	keyset cashu.KeysetID
	y      pointKey
}

func (t *memTx) UseAuthToken(_ context.Context, keyset cashu.KeysetID, y bdhke.Point) error {
	key := tokenKey{keyset, y.Key()}
	if t.tokens[key] {
		return mint.ErrProofKnown
	}
	t.tokens[key] = true
	return nil
}

func (t *memTx) ReturnAuthToken(_ context.Context, keyset cashu.KeysetID, y bdhke.Point) error {
	delete(t.tokens, tokenKey{keyset, y.Key()})
	return nil
}

func (t *memTx) ForgetAuthTokens(_ context.Context, keyset cashu.KeysetID, limit int) (n int, err error) {
	for key := range t.tokens {
		if key.keyset == keyset && n < limit {
			delete(t.tokens, key)
			n++
		}
	}
	return n, nil
}
