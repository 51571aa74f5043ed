package wallet

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"mintmark/cashu"
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

// UnreadableError lists rows that the database has and this program cannot read:
// damaged ones, or those of a newer program.
type UnreadableError struct {
	Rows []string // their ids, with reasons, without contents
}

// Error names the rows.
func (e *UnreadableError) Error() string {
	return "operations that cannot be read: " + strings.Join(e.Rows, ", ")
}
