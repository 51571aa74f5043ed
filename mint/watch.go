package mint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mintmark/mint/lightning"
)

// A watch that stopped begins again after watchPause, and later and later, up to
// maxWatchPause, while it stops at once.
const watchPause, maxWatchPause = time.Second, 15 * time.Second

// watchPayments takes in what a backend reports, until ctx ends, and starts again when
// the backend fails. Every backend has a watcher of its own: one that is away keeps no
// other's payments waiting.
func (m *Mint) watchPayments(ctx context.Context, b Backend) {
	pause := watchPause / 2
	for {
		began := m.now()
		err := b.Receiver.WatchIncoming(ctx, func(p lightning.Incoming) error { return m.takeReported(ctx, b, p) })
		if ctx.Err() != nil {
			return
		}
		m.seldom.Say(m.log, slog.LevelError, m.now(), b.Name, "watching for payments stopped, starting again", "backend", b.Name, "error", err)
		if pause = min(2*pause, maxWatchPause); m.now().Sub(began) > maxWatchPause {
			pause = watchPause // it had worked
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// takeReported takes in a payment that a backend reports without being asked. It is
// believed about the quotes that it made, and about no others: whoever owns one
// backend must not be able to say that another one was paid.
func (m *Mint) takeReported(ctx context.Context, b Backend, p lightning.Incoming) error {
	q, err := m.store.MintQuoteByLookup(ctx, p.Method, p.LookupID)
	switch {
	case errors.Is(err, ErrNotFound):
		// The mint died between the backend's invoice and its own row, or
		// somebody else uses the backend. No quote id left the mint, so
		// nobody can claim it here; the operator should know.
		m.log.Warn("payment for no quote of this mint",
			"backend", b.Name, "method", p.Method, "request", short(p.LookupID), "payment", short(p.PaymentID), "unit", string(p.Unit), "amount", uint64(p.Amount))
		return nil
	case err != nil:
		return m.orAside(ctx, b, p, fmt.Errorf("finding the quote of a payment: %w", err))
	case !m.believes(b, q):
		m.log.Error("a backend reports a payment for a quote that it did not make, which is not believed",
			"backend", b.Name, "method", q.Method, "request", short(p.LookupID), "payment", short(p.PaymentID),
			"unit", string(q.Unit), "reported_unit", string(p.Unit), "amount", uint64(p.Amount))
		return nil
	}
	return m.orAside(ctx, b, p, m.takePayment(ctx, b, q, p))
}

// believes tells whether the backend made the quote.
func (m *Mint) believes(b Backend, q MintQuote) bool {
	return q.Backend == b.Name || q.Backend == "" && b.serves(q.Method, q.Unit)
}
