package cashu

import "fmt"

// Code is the number of an error on the wire (NUT error codes). The numbers are
// explicit and append-only. Those from 40000 on are our own, for cases in which
// the specification has none.
type Code int

// Codes of the specification.
const (
	CodeProofInvalid         Code = 10001 // BDHKE or spending condition not met
	CodeProofsSpent          Code = 11001
	CodeProofsPending        Code = 11002
	CodeOutputsSigned        Code = 11003 // a B_ was signed before
	CodeOutputsPending       Code = 11004
	CodeUnbalanced           Code = 11005 // inputs - fee != outputs
	CodeAmountOutOfRange     Code = 11006
	CodeDuplicateInputs      Code = 11007
	CodeDuplicateOutputs     Code = 11008
	CodeMultipleUnits        Code = 11009 // among the inputs, or among the outputs
	CodeUnitMismatch         Code = 11010 // inputs and outputs differ
	CodeAmountlessInvoice    Code = 11011
	CodeInvoiceAmount        Code = 11012
	CodeUnitUnsupported      Code = 11013
	CodeTooManyInputs        Code = 11014
	CodeTooManyOutputs       Code = 11015
	CodeDuplicateQuotes      Code = 11016
	CodeTooManyQuotes        Code = 11017
	CodeKeysetUnknown        Code = 12001 // also an amount that the keyset has no key for
	CodeKeysetInactive       Code = 12002
	CodeKeysetExpired        Code = 12003
	CodeQuoteUnpaid          Code = 20001
	CodeQuoteIssued          Code = 20002
	CodeMintingDisabled      Code = 20003
	CodePaymentFailed        Code = 20004
	CodeQuotePending         Code = 20005
	CodeInvoicePaid          Code = 20006
	CodeQuoteExpired         Code = 20007
	CodeQuoteSignature       Code = 20008 // NUT-20 signature missing or invalid
	CodeQuotePubkey          Code = 20009 // NUT-20 key missing or invalid
	CodeClearAuthRequired    Code = 30001
	CodeClearAuthFailed      Code = 30002
	CodeBlindAuthRequired    Code = 31001
	CodeBlindAuthFailed      Code = 31002
	CodeBlindAuthMaxExceeded Code = 31003
	CodeBlindAuthRateLimited Code = 31004
)

// Our own codes.
const (
	CodeMalformed       Code = 40000 // the body is not what the NUT says
	CodeUnknownQuote    Code = 40001
	CodeUnknownMethod   Code = 40002
	CodeMeltingDisabled Code = 40003
	CodeTooLarge        Code = 40004 // a secret, witness or description is too long
	CodeUnavailable     Code = 40005 // the signatory or backend is away: HTTP 503
	CodeRateLimited     Code = 40006
	CodeInternal        Code = 40007 // HTTP 500
	CodeOverRedeemed    Code = 40008 // a keyset would redeem more than it issued
)

// Error is a refusal that a wallet may see. Detail is shown to it: no secret,
// no SQL, no driver message.
type Error struct {
	Code   Code
	Detail string
}

// Errorf makes an Error with a formatted detail.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Error gives the detail and the code.
func (e *Error) Error() string { return fmt.Sprintf("%s (code %d)", e.Detail, e.Code) }

// Is makes errors.Is compare by code: a more detailed error of the same code is
// the same refusal.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// One error for each code, to compare with and to return when there is nothing
// to add. They are never modified.
var (
	ErrProofInvalid      = &Error{CodeProofInvalid, "proof could not be verified"}
	ErrProofsSpent       = &Error{CodeProofsSpent, "proofs are already spent"}
	ErrProofsPending     = &Error{CodeProofsPending, "proofs are pending"}
	ErrOutputsSigned     = &Error{CodeOutputsSigned, "outputs are already signed"}
	ErrOutputsPending    = &Error{CodeOutputsPending, "outputs are pending"}
	ErrUnbalanced        = &Error{CodeUnbalanced, "inputs and outputs are not balanced"}
	ErrAmountOutOfRange  = &Error{CodeAmountOutOfRange, "amount is out of range"}
	ErrDuplicateInputs   = &Error{CodeDuplicateInputs, "duplicate inputs"}
	ErrDuplicateOutputs  = &Error{CodeDuplicateOutputs, "duplicate outputs"}
	ErrMultipleUnits     = &Error{CodeMultipleUnits, "inputs or outputs have different units"}
	ErrUnitMismatch      = &Error{CodeUnitMismatch, "inputs and outputs have different units"}
	ErrAmountlessInvoice = &Error{CodeAmountlessInvoice, "invoices without amount are not supported"}
	ErrInvoiceAmount     = &Error{CodeInvoiceAmount, "amount differs from the invoice"}
	ErrUnitUnsupported   = &Error{CodeUnitUnsupported, "unit is not supported"}
	ErrTooManyInputs     = &Error{CodeTooManyInputs, "too many inputs"}
	ErrTooManyOutputs    = &Error{CodeTooManyOutputs, "too many outputs"}
	ErrDuplicateQuotes   = &Error{CodeDuplicateQuotes, "duplicate quotes"}
	ErrTooManyQuotes     = &Error{CodeTooManyQuotes, "too many quotes"}
	ErrKeysetUnknown     = &Error{CodeKeysetUnknown, "keyset is not known"}
	ErrKeysetInactive    = &Error{CodeKeysetInactive, "keyset is inactive"}
	ErrKeysetExpired     = &Error{CodeKeysetExpired, "keyset is expired"}
	ErrQuoteUnpaid       = &Error{CodeQuoteUnpaid, "quote is not paid"}
	ErrQuoteIssued       = &Error{CodeQuoteIssued, "quote is already issued"}
	ErrMintingDisabled   = &Error{CodeMintingDisabled, "minting is disabled"}
	ErrPaymentFailed     = &Error{CodePaymentFailed, "payment failed"}
	ErrQuotePending      = &Error{CodeQuotePending, "quote is pending"}
	ErrInvoicePaid       = &Error{CodeInvoicePaid, "invoice is already paid"}
	ErrQuoteExpired      = &Error{CodeQuoteExpired, "quote is expired"}
	ErrQuoteSignature    = &Error{CodeQuoteSignature, "signature is missing or invalid"}
	ErrQuotePubkey       = &Error{CodeQuotePubkey, "public key is missing or invalid"}
	ErrClearAuthRequired = &Error{CodeClearAuthRequired, "this needs clear authentication"}
	ErrClearAuthFailed   = &Error{CodeClearAuthFailed, "clear authentication failed"}
	ErrBlindAuthRequired = &Error{CodeBlindAuthRequired, "this needs blind authentication"}
	ErrBlindAuthFailed   = &Error{CodeBlindAuthFailed, "blind authentication failed"}
	ErrBlindAuthTooMany  = &Error{CodeBlindAuthMaxExceeded, "too many authentication tokens in one request"}
	ErrBlindAuthLimited  = &Error{CodeBlindAuthRateLimited, "too many authentication tokens for one user"}
	ErrMalformed         = &Error{CodeMalformed, "request is malformed"}
	ErrUnknownQuote      = &Error{CodeUnknownQuote, "quote is not known"}
	ErrUnknownMethod     = &Error{CodeUnknownMethod, "payment method is not supported"}
	ErrMeltingDisabled   = &Error{CodeMeltingDisabled, "melting is disabled"}
	ErrTooLarge          = &Error{CodeTooLarge, "a field is too large"}
	ErrUnavailable       = &Error{CodeUnavailable, "temporarily unavailable"}
	ErrRateLimited       = &Error{CodeRateLimited, "too many requests"}
	ErrInternal          = &Error{CodeInternal, "internal error"}
	ErrOverRedeemed      = &Error{CodeOverRedeemed, "keyset would redeem more than it issued, the operator was called"}
)
