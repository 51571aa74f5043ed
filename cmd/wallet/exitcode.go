package main

import (
	"context"
	"errors"

	"mintmark/cashu"
	"mintmark/internal/commandline"
	"mintmark/wallet"
	"mintmark/wallet/login"
	"mintmark/wallet/mintclient"
)

// The exit codes are part of the interface: scripts read them.
const (
	exitOK          = commandline.ExitOK
	exitFailure     = commandline.ExitFailure
	exitUsage       = commandline.ExitUsage
	exitFunds       = 3 // not enough ecash
	exitPending     = 4 // nothing is decided yet: ask later
	exitUnreachable = 5 // the mint cannot be reached, and nothing was begun
	exitTakenOver   = 6 // another process has it
	exitLogin       = 7 // the mint does not let the wallet in
)

// errNotPaid: an invoice is still waiting for somebody to pay it.
var errNotPaid = errors.New("nobody has paid it yet")

// errNotReceived: a token is still waiting for its receiver.
var errNotReceived = errors.New("nobody has received it yet")

func exitCode(err error) int {
	switch {
	case err == nil:
		return exitOK
	case commandline.IsUsage(err):
		return exitUsage
	}
	for _, c := range []struct {
		is   error
		code int
	}{
		{wallet.ErrOtherCall, exitUsage},
		{wallet.ErrQuoteGone, exitFailure}, // whatever else there is: asking later does not help
		{wallet.ErrTakenOver, exitTakenOver},
		{wallet.ErrCoinsTaken, exitTakenOver},
		{wallet.ErrLogin, exitLogin},
		{cashu.ErrClearAuthRequired, exitLogin},
		{cashu.ErrClearAuthFailed, exitLogin},
		{cashu.ErrBlindAuthRequired, exitLogin},
		{cashu.ErrBlindAuthFailed, exitLogin},
		{cashu.ErrBlindAuthTooMany, exitLogin},
		{cashu.ErrBlindAuthLimited, exitLogin},
		{wallet.ErrPending, exitPending},
		{wallet.ErrIncomplete, exitPending},
		{wallet.ErrBeingPaid, exitPending},
		{wallet.ErrHalfway, exitPending},
		{errNotPaid, exitPending},
		{errNotReceived, exitPending},
		{cashu.ErrQuoteUnpaid, exitPending},
		{wallet.ErrFunds, exitFunds},
		{mintclient.ErrNotSent, exitUnreachable},
		{mintclient.ErrNoAnswer, exitUnreachable},
		{login.ErrUnreachable, exitUnreachable},
		{context.DeadlineExceeded, exitPending}, // --timeout, wherever it struck
	} {
		if errors.Is(err, c.is) {
			return c.code
		}
	}
	return exitFailure
}
