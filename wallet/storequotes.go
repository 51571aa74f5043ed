package wallet

import (
	"context"

	"github.com/google/uuid"

	"mintmark/cashu"
)

// QuoteDirection says whether a quote brings money in or takes it out.
type QuoteDirection string

const (
	QuoteMint QuoteDirection = "mint"
	QuoteMelt QuoteDirection = "melt"
)

// Quote is a mint or a melt quote as this wallet last saw it.
type Quote struct {
	Direction  QuoteDirection
	ID         string
	MintURL    string
	Method     string
	Unit       cashu.Unit
	Amount     cashu.Amount
	FeeReserve cashu.Amount // melt
	FeeIndex   *uint32      // of the fee that was chosen (NUT-30); nil: there is one only
	Request    string
	State      string // the mint's word: UNPAID, PENDING, PAID, ISSUED, FAILED
	Paid       cashu.Amount
	Issued     cashu.Amount
	Terms      string  // what a melt quote was asked over, see MeltQuoteOptions; empty: not known
	Expiry     int64   // unix seconds; 0: never
	KeyIndex   *uint32 // of the NUT-20 key that locks it; nil: not locked
	Proof      Secret  // of the payment: preimage or outpoint; melt
	UsedBy     uuid.UUID
	Key        string // the caller's name of the call that asked for it; empty: none
	Created    int64
	Updated    int64 // the mint's updated_at where it has one
	Asked      int64 // unix seconds, when the mint last answered after Expiry; 0: never
	Version    uint32
}

// QuoteReads finds quotes.
type QuoteReads interface {
	Quote(ctx context.Context, d QuoteDirection, mintURL, id string) (Quote, error)
	// QuoteByKey finds the one that was asked for under a name.
	QuoteByKey(ctx context.Context, key string) (Quote, error)
	Quotes(ctx context.Context) ([]Quote, error)
}

// QuoteWrites changes quotes, each only on the expected version.
type QuoteWrites interface {
	// AddQuote inserts a quote; ErrExists for a known one or a known key.
	AddQuote(ctx context.Context, q Quote) error
	// UpdateQuote writes q where the stored version is q.Version, and adds one
	// in the row. UsedBy is not written. ErrTakenOver else.
	UpdateQuote(ctx context.Context, q Quote) error
	// ReserveQuote makes the operation the user of an unused quote and adds one
	// to the version; ErrTakenOver if it is used.
	ReserveQuote(ctx context.Context, d QuoteDirection, mintURL, id string, op uuid.UUID) error
	// ReleaseQuotes frees what the operation uses and returns how many.
	ReleaseQuotes(ctx context.Context, op uuid.UUID) (int, error)
}
