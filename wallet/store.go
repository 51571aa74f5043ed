package wallet

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/cashu/token"
)

// Errors of a Store. Everything else that it returns is a failure of the
// database, after which nothing of the call was written.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrTakenOver: the row is not as it was read. Somebody else handles it.
	ErrTakenOver = errors.New("changed by another process")
	// ErrCoinsTaken: a coin is not there, not free, or not the operation's. The
	// transaction can only be rolled back, as after ErrExists.
	ErrCoinsTaken = errors.New("coins are taken")
	// ErrExists: there is such a row already, with other contents.
	ErrExists = errors.New("exists already")
)

// Store is a wallet's database. Several processes may share it. Reads see the
// last commit; everything that changes goes through Update.
type Store interface {
	Reads
	// Update runs fn in one durable transaction: it commits when fn returns
	// nil and rolls back when fn fails or panics. fn may run more than once; it
	// must use nothing but tx and wait for nothing else.
	Update(ctx context.Context, fn func(tx Tx) error) error
	// Instance is the name of this process in sagas, new at every opening.
	Instance() string
	// Alive tells whether the process of this name may still be running; true
	// when in doubt. Only to leave a living process alone: what is right never
	// depends on it.
	Alive(ctx context.Context, instance string) (bool, error)
	Close() error
}

// Reads is everything that can be read outside a transaction.
type Reads interface {
	SagaReads
	CoinReads
	CounterReads
	QuoteReads
	MintReads
	HistoryReads
	SeedReads
	AuthReads
}

// Tx is one transaction. It sees its own writes, and what it has read stays as it
// is until its end.
type Tx interface {
	Reads
	SagaWrites
	CoinWrites
	CounterWrites
	QuoteWrites
	MintWrites
	HistoryWrites
	SeedWrites
	AuthWrites
}

// SeedReads tells whose database it is.
type SeedReads interface {
	// SeedMark is the mark of the seed, which says nothing about it; ErrNotFound
	// in a database that no seed has used yet.
	SeedMark(ctx context.Context) ([]byte, error)
}

// SeedWrites makes a database a seed's.
type SeedWrites interface {
	// AddSeedMark writes the mark, once and for ever. False: there is one.
	AddSeedMark(ctx context.Context, mark []byte) (bool, error)
}

// SagaReads finds unfinished operations.
type SagaReads interface {
	// Sagas lists all, oldest first. Rows that cannot be read are not left out
	// in silence: the rest comes with an *UnreadableError that names them.
	Sagas(ctx context.Context) ([]Saga, error)
	// Abandoned lists those that their owner has given up, oldest first. Sagas
	// and Saga leave them out.
	Abandoned(ctx context.Context) ([]Saga, error)
	// Saga reads one; ErrNotFound when it is finished, given up or never was.
	Saga(ctx context.Context, id uuid.UUID) (Saga, error)
	// SagaByKey finds the saga, finished or not, that was started under an
	// idempotency key; ErrNotFound when there was none.
	SagaByKey(ctx context.Context, key string) (uuid.UUID, error)
	// KeyArgs is what the call of such a key has asked for, in its own words;
	// empty when it did not say.
	KeyArgs(ctx context.Context, key string) (string, error)
	// Journal is what happened to an operation, oldest first, also after its
	// end.
	Journal(ctx context.Context, id uuid.UUID) ([]JournalEntry, error)
}

// SagaWrites changes sagas, each only on the expected version.
type SagaWrites interface {
	// AddSaga inserts a saga of version 0; ErrExists for a known id or
	// idempotency key.
	AddSaga(ctx context.Context, s Saga) error
	// UpdateSaga writes s, whose version is already the next one (see
	// Saga.UpdateState), where the stored version is the one before. False:
	// somebody else handled it, and nothing was written.
	UpdateSaga(ctx context.Context, s Saga) (bool, error)
	// DeleteSaga removes the row where the version is this one. False as above.
	DeleteSaga(ctx context.Context, id uuid.UUID, version uint32) (bool, error)
	// AbandonSaga gives a saga up, or takes it up again. It writes s and succeeds
	// as UpdateSaga does, and only if that changes something.
	AbandonSaga(ctx context.Context, s Saga, abandoned bool) (bool, error)
	// AddJournal appends an entry. It must hold no secret.
	AddJournal(ctx context.Context, e JournalEntry) error
}

// JournalEntry is one step in the life of an operation, for its owner to read.
type JournalEntry struct {
	Operation uuid.UUID
	Version   uint32
	State     State // zero: the operation has ended
	Instance  string
	At        int64  // unix seconds
	Reason    string // a sentence without secrets
}

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

// KnownMint is a mint that the wallet has met.
type KnownMint struct {
	URL     string
	Name    string // the owner's own name for it
	Trusted bool   // tokens of it are received without asking
	Info    []byte // the JSON of its last /v1/info
	Fetched int64  // unix seconds, when Info and keysets were last read
	// LeftOut are keysets that it lists and that make no sense, with the reason.
	LeftOut []string
}

// MintReads finds mints and their keysets.
type MintReads interface {
	Mints(ctx context.Context) ([]KnownMint, error)
	Mint(ctx context.Context, url string) (KnownMint, error)
	// Keysets lists all that the mint ever showed, with their keys.
	Keysets(ctx context.Context, mintURL string) ([]cashu.Keyset, error)
}

// MintWrites remembers mints and keysets.
type MintWrites interface {
	PutMint(ctx context.Context, m KnownMint) error
	// RemoveMint forgets a mint of which there is no coin and no operation;
	// ErrCoinsTaken else. Counters are kept for ever.
	RemoveMint(ctx context.Context, url string) error
	// MoveMint gives a mint, and everything of it, another address, which no mint
	// may have (ErrExists); ErrNotFound for one that is not known. Operations and
	// quotes get a new version.
	MoveMint(ctx context.Context, from, to string) error
	// PutKeysets adds and updates keysets; none is ever removed. A known id
	// with other keys is ErrExists: the mint has broken its word.
	PutKeysets(ctx context.Context, mintURL string, keysets []cashu.Keyset) error
}

// Transaction is an entry of the history that people read.
type Transaction struct {
	Operation uuid.UUID // one entry for each
	Kind      Kind
	MintURL   string
	Unit      cashu.Unit
	Amount    cashu.Amount
	Fee       cashu.Amount
	Incoming  bool
	Status    string // one of the words below
	Memo      string
	QuoteID   string
	Request   string
	Token     Secret // of a send, so that it can be shown again
	Proof     Secret // of the payment
	At        int64  // unix seconds
	// Payment is what a melt pays; empty: it is none. Parts of one payment have one
	// Group.
	Payment string
	Group   uuid.UUID
}

// How an operation stands in the history. The strings are stored: append only.
const (
	StatusPending   = "pending"
	StatusCompleted = "completed"
	StatusFailed    = "failed"
	StatusTakenBack = "taken_back" // a token, by its sender
	StatusAbandoned = "abandoned"  // given up, and can be taken up again
)

// InboxItem is a token that could not be received: kept until it can, or until
// its owner throws it away.
type InboxItem struct {
	ID      uuid.UUID
	Token   Secret
	Amount  cashu.Amount
	Unit    cashu.Unit
	MintURL string
	Reason  string
	At      int64
}

// HistoryReads reads what happened.
type HistoryReads interface {
	// Transactions lists the newest first, at most limit; 0 is all.
	Transactions(ctx context.Context, limit int) ([]Transaction, error)
	Transaction(ctx context.Context, op uuid.UUID) (Transaction, error)
	// TokenReceived finds the receive of exactly this token that is under way or
	// completed.
	TokenReceived(ctx context.Context, token Secret) (Transaction, error)
	// Payments lists the entries of a payment that have not failed, oldest first.
	Payments(ctx context.Context, payment string) ([]Transaction, error)
	Inbox(ctx context.Context) ([]InboxItem, error)
}

// HistoryWrites writes what happened.
type HistoryWrites interface {
	// PutTransaction inserts or replaces the operation's entry. One that has
	// ended for good stays as it is.
	PutTransaction(ctx context.Context, t Transaction) error
	// RemoveTransaction removes the entry of an operation that came to nothing, and
	// was somebody else's wish; ErrNotFound if there is none.
	RemoveTransaction(ctx context.Context, op uuid.UUID) error
	// LockPayment has every other transaction that locks this payment wait for the
	// end of this one; what they wrote is seen then.
	LockPayment(ctx context.Context, payment string) error
	AddInbox(ctx context.Context, item InboxItem) error
	RemoveInbox(ctx context.Context, id uuid.UUID) error
}

// UnreadableError lists rows that the database has and this program cannot read:
// damaged ones, or those of a newer program.
type UnreadableError struct {
	Rows []string // their ids, with reasons, without contents
}

// Error names the rows.
func (e *UnreadableError) Error() string {
	return "operations that cannot be read: " + strings.Join(e.Rows, ", ")
}
