package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"mintmark/wallet/mintclient"
)

func TestErrorsAreInWordsForPeople(t *testing.T) {
	t.Parallel()
	g := &globals{}
	late := fmt.Errorf("waiting: %w", context.DeadlineExceeded)
	if got := g.worded(late); got.Error() != "waiting: the time is up" || exitCode(got) != exitPending {
		t.Errorf("got %q, exit code %d", got, exitCode(got))
	}
	if got := g.worded(context.Canceled); got.Error() != "it was interrupted" {
		t.Errorf("got %q", got)
	}
	plain := errors.New("anything")
	if got := g.worded(plain); got != plain {
		t.Errorf("got %q", got)
	}
	g.offline = true
	if got := g.worded(fmt.Errorf("asking: %w", mintclient.ErrNotSent)); !strings.Contains(got.Error(), "--offline") || exitCode(got) != exitUnreachable {
		t.Errorf("got %q, exit code %d", got, exitCode(got))
	}
}

func TestWhatTheDatabaseComplainsOfIsOneLine(t *testing.T) {
	t.Parallel()
	var to strings.Builder
	log := program{stderr: &to}.quietLog()
	log.Info("a migration")
	log.Error("database statement failed", "statement", "coins.add", "code", 13, "cause", errors.New("database or disk is full"))
	if got := to.String(); got != "wallet: note: database statement failed: database or disk is full\n" {
		t.Errorf("got %q", got)
	}
}
