// Package lightning says what the mint needs of a payment backend, and nothing
// about how one works. The mint takes money in through a Receiver and sends it
// out through a Payer, which may be one backend or several; each lives in a package
// of its own below this one. A backend is opened without its node: while the node is
// away, what needs it fails, and nothing else does. The interfaces know no method of payment: what is
// special about one is in Settings and in terms that only the backend reads.
//
// A Receiver is trusted with one statement only: "this request was paid, with
// this much". The mint believes it and creates ecash for it. So a backend must
// never report a payment that it is not sure of, never report less urgently
// than it can (a payment that it forgets is a customer's money), and may repeat
// itself as often as it likes: the mint adds every PaymentID once.
//
// A Payer is trusted with two: "this payment was made, and cost this much", on
// which the mint destroys ecash, and "this payment failed and will never be
// made", on which it gives ecash back. Both are final. Whatever is less sure is
// neither.
//
// A backend must never know a wallet, a proof, a key or the mint's database.
package lightning

import (
	"context"
	"errors"
	"time"

	"mintmark/cashu"
)

// The payment methods that a NUT is about. A backend may have others, of any name.
const (
	MethodBolt11  = "bolt11"  // NUT-23
	MethodBolt12  = "bolt12"  // NUT-25
	MethodOnchain = "onchain" // NUT-30
)

// Errors of a backend. Anything else that it returns means that the backend
// could not do its work: the caller may try again later and must conclude
// nothing about any payment.
var (
	// ErrUnknownRequest: the backend has no request of this LookupID.
	ErrUnknownRequest = errors.New("unknown payment request")
	// ErrRefused: the request does not fit the backend's Settings, or what its
	// payment method can carry. Asking again with the same values is useless.
	ErrRefused = errors.New("payment request refused")
	// ErrClosed: Close was called.
	ErrClosed = errors.New("payment backend is closed")
)

// Settings is one method and unit that a backend can receive, with its limits.
// The mint publishes them (NUT-06) and applies them when a quote is made.
type Settings struct {
	// Method is the payment method, such as MethodBolt11.
	Method string
	// Unit that amounts of this method count.
	Unit cashu.Unit
	// MinAmount and MaxAmount bound a requested amount, both inclusive; zero is
	// no bound. An amount of zero (the payer chooses) is never bounded by them.
	MinAmount, MaxAmount cashu.Amount
	// Description tells whether a request can carry the wallet's words
	// (NUT-23 "description"). One that is too long for the request is refused.
	Description bool
	// Amountless tells whether a request may leave the amount to the payer.
	Amountless bool
	// Confirmations is how many blocks must have confirmed a payment before it is
	// reported (NUT-30). There, MinAmount bounds each payment: what is less never
	// counts.
	Confirmations uint32
	// Fake tells that no money moves: payments are invented, and the ecash made
	// from them is worth nothing. A mint with such a backend says so.
	Fake bool
}

// InvoiceRequest asks for something that a payer can pay.
type InvoiceRequest struct {
	// QuoteID is the mint's name of the quote, for backends whose requests are
	// made from it. It is secret: it never goes into the invoice or a log.
	QuoteID string
	// Method of Settings.
	Method string
	// Amount in Unit; zero lets the payer choose, where Settings.Amountless.
	Amount cashu.Amount
	Unit   cashu.Unit
	// Description is shown to the payer; may be empty.
	Description string
	// Expiry is the wished end of the invoice; zero is the backend's default.
	Expiry time.Time
}

// Invoice is a request to pay.
type Invoice struct {
	// Request is what the payer's wallet reads, such as a BOLT11 string.
	Request string
	// LookupID is the backend's name of the request, at most 255 bytes, unique
	// for ever within the method. For BOLT11 it is the payment hash in hex.
	LookupID string
	// Expiry is the real end of the request in whole seconds, not necessarily
	// the wished one; zero is never.
	Expiry time.Time
}

// Incoming is one settled payment of one request.
type Incoming struct {
	// Method and LookupID of the request that was paid.
	Method, LookupID string
	// PaymentID names the payment itself, at most 255 bytes, unique for ever within the
	// backend.
	// A BOLT11 invoice is paid once, so there it may equal LookupID.
	PaymentID string
	// Amount received, in Unit, rounded down and never zero.
	Amount cashu.Amount
	Unit   cashu.Unit
	// At is when it was settled, as far as the backend knows.
	At time.Time
}

// Canceller is a Receiver that can take a request back.
type Canceller interface {
	// CancelInvoice is called when a request has been settled within the mint: if
	// it can be paid but once, nobody shall pay it any more. A payment that has
	// arrived stays. Cancelling again changes nothing.
	CancelInvoice(ctx context.Context, method, lookupID string) error
}

// Balancer is a backend that can tell what it holds.
type Balancer interface {
	// Balance is what the node could pay out, counted in the unit and rounded down:
	// all of it, however many units the node serves. What is locked in payments under
	// way does not count.
	Balance(ctx context.Context, unit cashu.Unit) (cashu.Amount, error)
}

// Pinger is a backend that can look whether its node is there and fit for work.
type Pinger interface {
	// Ping asks the node for a sign of life; nil is one.
	Ping(ctx context.Context) error
}

// Identified is a backend whose node can be told from every other.
type Identified interface {
	// Identity names the node that knows the payments of this backend, such as its
	// public key. Another name is another node, which knows nothing of them.
	Identity(ctx context.Context) (string, error)
}

// Remembering is a backend that keeps by itself what its node cannot be asked, such as
// which payments were begun.
type Remembering interface {
	// Memory names what it remembers in. The name was made up together with it, at random,
	// and stays in it. Another name is another memory: the one before was lost or swapped,
	// and what is said to have never begun may be under way.
	Memory() string
}

// Witness is a backend that can tell an operator what there is to be seen of an attempt to
// pay, when that does not end.
type Witness interface {
	// Evidence says, for human eyes and a line each, what the backend remembers of the
	// attempt and what its node says of it now. It changes nothing and decides nothing.
	Evidence(ctx context.Context, method, id string) ([]string, error)
}

// Backend is a Receiver and a Payer, as a node is.
type Backend interface {
	Receiver
	Payer
}

// Receiver takes payments in. All methods are safe for concurrent use.
type Receiver interface {
	// Settings lists what can be received, as far as the backend knows now: it asks
	// nobody, and may know more, or better, after the node was there. Callers must not
	// modify it.
	Settings() []Settings
	// CreateInvoice makes a new request. Two calls never give the same
	// LookupID. The request is durable when it returns, so that no payer can
	// hold a request that the backend has forgotten.
	CreateInvoice(ctx context.Context, r InvoiceRequest) (Invoice, error)
	// CheckIncoming asks for the payments of one request of the method now: none
	// while it is unpaid, ErrUnknownRequest if there is no such request. A payment
	// reported here is still delivered by WatchIncoming.
	CheckIncoming(ctx context.Context, method, lookupID string) ([]Incoming, error)
	// WatchIncoming calls deliver for every payment that was not delivered
	// before, oldest first, one at a time, including those that settled while
	// nobody watched and while the process was down. A payment counts as
	// delivered when deliver has returned nil, so deliver makes it durable
	// first; after a crash the last ones may come again. It blocks, and returns
	// an error that says why it stopped: that of deliver, of ctx, ErrClosed, or
	// a backend failure after which the caller starts it again. One watcher at
	// a time; a second one waits for the first to leave.
	WatchIncoming(ctx context.Context, deliver func(Incoming) error) error
	// Close stops the backend and ends a running WatchIncoming; calling it
	// again does nothing. It waits until nothing of the backend runs any more.
	Close() error
}
