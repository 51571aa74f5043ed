package main

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"mintmark/cashu"
	"mintmark/wallet"
	"mintmark/wallet/login"
	"mintmark/wallet/mintclient"
)

func TestWhatAScriptReadsFromAnExitCode(t *testing.T) {
	t.Parallel()
	late := context.DeadlineExceeded
	for _, tc := range []struct {
		err  error
		want int
	}{
		{nil, exitOK},
		{errors.New("anything"), exitFailure},
		{usageError{errors.New("nonsense")}, exitUsage},
		{fmt.Errorf("sending: %w", wallet.ErrFunds), exitFunds},
		{late, exitPending},
		{errors.Join(mintclient.ErrNoAnswer, late), exitUnreachable}, // nothing was begun
		{errors.Join(wallet.ErrPending, mintclient.ErrNoAnswer, late), exitPending},
		{errors.Join(mintclient.ErrNoAnswer, wallet.ErrQuoteGone), exitFailure},
		{errors.Join(wallet.ErrTakenOver, wallet.ErrPending), exitTakenOver},
		{fmt.Errorf("%w: %w", mintclient.ErrNotAdmitted, wallet.ErrLogin), exitLogin},
		{fmt.Errorf("%w: %w", wallet.ErrPending, wallet.ErrLogin), exitLogin}, // asking later is of no use
		{&mintclient.Refusal{Code: cashu.CodeClearAuthFailed}, exitLogin},
		{&mintclient.Refusal{Code: cashu.CodeBlindAuthRequired}, exitLogin},
		{&mintclient.Refusal{Code: cashu.CodeBlindAuthRateLimited}, exitLogin},
		{fmt.Errorf("%w: %w", mintclient.ErrNotAdmitted, login.ErrUnreachable), exitUnreachable},
	} {
		if got := exitCode(tc.err); got != tc.want {
			t.Errorf("%v: %d, want %d", tc.err, got, tc.want)
		}
	}
}
