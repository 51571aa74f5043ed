package mint

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/signatory"
)

// Errors of a Store. Everything else that a Store returns is an internal error
// and is never shown to a wallet.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrProofKnown: one of the proofs is already pending or spent. Nothing of
	// the call was written.
	ErrProofKnown = errors.New("proof is already known")
	// ErrOutputKnown: one of the blinded messages was seen before, signed or
	// not. Nothing of the call was written.
	ErrOutputKnown = errors.New("blinded message is already known")
	// ErrSagaTaken: the saga's version is not the expected one. Somebody else
	// handled it; the caller leaves it alone.
	ErrSagaTaken = errors.New("saga was changed by somebody else")
	// ErrForbiddenState: the state change is not an allowed one.
	ErrForbiddenState = errors.New("state change is not allowed")
	// ErrOtherPayment: a payment of this id was added before, to another quote or with
	// another amount.
	ErrOtherPayment = errors.New("another payment of this id is known")
	// ErrOverRedeemed: a keyset would have redeemed more than it issued.
	ErrOverRedeemed = errors.New("keyset would redeem more than it issued")
)

// Durability says what a commit must survive.
type Durability uint8

const (
	// Deferred commits survive a crash of the process. A power cut may take
	// them back, whole and in order, never in part; a later Durable commit
	// makes them durable too. For reservations: losing one returns the money.
	Deferred Durability = iota
	// Durable commits survive a power cut once the call has returned. For
	// everything whose result leaves the mint.
	Durable
)

// Store is the mint's database. Reads see the last commit and never wait for a
// writer. Everything that changes goes through Update.
type Store interface {
	Reads
	// Update runs fn in one transaction: it commits when fn returns nil and
	// rolls back when fn fails or panics. fn may run on another goroutine and,
	// after a conflict, more than once; it must use nothing but tx, and must
	// never call the signatory or anything else that waits. Update returns
	// after the commit has the durability d.
	Update(ctx context.Context, d Durability, fn func(tx Tx) error) error
	// Writable says why an Update would probably fail now, without writing
	// anything: a full disk, for one. It is for monitoring.
	Writable(ctx context.Context) error
	// OwnerGone tells whether the process that took sagas under this name is
	// provably dead, so that its sagas can be taken over before their lease
	// ends. False when in doubt.
	OwnerGone(ctx context.Context, owner string) (bool, error)
}

// Reads is everything that can be read outside a transaction.
type Reads interface {
	ProofReads
	SignatureReads
	MintQuoteReads
	MeltQuoteReads
	ReservedReads
	SagaReads
	TotalsReads
	KeysetReads
	ConfigReads
	AsideReads
	DecisionReads
}

// Tx is one transaction. Its reads lock the rows that they return until the end
// of the transaction, and see the transaction's own writes.
type Tx interface {
	ProofReads
	ProofWrites
	SignatureReads
	SignatureWrites
	MintQuoteReads
	MintQuoteWrites
	MeltQuoteReads
	MeltQuoteWrites
	ReservedReads
	SagaReads
	SagaWrites
	TotalsReads
	TotalsWrites
	KeysetReads
	KeysetWrites
	ConfigReads
	ConfigWrites
	AuthTokenWrites
	AsideReads
	AsideWrites
	DecisionReads
	DecisionWrites
}

// OperationKind says what an operation did. The numbers are stored: append only.
type OperationKind uint8

const (
	OperationMint OperationKind = 1 // NUT-04: outputs against a paid quote
	OperationSwap OperationKind = 2 // NUT-03: outputs against inputs
	OperationMelt OperationKind = 3 // NUT-05: a payment, and change, against inputs
)

func (k OperationKind) String() string {
	switch k {
	case OperationMint:
		return "mint"
	case OperationSwap:
		return "swap"
	case OperationMelt:
		return "melt"
	}
	return "unknown"
}

// OperationRef is the store's own number of an operation; 0 is none. Rows carry
// it instead of the 16 bytes of the id.
type OperationRef int64

// Operation is one swap, issue or melt. Every proof and every blind signature
// belongs to exactly one.
type Operation struct {
	Ref     OperationRef // set by AddSaga
	ID      uuid.UUID    // version 7
	Kind    OperationKind
	Inputs  int    // proofs that it spends
	Outputs int    // blinded messages that it signs, or of a melt, may sign
	QuoteID string // the mint quote of an OperationMint, the melt quote of an OperationMelt
	// Batch are all mint quotes of an issue from several (NUT-29), in the order of
	// the request, at least two. Then QuoteID is empty.
	Batch   []string
	Created time.Time
}

// MintQuotes are the quotes that an issue is made from.
func (o Operation) MintQuotes() []string {
	switch {
	case o.Kind != OperationMint:
		return nil
	case len(o.Batch) > 0:
		return o.Batch
	}
	return []string{o.QuoteID}
}

// SagaState is the step that a saga has reached. The numbers are stored: append
// only. Initial and Completed never reach the database: the row appears with
// SetupComplete and disappears with completion.
type SagaState uint8

const (
	SagaInitial       SagaState = 0
	SagaSetupComplete SagaState = 1
	SagaSigned        SagaState = 2
	SagaCompleted     SagaState = 3
)

func (s SagaState) String() string {
	switch s {
	case SagaInitial:
		return "initial"
	case SagaSetupComplete:
		return "setup_complete"
	case SagaSigned:
		return "signed"
	case SagaCompleted:
		return "completed"
	}
	return "unknown"
}

// Saga is an operation that has reserved something and is not finished. Version
// grows by one with every change; Owner is the process that works on it, until
// LeaseUntil.
type Saga struct {
	Operation
	State      SagaState
	Version    int64
	Owner      string
	LeaseUntil time.Time
	Updated    time.Time
}

// OperationFacts is what the database holds of an operation: the only thing
// that recovery believes.
type OperationFacts struct {
	ProofsPending   int
	OutputsUnsigned int
}

// SagaReads finds unfinished operations.
type SagaReads interface {
	// Sagas lists all saga rows, oldest first.
	Sagas(ctx context.Context) ([]Saga, error)
	// Saga reads one again; ErrNotFound when it is gone.
	Saga(ctx context.Context, ref OperationRef) (Saga, error)
	// Operation reads an operation, finished or not; ErrNotFound when there is
	// none of this number.
	Operation(ctx context.Context, ref OperationRef) (Operation, error)
	// Facts counts what is still reserved by the operation.
	Facts(ctx context.Context, ref OperationRef) (OperationFacts, error)
}

// SagaWrites changes saga rows, each only on the expected version.
type SagaWrites interface {
	// AddSaga inserts the operation and its saga row with version 0 and sets
	// s.Ref.
	AddSaga(ctx context.Context, s *Saga) error
	// UpdateSaga writes state, owner and lease where the version still is
	// s.Version, and adds one to it, in the row and in s. ErrSagaTaken else.
	UpdateSaga(ctx context.Context, s *Saga) error
	// FinishSaga removes the saga row and keeps the operation. ErrSagaTaken
	// when the version differs or the row is gone.
	FinishSaga(ctx context.Context, s *Saga) error
	// AbandonSaga removes the saga row and the operation. ErrSagaTaken as
	// above. The caller has removed the operation's proofs and outputs.
	AbandonSaga(ctx context.Context, s *Saga) error
}

// ProofState is the state of a Y (NUT-07). The numbers are stored: append only.
// Unspent is the absence of a row.
type ProofState uint8

const (
	ProofUnspent ProofState = 0
	ProofPending ProofState = 1
	ProofSpent   ProofState = 2
)

func (s ProofState) String() string {
	switch s {
	case ProofPending:
		return "PENDING"
	case ProofSpent:
		return "SPENT"
	default:
		return "UNSPENT"
	}
}

// SpentProof is one input of an operation: what the mint keeps of it. The secret
// and C are not kept: Y is the nullifier, and a stolen database tells less.
type SpentProof struct {
	Y        bdhke.Point
	Amount   cashu.Amount
	KeysetID cashu.KeysetID
	Witness  string // the wallet's exact string; only for NUT-10 secrets
}

// ProofRecord is what is known of a Y. For a Y never seen, only Y is set.
type ProofRecord struct {
	SpentProof
	State     ProofState
	Operation OperationRef
	Created   time.Time
}

// ProofReads looks proofs up by Y.
type ProofReads interface {
	// Proofs answers one record for each Y, in the order asked, duplicates
	// included. An empty list gives an empty list.
	Proofs(ctx context.Context, ys []bdhke.Point) ([]ProofRecord, error)
}

// ProofWrites moves proofs along absent → PENDING → SPENT, or PENDING → absent.
// There is no way out of SPENT.
type ProofWrites interface {
	// AddProofs inserts the proofs as PENDING under the operation, or nothing
	// and ErrProofKnown.
	AddProofs(ctx context.Context, op Operation, proofs []SpentProof) error
	// SpendProofs turns all pending proofs of the operation SPENT and returns
	// how many there were.
	SpendProofs(ctx context.Context, ref OperationRef) (int, error)
	// RemoveProofs deletes the pending proofs of the operation and returns how
	// many there were.
	RemoveProofs(ctx context.Context, ref OperationRef) (int, error)
}

// SignatureRecord is what is known of a blinded message. For one never seen, B
// is set and the rest is zero. Signed is false while its operation runs: such a
// message counts as reserved, not as signed, and is never restored.
type SignatureRecord struct {
	B         bdhke.Point
	Signature cashu.BlindSignature // zero C and nil DLEQ while unsigned
	Signed    bool
	Operation OperationRef // 0: never seen
	Created   time.Time
}

// SignatureReads looks blind signatures up by B_.
type SignatureReads interface {
	// Signatures answers one record for each B_, in the order asked.
	Signatures(ctx context.Context, bs []bdhke.Point) ([]SignatureRecord, error)
}

// SignatureWrites reserves blinded messages, then fills in their signatures.
type SignatureWrites interface {
	// AddOutputs inserts the messages, unsigned, or nothing and ErrOutputKnown.
	AddOutputs(ctx context.Context, op Operation, outputs []cashu.BlindedMessage) error
	// SignOutputs stores sigs[i] for outputs[i]. Each output must be reserved
	// by the operation and unsigned, else ErrForbiddenState.
	SignOutputs(ctx context.Context, ref OperationRef, outputs []cashu.BlindedMessage, sigs []cashu.BlindSignature) error
	// RemoveOutputs deletes the unsigned messages of the operation and returns
	// how many there were.
	RemoveOutputs(ctx context.Context, ref OperationRef) (int, error)
}

// KeysetTotals is ecash of one keyset, by value: in circulation since it was
// issued, and taken back. What is outstanding is the difference, which the mint
// owes.
type KeysetTotals struct {
	KeysetID cashu.KeysetID
	Issued   cashu.Amount
	Redeemed cashu.Amount
}

// TotalsReads reads what the mint owes.
type TotalsReads interface {
	// Totals lists the running totals of every keyset that has any, in the
	// order of ids.
	Totals(ctx context.Context) ([]KeysetTotals, error)
	// Recount adds the same up from the rows of proofs and signatures, which
	// takes as long as there are rows. It counts what is finished.
	Recount(ctx context.Context) ([]KeysetTotals, error)
}

// TotalsWrites keeps the running totals.
type TotalsWrites interface {
	// AddTotals adds what a finished operation issued and redeemed of some
	// keysets, each named once. Unless force is set it fails with
	// ErrOverRedeemed, and changes nothing, when a keyset would have redeemed
	// more than it issued: somebody else holds its keys, or rows were lost.
	AddTotals(ctx context.Context, ref OperationRef, add []KeysetTotals, force bool) error
}

// MintQuote is a request to pay and what came of it (NUT-04, NUT-23). It counts
// money in and ecash out; the state that wallets see follows from that.
type MintQuote struct {
	ID           string // UUIDv7; secret, as good as money
	Method       string
	Unit         cashu.Unit
	Amount       cashu.Amount // requested; 0 = open
	Request      string       // what the wallet's user pays, e.g. a BOLT11 invoice
	LookupID     string       // the backend's name of the request
	Backend      string       // the name of the backend; empty: of those rows that knew but one
	Pubkey       bdhke.Point  // NUT-20 lock; zero = not locked
	AmountPaid   cashu.Amount
	AmountIssued cashu.Amount
	Pending      OperationRef // the operation that issues right now; 0 = none
	Expiry       time.Time    // of the request; zero = never
	Created      time.Time
	Paid         time.Time // of the first payment; zero = unpaid
	Issued       time.Time // of the last issue; zero = never
	Updated      time.Time // last change that a wallet can see
}

// MintQuoteReads finds mint quotes.
type MintQuoteReads interface {
	// MintQuote reads a quote of this method; ErrNotFound for another method's.
	MintQuote(ctx context.Context, method, id string) (MintQuote, error)
	// MintQuoteByLookup finds a quote by the backend's name of it.
	MintQuoteByLookup(ctx context.Context, method, lookupID string) (MintQuote, error)
	// UnpaidMintQuotes lists quotes of all methods that nobody ever paid and
	// that end not before from and earlier than before, by their end, limit at
	// most. Those without an end are not among them.
	UnpaidMintQuotes(ctx context.Context, from, before time.Time, limit int) ([]MintQuote, error)
	// KnownPayments tells which of these payments were added to the quote, by their ids,
	// and with which amounts; of an unknown quote, none.
	KnownPayments(ctx context.Context, quoteID string, paymentIDs []string) (map[string]cashu.Amount, error)
	// Unissued is what was paid of all quotes in a unit and is not issued yet, at most
	// 2^64-1.
	Unissued(ctx context.Context, unit cashu.Unit) (cashu.Amount, error)
}

// MintQuoteWrites changes mint quotes. Every change sets Updated to the time of
// the change, and at least one second later than before, so that a wallet can
// tell a stale answer from a fresh one.
type MintQuoteWrites interface {
	AddMintQuote(ctx context.Context, q MintQuote) error
	// ReserveIssue marks the quote as being issued by the operation. It fails
	// with ErrForbiddenState unless no issue is pending and AmountPaid covers
	// AmountIssued + amount.
	// Wallets see no change, so Updated stays.
	ReserveIssue(ctx context.Context, id string, ref OperationRef, amount cashu.Amount) error
	// FinishIssue adds amount to AmountIssued and clears the mark. It fails
	// with ErrForbiddenState unless the quote is pending under the operation.
	FinishIssue(ctx context.Context, id string, ref OperationRef, amount cashu.Amount, at time.Time) error
	// ReleaseIssue clears the operation's mark; a quote without it is left
	// alone.
	ReleaseIssue(ctx context.Context, id string, ref OperationRef) error
	// AddPayment adds a payment to the quote once: false when it was added before. An id
	// names a payment within the backend that made the quote: ErrOtherPayment when it was
	// added to another quote of this backend, or with another amount. Another backend may
	// have given the same id to a payment of its own; of a quote without the name of its
	// backend nobody knows that it was another.
	AddPayment(ctx context.Context, quoteID, paymentID string, amount cashu.Amount, at time.Time) (bool, error)
	// RemoveUnpaid forgets the quotes of these ids that nobody ever paid, that
	// no operation holds and that ended before the given time, and returns how
	// many there were. Others stay.
	RemoveUnpaid(ctx context.Context, ids []string, before time.Time) (int, error)
	// ClaimPoll lets one caller per interval ask the backend about a quote,
	// across all processes on this database.
	ClaimPoll(ctx context.Context, id string, now time.Time, interval time.Duration) (bool, error)
}

// KeysetReads returns the public keysets as last seen, so that the mint serves
// reads while the signatory is away. ErrNotFound before the first snapshot.
type KeysetReads interface {
	Keysets(ctx context.Context) (signatory.Snapshot, error)
}

// KeysetWrites remembers a snapshot, replacing the one before.
type KeysetWrites interface {
	SaveKeysets(ctx context.Context, s signatory.Snapshot) error
}

// ConfigKey names an entry of the configuration that lives in the database. The
// strings are stored: append only.
type ConfigKey string

const (
	// ConfigIdentity is the pinned public key of the signatory, 66 hex
	// characters.
	ConfigIdentity ConfigKey = "signatory_identity"
	// ConfigOverRedeem lists the ids of keysets, separated by commas, that may
	// redeem more than they issued: the operator has looked and decided.
	ConfigOverRedeem ConfigKey = "over_redeem"
	// ConfigPruned is when a mint last began to look for quotes that nobody
	// paid, in unix seconds.
	ConfigPruned ConfigKey = "quotes_pruned"
)

// ConfigReads reads configuration kept in the database; ErrNotFound if unset.
type ConfigReads interface {
	Config(ctx context.Context, key ConfigKey) (string, error)
}

// ConfigWrites changes configuration kept in the database.
type ConfigWrites interface {
	SetConfig(ctx context.Context, key ConfigKey, value string) error
	// DeleteConfig forgets a key, if it is there.
	DeleteConfig(ctx context.Context, key ConfigKey) error
}
