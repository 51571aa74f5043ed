// Package signatory says what a signatory is, in the words of the mint, and
// holds the gRPC client that mintd uses to reach one.
//
// A signatory is the other process: it holds the seed and every private key.
// This package knows public keysets, blinded messages and proofs, never a
// scalar. It trusts a signatory to keep its keys and to count right, and checks
// everything else: an answer that does not fit the question is an error and
// goes no further. It must never import keystore or signatory/server, or
// anything else that can touch a private key.
package signatory

import (
	"context"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// MaxItems is how many blinded messages or proofs one call may carry.
const MaxItems = 1000

// Signatory is everything that a mint can ask of the holder of the keys.
//
// Errors: what a wallet may be told is a *cashu.Error with its NUT code. All
// else matches ErrUnavailable, ErrRefused or ErrBadAnswer, or is the error of
// the caller's own context.
type Signatory interface {
	// BlindSign signs all messages or none, in their order (NUT-00), with
	// DLEQ proofs (NUT-12). Signing is deterministic: repeating a call whose
	// answer was lost gives the same bytes and costs nothing but time. What it
	// is for can make a difference: see WithPurpose.
	BlindSign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error)
	// VerifyProofs returns nil when every proof carries a true signature of
	// its key, cashu.ErrProofInvalid (10001) when one does not. It looks at
	// the signature only: neither at spending conditions nor at whether the
	// proof is spent. No proofs at all is an error.
	VerifyProofs(ctx context.Context, proofs []cashu.Proof) error
	// Keysets reads all keysets, active or not.
	Keysets(ctx context.Context) (Snapshot, error)
	// SubscribeKeysets calls fn with the current keysets, and again with all
	// of them after every change; when fn is slow it misses the ones between
	// and sees the latest. It blocks until ctx ends, the stream ends or fn
	// fails, and returns why: never nil. Use Follow to go on after a failure.
	SubscribeKeysets(ctx context.Context, fn func(Snapshot) error) error
	// RotateKeyset makes a new keyset, the only active one of its unit from
	// then on.
	RotateKeyset(ctx context.Context, r RotateRequest) (cashu.Keyset, error)
}

// Snapshot is everything public that a signatory has, at one moment. It is
// shared by its readers and must not be modified.
type Snapshot struct {
	Identity bdhke.Point    // the signatory's master public key (NUT-06 pubkey)
	Epoch    uint64         // grows with every change; 0: this signatory does not say
	Keysets  []cashu.Keyset // every keyset that ever was, in no order
}

// RotateRequest describes the keyset to be made.
type RotateRequest struct {
	Unit        cashu.Unit
	InputFeePPK uint64              // the fee of the new keyset; never inherited
	Amounts     []cashu.Amount      // strictly ascending; empty: those of the unit's active keyset
	FinalExpiry uint64              // unix seconds; 0: never
	IDVersion   cashu.KeysetVersion // the zero value is version 1; say what you want
}
