package lightning

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/cashu"
)

// Errors of a Payer's QuotePayment, beside ErrRefused.
var (
	// ErrAmountless: the request leaves the amount to the payer, and none was
	// given, or this backend cannot pay such requests.
	ErrAmountless = errors.New("payment request without amount")
	// ErrOtherAmount: the amount given is not that of the request.
	ErrOtherAmount = errors.New("amount is not that of the payment request")
	// ErrRequestExpired: nobody can pay the request any more.
	ErrRequestExpired = errors.New("payment request has expired")
	// ErrOtherNetwork is an ErrRefused: the request is for another chain.
	ErrOtherNetwork = fmt.Errorf("%w: it is for another network", ErrRefused)
)

// PaySettings is one method and unit that a backend can pay, with its limits.
// The mint publishes them (NUT-06) and applies them when a quote is made.
type PaySettings struct {
	// Method and Unit as in Settings.
	Method string
	Unit   cashu.Unit
	// MinAmount and MaxAmount bound the amount without the fee, both inclusive;
	// zero is no bound.
	MinAmount, MaxAmount cashu.Amount
	// Amountless tells whether the payer may choose the amount of a request that
	// has none (NUT-23 "amountless").
	Amountless bool
	// MultiPath tells whether a part of a request can be paid, the rest being
	// paid by others (NUT-15).
	MultiPath bool
	// Fake as in Settings.
	Fake bool
}

// PaymentRequest asks what it costs to pay something.
type PaymentRequest struct {
	Method string
	// Request is what the payee gave out, such as a BOLT11 string. It comes from
	// a stranger.
	Request string
	Unit    cashu.Unit
	// AmountMsat is chosen by the payer of a request without amount; zero is not
	// chosen.
	AmountMsat uint64
	// PartMsat is the part of the request to pay; zero is all of it.
	PartMsat uint64
	// Amount to pay, in Unit, for methods whose requests ask for none (NUT-30); zero
	// is not said.
	Amount cashu.Amount
}

// PaymentQuote is what it costs.
type PaymentQuote struct {
	// LookupID names what must not be paid twice, at most 255 bytes: two
	// requests of one LookupID are one debt. For BOLT11 it is the payment hash in
	// hex, as in Invoice, unless only a part is paid: each part is a debt of its
	// own. Empty: the request may be paid again and again.
	LookupID string
	// Amount of the payment in Unit, rounded up and never zero.
	Amount cashu.Amount
	// FeeReserve is the most that the payment may cost on top, in Unit.
	FeeReserve cashu.Amount
	// Options are the fees that the wallet chooses from, if it has a choice, each
	// with another index (NUT-30); then FeeReserve means nothing. At most 16.
	Options []FeeOption
	// Terms is whatever the backend wants to be told again when it pays. The
	// mint keeps it and does not look into it; at most 4096 bytes.
	Terms string
	// Expiry is when the offer ends at the latest; zero leaves it to the mint.
	Expiry time.Time
}

// FeeOption is what a payment may cost so that it is made this fast.
type FeeOption struct {
	Index   uint32
	Reserve cashu.Amount // as PaymentQuote.FeeReserve
	Blocks  uint32       // until it is probably confirmed
}

// Payment is an order to pay.
type Payment struct {
	// ID names this attempt to pay. It is unique for ever, and everything about
	// the attempt is asked for by it.
	ID string
	// Method, Request, LookupID, Amount, Unit and Terms as quoted.
	Method, Request, LookupID string
	Amount                    cashu.Amount
	Unit                      cashu.Unit
	Terms                     string
	// MaxFee is the most that may be paid on top of Amount.
	MaxFee cashu.Amount
	// FeeIndex is the option that was chosen, if there were any.
	FeeIndex uint32
	// Recovered: an earlier run of the mint may have ordered this. A backend that remembers
	// no such attempt may remember too little, such as a backup does, and asks its node
	// first where that can tell.
	Recovered bool
}

// PaymentState is what a backend knows of an attempt to pay.
type PaymentState uint8

const (
	// PaymentUnknown: the backend is sure that this attempt was never begun. It
	// may be begun. A backend that only fails to remember says PaymentPending.
	PaymentUnknown PaymentState = 0
	// PaymentPending: it was begun, and may end either way.
	PaymentPending PaymentState = 1
	// PaymentPaid: the money is gone, for ever.
	PaymentPaid PaymentState = 2
	// PaymentFailed: no money is gone, and none will go under this ID, for ever.
	PaymentFailed PaymentState = 3
)

func (s PaymentState) String() string {
	switch s {
	case PaymentUnknown:
		return "unknown"
	case PaymentPending:
		return "pending"
	case PaymentPaid:
		return "paid"
	case PaymentFailed:
		return "failed"
	}
	return "invalid"
}

// Outgoing is the state of an attempt.
type Outgoing struct {
	State PaymentState
	// Spent is Amount and the fee that it did cost, in the unit of the payment,
	// rounded up; only when paid.
	Spent cashu.Amount
	// Proof is what proves the payment to the payee, such as the preimage in
	// hex, or the output on the chain as "txid:vout"; only when paid, or for the
	// latter when everybody can see it on its way.
	Proof string
}

// Payer sends payments out. All methods are safe for concurrent use.
type Payer interface {
	// PaySettings lists what can be paid, as Settings lists what can be received.
	PaySettings() []PaySettings
	// QuotePayment says what a request costs. It moves nothing and keeps
	// nothing. Errors that are ErrRefused, ErrAmountless, ErrOtherAmount or
	// ErrRequestExpired are about the request; any other is the backend's.
	QuotePayment(ctx context.Context, r PaymentRequest) (PaymentQuote, error)
	// SendPayment pays, at most once for each ID: called again, also after a
	// restart, it waits for the same attempt and moves no more money. It returns when the
	// attempt has ended or ctx has, which does not end the attempt: once begun,
	// it goes on without the caller. ErrRefused means that the attempt was not
	// begun and never will be; any other error says nothing about its fate.
	SendPayment(ctx context.Context, p Payment) (Outgoing, error)
	// CheckPayment says what became of an attempt, without waiting for its end.
	// The method is that of the Payment.
	CheckPayment(ctx context.Context, method, id string) (Outgoing, error)
}
