package mintclient

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Topic is what a mint reports changes of over a WebSocket (NUT-17).
type Topic struct {
	Kind    string   // such as "bolt11_mint_quote", or "proof_state"
	Filters []string // quote ids, or the Ys of coins
	// Ignore are the states that nobody waits for.
	Ignore []string
}

// ProofState is the topic of coins.
const ProofState = "proof_state"

// maxFilters is how many a subscription has at most; more are asked about by
// polling.
const maxFilters = 500

// Watch knows when it is worth asking a mint about something again. What it hears
// proves nothing: a mint that lies in a notification causes a question, and one
// that says nothing is asked all the same.
type Watch struct {
	id    string
	topic Topic
	line  *line         // nil: nobody listens
	news  chan struct{} // holds one
	live  atomic.Bool   // the mint has accepted the subscription
	asked time.Time     // when Wait returned
}

// Watch begins to listen for news, in the background: over one WebSocket for all
// topics of this client, opened anew with growing pauses when it breaks. A topic
// without filters is one of which the mint reports nothing; then Wait only waits.
// Close it.
func (c *Client) Watch(t Topic) *Watch {
	w := &Watch{topic: t, news: make(chan struct{}, 1)}
	id, err := uuid.NewV7()
	if err != nil || len(t.Filters) == 0 || len(t.Filters) > maxFilters {
		return w
	}
	w.id, w.line = id.String(), &c.line
	c.line.add(w)
	return w
}

// Wait returns when it is time to ask again: after news, when the line has broken,
// or after a pause. That is the given one while nobody listens, and a longer one
// while the mint reports. It fails with ctx's error.
func (w *Watch) Wait(ctx context.Context, pause time.Duration) error {
	rest := time.Duration(0)
	if w.line != nil {
		// A mint that talks all the time is not asked all the time.
		rest = min(pause, w.line.times.rest) - time.Since(w.asked)
	}
	if w.live.Load() {
		pause = max(pause, w.line.times.quiet)
	}
	err := sleep(ctx, rest, nil)
	if err == nil {
		err = sleep(ctx, pause, w.news)
	}
	w.asked = time.Now()
	return err
}

// Until asks now, and again whenever that is worth it, until ask is done or fails. The
// first pause between two questions is the given one; it grows to ten times as much.
func (w *Watch) Until(ctx context.Context, first time.Duration, ask func() (done bool, err error)) error {
	for pause := first; ; pause = min(pause*3/2, first*10) {
		if done, err := ask(); done || err != nil {
			return err
		}
		if err := w.Wait(ctx, pause); err != nil {
			return err
		}
	}
}

// sleep waits for a time, or until something comes.
func sleep(ctx context.Context, d time.Duration, until <-chan struct{}) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-until:
	case <-timer.C:
	}
	return nil
}

// Close ends the listening.
func (w *Watch) Close() {
	if w.line != nil {
		w.line.remove(w)
	}
}

// hear notes that there is news, unless it is a state that nobody waits for.
func (w *Watch) hear(state string) {
	if slices.Contains(w.topic.Ignore, state) {
		return
	}
	w.wake()
}

func (w *Watch) wake() {
	select {
	case w.news <- struct{}{}:
	default: // it has not been asked since the last
	}
}
