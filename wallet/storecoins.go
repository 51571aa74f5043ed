package wallet

import (
	"context"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/cashu/token"
)

// CoinState is where a coin is. The strings are stored: append only.
type CoinState string

const (
	CoinUnspent      CoinState = "UNSPENT"       // free to use
	CoinReserved     CoinState = "RESERVED"      // set aside by an operation
	CoinPending      CoinState = "PENDING"       // shown to the mint by an operation
	CoinPendingSpent CoinState = "PENDING_SPENT" // in a token that was handed out
	CoinSpent        CoinState = "SPENT"         // kept for history
	CoinAbandoned    CoinState = "ABANDONED"     // of an operation that was given up
)

// StoredCoin is a coin of the wallet.
type StoredCoin struct {
	token.Coin
	Y         bdhke.Point
	MintURL   string
	Unit      cashu.Unit
	State     CoinState
	UsedBy    uuid.UUID // the operation that holds it; Nil: none
	CreatedBy uuid.UUID // the operation that it came from
	Counter   *uint32   // that its secret was derived from; nil: none
	Created   int64     // unix seconds
}

// Locked tells that the coin has a spending condition.
func (c StoredCoin) Locked() bool {
	_, locked := conditions.Kind(c.Secret)
	return locked
}

// CoinFilter chooses coins: those that fit every field that is set.
type CoinFilter struct {
	MintURL string
	Unit    cashu.Unit
	States  []CoinState
	UsedBy  uuid.UUID
}

// Balance is the worth of coins of one mint and unit, by state.
type Balance struct {
	MintURL string
	Unit    cashu.Unit
	State   CoinState
	Amount  cashu.Amount
	Coins   int
}

// CoinReads finds coins.
type CoinReads interface {
	Coins(ctx context.Context, f CoinFilter) ([]StoredCoin, error)
	// CoinsByY reads coins in the order asked; ErrNotFound if one is missing.
	CoinsByY(ctx context.Context, ys []bdhke.Point) ([]StoredCoin, error)
	// Balances adds up, without reading coins one by one.
	Balances(ctx context.Context) ([]Balance, error)
}

// CoinWrites moves coins, guarded by the state and the owner that they had.
type CoinWrites interface {
	// AddCoins inserts coins. One that is there with equal contents stays as it
	// is, whatever its state and owner; with other contents it is ErrExists.
	AddCoins(ctx context.Context, coins []StoredCoin) error
	// ReserveCoins turns free coins RESERVED by the operation: all of them, or
	// none and ErrCoinsTaken.
	ReserveCoins(ctx context.Context, ys []bdhke.Point, op uuid.UUID) error
	// ReleaseCoins turns the operation's RESERVED and PENDING coins UNSPENT
	// and returns how many there were. Others are not touched.
	ReleaseCoins(ctx context.Context, op uuid.UUID) (int, error)
	// MoveCoins turns coins that the operation holds in one of the states from
	// into to: all of them, or none and ErrCoinsTaken. Coins that become
	// UNSPENT have no holder any more, SPENT ones keep it.
	MoveCoins(ctx context.Context, ys []bdhke.Point, op uuid.UUID, from []CoinState, to CoinState) error
	// HandCoins gives coins that the operation holds to another, as they are.
	HandCoins(ctx context.Context, ys []bdhke.Point, from, to uuid.UUID) error
}

// CounterReads reads counters of deterministic secrets (NUT-13).
type CounterReads interface {
	// Counter is the next one of the keyset that was never taken.
	Counter(ctx context.Context, id cashu.KeysetID) (uint32, error)
	// SignedCounter is the one after the last that is known to have been signed
	// with; 0: none is.
	SignedCounter(ctx context.Context, id cashu.KeysetID) (uint32, error)
	// Restored is how far a restore of the keyset has come that has not ended; 0:
	// there is none.
	Restored(ctx context.Context, id cashu.KeysetID) (uint32, error)
	// KeyIndex is the next index of a purpose that was never taken.
	KeyIndex(ctx context.Context, purpose string) (uint32, error)
}

// CounterWrites takes counters. One that was taken is never given out again,
// unless it is returned unused.
type CounterWrites interface {
	// TakeCounters takes n in a row and returns the first.
	TakeCounters(ctx context.Context, id cashu.KeysetID, n uint32) (uint32, error)
	// AdvanceCounter notes that the one before atLeast was signed with, and makes
	// the next one at least this. AddCoins does it for the coins' counters.
	AdvanceCounter(ctx context.Context, id cashu.KeysetID, atLeast uint32) error
	// SetRestored notes how far a restore has come; 0: it has ended.
	SetRestored(ctx context.Context, id cashu.KeysetID, next uint32) error
	// ReturnCounters takes back a range that was never signed with. False: it is
	// not the last one taken, and stays a gap.
	ReturnCounters(ctx context.Context, id cashu.KeysetID, start, n uint32) (bool, error)
	// TakeKeyIndex takes the next index of a purpose, for keys other than
	// coins: NUT-20 quotes, P2PK.
	TakeKeyIndex(ctx context.Context, purpose string) (uint32, error)
}
