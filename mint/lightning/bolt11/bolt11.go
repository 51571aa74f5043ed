// Package bolt11 writes and reads Lightning invoices as BOLT 11 defines them.
//
// It trusts nothing: an invoice to read comes from a stranger. Decode accepts
// only what one reader cannot understand differently from another, checks the
// signature, and names the node that signed. It says what an invoice means and
// has no opinion about it: whether it is expired, of the right network or worth
// paying is the caller's decision, with the caller's clock.
//
// Fallback addresses, route hints and metadata are skipped, and Encode writes
// none: a mint leaves finding a way to the node that pays.
//
// Signing uses constant-time arithmetic, because a fake backend in a test and a
// real node later may sign with keys that matter. The package must never log or
// print a key.
package bolt11

import (
	"errors"
	"time"
)

// Limits of the format.
const (
	// MaxDescription is the most bytes of a description: 1023 groups of 5 bits.
	MaxDescription = 639
	// MaxLength is the longest string that Decode looks at. BOLT 11 has no
	// limit; an invoice with every field at a sensible size stays far below.
	MaxLength = 8192
)

// Values that a reader assumes where an invoice is silent.
const (
	DefaultExpiry       = time.Hour
	DefaultMinFinalCLTV = 18
)

// Errors of Decode, found with errors.Is. Texts say more; none repeats the
// invoice.
var (
	// ErrMalformed: not a well-formed invoice.
	ErrMalformed = errors.New("malformed invoice")
	// ErrUnknownNetwork: well-formed so far, but for a chain not known here.
	ErrUnknownNetwork = errors.New("invoice for an unknown network")
	// ErrSignature: the signature is not one of the payee.
	ErrSignature = errors.New("invalid invoice signature")
	// ErrUnknownFeature: the invoice demands a feature that is not known here.
	ErrUnknownFeature = errors.New("invoice requires an unknown feature")
)

// Network is the chain prefix of an invoice, as in BIP 173.
type Network string

// The chains that Decode knows.
const (
	Mainnet Network = "bc"
	Testnet Network = "tb"
	Signet  Network = "tbs"
	Regtest Network = "bcrt"
)

// Known reports whether the package knows the chain.
func (n Network) Known() bool {
	switch n {
	case Mainnet, Testnet, Signet, Regtest:
		return true
	}
	return false
}

// Feature bits of BOLT 9 that an invoice of today carries. Even is required, odd
// is optional.
const (
	FeatureOnionRequired         = 8
	FeaturePaymentSecretRequired = 14
	FeatureMultiPartOptional     = 17
)

// Invoice is the meaning of a BOLT 11 string.
type Invoice struct {
	Network Network
	// AmountMsat in thousandths of a satoshi; zero leaves it to the payer.
	AmountMsat uint64
	// Timestamp of creation, from 1970 to the year 3058. Encode drops what is
	// less than a second.
	Timestamp time.Time
	// Expiry is how long after Timestamp it can be paid, in whole seconds. Zero
	// means DefaultExpiry to Encode; Decode never leaves it zero.
	Expiry time.Duration
	// PaymentHash is the SHA-256 of the preimage that proves the payment.
	PaymentHash [32]byte
	// PaymentSecret keeps nodes on the way from probing the payee.
	PaymentSecret [32]byte
	// Description for the payer; at most MaxDescription bytes of UTF-8. Not
	// trusted: it is a stranger's text.
	Description string
	// DescriptionHash, if not nil, stands in place of Description.
	DescriptionHash *[32]byte
	// MinFinalCLTV is the least number of blocks that the payee wants for the
	// last hop. Zero means DefaultMinFinalCLTV to Encode; Decode never leaves
	// it zero.
	MinFinalCLTV uint64
	// Features are the numbers of the feature bits set, ascending.
	Features []int
	// Payee is the compressed public key of the node that signed. Decode sets
	// it; Encode wants it zero or that of its key.
	Payee [33]byte
}

// ExpiresAt is the moment after which the invoice should not be paid.
func (v Invoice) ExpiresAt() time.Time {
	expiry := v.Expiry
	if expiry == 0 {
		expiry = DefaultExpiry
	}
	return v.Timestamp.Add(expiry)
}
