package mint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mintmark/mint/lightning"
)

// What a backend remembers in decides what it says of payments: one that is not in there
// was never begun, and is made. A memory that was lost, or swapped with another backend's,
// would say so of all that is under way. So the database remembers which memory belongs to
// a name, and a backend with another one is not used until the operator has said so.

// errOtherMemory: a backend remembers in another place than before.
var errOtherMemory = errors.New("this payment backend remembers its payments in another database than before: that one was lost, or swapped. " +
	"What is under way could be paid twice, so the backend is not used. Bring the database itself back, not from a backup: a backup knows " +
	"nothing of what was begun since, and is not told from its original. If it is gone, see which melts are open (mintd sagas list), " +
	"decide them, and then say: mintd lightning accept")

// configMemory is where the database remembers which memory belongs to a name.
func configMemory(name string) ConfigKey { return ConfigKey("memory/" + name) }

// sameMemory compares the memory of a backend with the first one that it had.
func (m *Mint) sameMemory(ctx context.Context, b Backend) error {
	remembering, does := firstAs[lightning.Remembering](b)
	if !does {
		return nil
	}
	is := remembering.Memory()
	was, err := m.firstSeen(ctx, configMemory(b.Name), is)
	if err != nil {
		return fmt.Errorf("reading what a payment backend remembers in: %w", err)
	}
	if is != was {
		return fmt.Errorf("%w %s", errOtherMemory, b.Name)
	}
	return nil
}

// checkMemories does this for all backends, before any of them is told anything.
func (m *Mint) checkMemories(ctx context.Context) error {
	for _, b := range m.cfg.Backends {
		switch err := m.sameMemory(ctx, b); {
		case errors.Is(err, errOtherMemory):
			m.nodes.estrange(b.Name, err)
			m.heard(b.Name, err)
		case err != nil:
			return err
		}
	}
	return nil
}

// ErrMeltsOpen: the memory of a backend cannot be given up while melts through it are open.
var ErrMeltsOpen = errors.New("melts through this payment backend are open, and its memory is all that knows about them: " +
	"decide each with mintd sagas resolve, or bring the memory itself back, not from a backup")

// ErrNoMemory: nothing is remembered of a backend of this name.
var ErrNoMemory = errors.New("no payment backend of this name has remembered anything here")

// AcceptMemory lets a backend remember in another place than before: the next one that it
// has. It fails with ErrMeltsOpen while a melt through it is not finished, which the new
// memory would say has never begun. The decision is kept.
func AcceptMemory(ctx context.Context, store Store, name string, at time.Time, why string) error {
	return store.Update(ctx, Durable, func(tx Tx) error {
		was, err := tx.Config(ctx, configMemory(name))
		switch {
		case errors.Is(err, ErrNotFound):
			return fmt.Errorf("%w: %q", ErrNoMemory, name)
		case err != nil:
			return fmt.Errorf("reading what a payment backend remembers in: %w", err)
		}
		open, err := openMelts(ctx, tx, name)
		if err != nil {
			return err
		}
		if len(open) > 0 {
			return fmt.Errorf("%w: %v", ErrMeltsOpen, open)
		}
		if err := tx.DeleteConfig(ctx, configMemory(name)); err != nil {
			return err
		}
		return tx.AddDecision(ctx, OperatorDecision{At: at, About: "payment backend " + name, Decision: "accept memory", Why: why, Evidence: was})
	})
}

// openMelts lists the operations of melts whose payment a backend may be at.
func openMelts(ctx context.Context, tx Tx, backend string) (open []string, err error) {
	sagas, err := tx.Sagas(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing sagas: %w", err)
	}
	for _, s := range slices.DeleteFunc(sagas, func(s Saga) bool { return s.Kind != OperationMelt }) {
		q, err := tx.MeltQuote(ctx, s.QuoteID)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, fmt.Errorf("reading a melt quote: %w", err)
		}
		// Rows of a mint that knew one backend only do not name it.
		if err == nil && q.State == MeltPending && (q.Backend == backend || q.Backend == "") {
			open = append(open, s.ID.String())
		}
	}
	return open, nil
}
