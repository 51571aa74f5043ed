package signatory

import "errors"

var (
	// ErrUnavailable: the signatory is away, or cannot be spoken to: nobody
	// listens, no answer in time, TLS refused, another version, a role that
	// is missing. Nothing was changed by a call that can change something,
	// or the same call can be repeated: the mint answers 503 and tries later.
	ErrUnavailable = errors.New("signatory is unavailable")
	// ErrRefused: the signatory answered, with an error that has no NUT code.
	// Repeating the call will not help.
	ErrRefused = errors.New("signatory refused")
	// ErrBadAnswer: the answer does not fit the question. It is dropped whole
	// and must never reach a database or a wallet.
	ErrBadAnswer = errors.New("signatory gave a wrong answer")
)
