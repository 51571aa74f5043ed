package signatory

import "errors"

var (
	// ErrUnavailable: the signatory is away, or cannot be spoken to: nobody
	// listens, no answer in time, TLS refused, another version, a missing
	// role. Signing, verifying and reading can simply be tried again later.
	// Of a rotation it is not known whether it happened: read the keysets.
	ErrUnavailable = errors.New("signatory is unavailable")
	// ErrRefused: the signatory answered, with an error that has no NUT code.
	// Repeating the call will not help.
	ErrRefused = errors.New("signatory refused")
	// ErrBadAnswer: the answer does not fit the question. It is dropped whole
	// and must never reach a database or a wallet.
	ErrBadAnswer = errors.New("signatory gave a wrong answer")
)
