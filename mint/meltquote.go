package mint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint/lightning"
)

// Errors of AddMeltQuote. Nothing of the call was written.
var (
	// ErrRequestQuoted: another quote for the same request is still valid.
	ErrRequestQuoted = errors.New("another quote for this payment request is valid")
	// ErrRequestPending: the same request is being paid.
	ErrRequestPending = errors.New("this payment request is being paid")
	// ErrRequestPaid: the same request was paid.
	ErrRequestPaid = errors.New("this payment request was paid")
)

// RequestQuoted is ErrRequestQuoted, and says how long the other quote is valid.
type RequestQuoted struct{ Until time.Time }

func (e RequestQuoted) Error() string {
	return fmt.Sprintf("%v until %s", ErrRequestQuoted, e.Until.UTC().Format(time.RFC3339))
}

// Is makes it an ErrRequestQuoted.
func (e RequestQuoted) Is(target error) bool { return target == ErrRequestQuoted }

// MeltState is how far a melt quote has come. The numbers are stored: append
// only.
type MeltState uint8

const (
	// MeltUnpaid: nobody pays it. A failed payment leads back here.
	MeltUnpaid MeltState = 0
	// MeltPending: an operation pays it, and its fate is open.
	MeltPending MeltState = 1
	// MeltSettled: the money is gone, which is final; the operation still owes
	// the change. Wallets see a pending quote.
	MeltSettled MeltState = 2
	// MeltPaid: paid, inputs spent, change signed.
	MeltPaid MeltState = 3
)

// String is the word of NUT-05, which has none for a quote whose change is owed.
func (s MeltState) String() string {
	switch s {
	case MeltUnpaid:
		return "UNPAID"
	case MeltPending, MeltSettled:
		return "PENDING"
	case MeltPaid:
		return "PAID"
	}
	return "UNKNOWN"
}

// MeltQuote is an offer to pay something against ecash, and what came of it
// (NUT-05, NUT-08, NUT-23).
type MeltQuote struct {
	ID         string // UUIDv7; secret
	Method     string
	Unit       cashu.Unit
	Request    string // what is paid, e.g. a BOLT11 invoice
	LookupID   string // names what must not be paid twice; empty: nothing
	Terms      string // the backend's own words, given back to it when it pays
	Backend    string // the name of the backend; empty: of those rows that knew but one
	Amount     cashu.Amount
	FeeReserve cashu.Amount // the most that the payment may cost on top
	// Options are the fees to choose from (NUT-30). If there are any, FeeIndex is
	// the chosen one and FeeReserve its reserve, while the quote is not unpaid.
	Options    []FeeOption
	FeeIndex   uint32
	State      MeltState
	Operation  OperationRef // that pays or paid it; 0 while unpaid
	InputFee   cashu.Amount // of that operation (NUT-02)
	Settlement              // zero until settled
	// Change are the B_ of the outputs that were signed as change, in order.
	Change  []bdhke.Point
	Expiry  time.Time // of the offer; never zero
	Created time.Time
	Paid    time.Time // zero = never
	Updated time.Time // last change that a wallet can see
}

// Settlement is what is known of a payment that was made.
type Settlement struct {
	Spent cashu.Amount // amount and fee of the payment
	Proof string       // e.g. the preimage; empty: none, as within this mint
}

// FeeOption is a fee that a wallet can choose.
type FeeOption = lightning.FeeOption

// MeltQuoteReads finds melt quotes.
type MeltQuoteReads interface {
	// MeltQuote reads a quote of any method, or ErrNotFound.
	MeltQuote(ctx context.Context, id string) (MeltQuote, error)
}

// MeltQuoteWrites moves melt quotes along UNPAID → PENDING → SETTLED → PAID, or
// PENDING → UNPAID; ErrForbiddenState for anything else. What is paid, is paid
// once: of all quotes of one method and LookupID at most one is not UNPAID.
// Visible changes set Updated as in MintQuoteWrites.
type MeltQuoteWrites interface {
	// AddMeltQuote inserts an unpaid quote. One with a LookupID is refused with
	// ErrRequestPaid, ErrRequestPending, or, while another quote of it has not
	// expired at q.Created, RequestQuoted.
	AddMeltQuote(ctx context.Context, q MeltQuote) error
	// ReserveMelt makes an unpaid quote pending under the operation, unless
	// another quote of the same LookupID is pending or paid.
	ReserveMelt(ctx context.Context, id string, ref OperationRef, inputFee cashu.Amount, at time.Time) error
	// ChooseFee makes one of the fee options of an unpaid quote the one to pay. Wallets
	// see it once the quote is reserved.
	ChooseFee(ctx context.Context, id string, option FeeOption) error
	// NoteProof keeps the proof of a payment that is still under way; a quote that is
	// not pending under the operation is left alone.
	NoteProof(ctx context.Context, id string, ref OperationRef, proof string, at time.Time) error
	// SettleMelt notes that the pending quote of the operation was paid. There
	// is no way back from here. Wallets see no change, so Updated stays.
	SettleMelt(ctx context.Context, id string, ref OperationRef, s Settlement) error
	// FinishMelt makes the settled quote of the operation paid.
	FinishMelt(ctx context.Context, id string, ref OperationRef, change []bdhke.Point, at time.Time) error
	// ReleaseMelt makes the pending quote of the operation unpaid.
	ReleaseMelt(ctx context.Context, id string, ref OperationRef, at time.Time) error
	// RemoveUnpaidMelts forgets, limit at most, the quotes that are unpaid and
	// ended before the given time, and what stands for requests of which nobody
	// has paid any quote. It returns how many quotes there were.
	RemoveUnpaidMelts(ctx context.Context, before time.Time, limit int) (int, error)
	// ClaimMeltPoll is ClaimPoll for melt quotes.
	ClaimMeltPoll(ctx context.Context, id string, now time.Time, interval time.Duration) (bool, error)
}

// ReservedReads reads what an unfinished operation has reserved.
type ReservedReads interface {
	// ReservedProofs lists its pending proofs.
	ReservedProofs(ctx context.Context, ref OperationRef) ([]SpentProof, error)
	// ReservedOutputs lists its unsigned outputs in the order of the request.
	ReservedOutputs(ctx context.Context, ref OperationRef) ([]cashu.BlindedMessage, error)
}
