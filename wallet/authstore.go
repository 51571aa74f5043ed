package wallet

import (
	"context"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// StoredLogin is the login at a mint, and who gave it (NUT-21).
type StoredLogin struct {
	MintURL string
	// Discovery and ClientID are what the mint said when the user logged in. Tokens
	// are shown to no other provider, whatever the mint says later.
	Discovery string
	ClientID  string
	Since     int64 // unix seconds
	Expires   int64 // of the access token; 0: unknown
	// Sealed is the tokens, in a box that the seed opens.
	Sealed []byte
	// Renewing is until when, in unix seconds, a process may be getting the next
	// tokens: a provider may take the same one twice for theft.
	Renewing int64
	Version  uint32
}

// AuthReads finds what lets requests in.
type AuthReads interface {
	// Login reads the login at a mint; ErrNotFound if there is none.
	Login(ctx context.Context, mintURL string) (StoredLogin, error)
	// CountAuthTokens counts the blind tokens of a mint that have not expired
	// (NUT-22).
	CountAuthTokens(ctx context.Context, mintURL string, now int64) (int, error)
}

// AuthWrites keeps what lets requests in.
type AuthWrites interface {
	// PutLogin puts a new login in the place of any other.
	PutLogin(ctx context.Context, l StoredLogin) error
	// UpdateLogin writes l where the stored version is l.Version, and adds one in
	// the row; ErrTakenOver else.
	UpdateLogin(ctx context.Context, l StoredLogin) error
	// RemoveLogin forgets the login of this version; ErrTakenOver else.
	RemoveLogin(ctx context.Context, mintURL string, version uint32) error
	// AddAuthTokens keeps blind tokens, which expire at this unix second; 0: never.
	AddAuthTokens(ctx context.Context, mintURL string, expires int64, tokens []cashu.BlindAuthToken) error
	// TakeAuthToken removes a token that has not expired and returns it: it is used
	// from then on, whatever becomes of the request. Of several, the one that expires
	// first. ErrNotFound: there is none.
	TakeAuthToken(ctx context.Context, mintURL string, now int64) (cashu.BlindAuthToken, error)
	// PutAuthKey remembers, for ever, the key of the tokens of a keyset; ErrExists if
	// it had another.
	PutAuthKey(ctx context.Context, mintURL string, keyset cashu.KeysetID, key bdhke.Point) error
	// DropAuthTokens removes the tokens of a keyset; the zero id: all of the mint.
	DropAuthTokens(ctx context.Context, mintURL string, keyset cashu.KeysetID) error
}
