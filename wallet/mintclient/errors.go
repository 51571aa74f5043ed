package mintclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"mintmark/cashu"
)

var (
	// ErrNotSent: the mint was not reached, and has not seen the request.
	ErrNotSent = errors.New("the mint cannot be reached")
	// ErrNoAnswer: the mint may have seen the request, and may have carried it
	// out. Nothing is known.
	ErrNoAnswer = errors.New("the mint has not answered")
)

// Refusal is a mint's answer that it does not do what it was asked, with a code
// of the protocol.
type Refusal struct {
	Code   cashu.Code
	Detail string // the mint's own words
	Status int    // of HTTP
	// RetryAfter is when to ask again, as the mint says; 0: it does not.
	RetryAfter time.Duration
}

// Error gives the mint's words and the code.
func (r *Refusal) Error() string {
	if r.Detail == "" {
		return fmt.Sprintf("the mint refuses (code %d)", r.Code)
	}
	return fmt.Sprintf("the mint refuses: %s (code %d)", r.Detail, r.Code)
}

// Is makes errors.Is compare with the errors of package cashu by code.
func (r *Refusal) Is(target error) bool {
	e, ok := target.(*cashu.Error)
	return ok && e.Code == r.Code
}

// unsettled are the codes that speak about an earlier request, perhaps our own:
// they do not prove that nothing happened.
var unsettled = map[cashu.Code]bool{
	cashu.CodeProofsSpent: true, cashu.CodeProofsPending: true,
	cashu.CodeOutputsSigned: true, cashu.CodeOutputsPending: true,
	cashu.CodeQuoteIssued: true, cashu.CodeQuotePending: true, cashu.CodeInvoicePaid: true,
	cashu.CodeUnavailable: true, cashu.CodeInternal: true, cashu.CodeRateLimited: true,
}

// final are the codes of the protocol that say of the request itself that it
// cannot be carried out as it is.
var final = map[cashu.Code]bool{
	cashu.CodeProofInvalid: true, cashu.CodeUnbalanced: true, cashu.CodeAmountOutOfRange: true,
	cashu.CodeDuplicateInputs: true, cashu.CodeDuplicateOutputs: true, cashu.CodeMultipleUnits: true,
	cashu.CodeUnitMismatch: true, cashu.CodeAmountlessInvoice: true, cashu.CodeInvoiceAmount: true,
	cashu.CodeUnitUnsupported: true, cashu.CodeTooManyInputs: true, cashu.CodeTooManyOutputs: true,
	cashu.CodeDuplicateQuotes: true, cashu.CodeTooManyQuotes: true,
	cashu.CodeKeysetUnknown: true, cashu.CodeKeysetInactive: true, cashu.CodeKeysetExpired: true,
	cashu.CodeQuoteUnpaid: true, cashu.CodeMintingDisabled: true, cashu.CodeQuoteExpired: true,
	// The mint tried and says that it certainly did not pay.
	cashu.CodePaymentFailed:  true,
	cashu.CodeQuoteSignature: true, cashu.CodeQuotePubkey: true,
	cashu.CodeClearAuthRequired: true, cashu.CodeClearAuthFailed: true,
	cashu.CodeBlindAuthRequired: true, cashu.CodeBlindAuthFailed: true,
	cashu.CodeMalformed: true, cashu.CodeUnknownQuote: true, cashu.CodeUnknownMethod: true,
	cashu.CodeMeltingDisabled: true, cashu.CodeTooLarge: true,
}

// Final tells whether an error proves that this request was not carried out and
// will not be: a refusal by the mint with a code that is about the request
// itself. A bare HTTP status, a broken answer, a code that nobody knows and one
// that speaks of an earlier request prove nothing.
func Final(err error) bool {
	var r *Refusal
	return errors.As(err, &r) && !errors.Is(err, ErrNotAdmitted) && r.Status >= 400 && r.Status < 500 && final[r.Code] && !unsettled[r.Code]
}

// Sent tells whether the mint may have seen the request that failed with err.
func Sent(err error) bool { return !errors.Is(err, ErrNotSent) && !errors.Is(err, ErrNotAdmitted) }

// transportError tells what a failure of net/http proves. Its text, which has the
// address with the quote in it, is not passed on.
func transportError(err error) error {
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return ErrNotSent
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return ErrNotSent
	}
	var wrapped *url.Error
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %w", ErrNoAnswer, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &wrapped) && wrapped.Timeout():
		return fmt.Errorf("%w: it takes too long", ErrNoAnswer)
	}
	return ErrNoAnswer
}
