package mint

import (
	"context"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// AuthTokenWrites remembers which blind authentication tokens were used (NUT-22).
// A token is its keyset and Y. They are kept apart from the proofs of money: the
// Y of one says nothing about the other.
type AuthTokenWrites interface {
	// UseAuthToken marks a token as used; ErrProofKnown when it was before.
	UseAuthToken(ctx context.Context, keyset cashu.KeysetID, y bdhke.Point) error
	// ReturnAuthToken takes the mark back; without one it does nothing.
	ReturnAuthToken(ctx context.Context, keyset cashu.KeysetID, y bdhke.Point) error
	// ForgetAuthTokens forgets used tokens of the keyset, limit at most, and
	// returns how many. The caller knows that none of them is taken again.
	ForgetAuthTokens(ctx context.Context, keyset cashu.KeysetID, limit int) (int, error)
}
