package mint_test

import (
	"context"
	"errors"
	"testing"

	"mintmark/mint"
	"mintmark/mint/lightning"
)

// silentBackend cannot say whether anything is paid.
type silentBackend struct{ *testBackend }

func (silentBackend) CheckIncoming(context.Context, string, string) ([]lightning.Incoming, error) {
	return nil, errors.New("not now")
}

// Anybody may ask for the state of a quote, over and over.
func TestWhoAsksOverAndOverFillsNoLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q := w.quote(8)
	m, log := w.logged(mint.Backend{Name: "node", Receiver: silentBackend{w.backend}})
	for range 120 {
		if _, err := m.MintQuote(t.Context(), "bolt11", q.ID); err != nil {
			t.Fatal(err)
		}
		w.clock.Add(1)
	}
	const text = "could not ask the backend about a quote"
	if lines := log.with(text); len(lines) != 2 || len(log.with(text, "times=1")) != 1 || len(log.with(text, "level=WARN", "backend=node", "not now")) != 2 {
		t.Errorf("it says %q", lines)
	}
}
