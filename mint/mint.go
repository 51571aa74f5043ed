package mint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"mintmark/internal/seldom"
	"mintmark/mint/events"
	"mintmark/signatory"
)

// Mint exchanges ecash. It is safe for concurrent use; Run must be running for
// keysets to arrive and for unfinished sagas to be recovered.
type Mint struct {
	cfg      Config
	store    Store
	keysets  *keysets
	settings atomic.Pointer[settings]
	log      *slog.Logger
	events   *events.Hub
	users    *users
	askSoon  chan struct{} // tells of a new subscription to quotes

	// connected tells whether the keyset subscription stands and what it said
	// was accepted: the cheapest sign that our own signatory is there.
	connected atomic.Bool

	mu       sync.Mutex
	closing  bool
	inflight map[OperationRef]struct{} // sagas that a goroutine of ours works on
	running  sync.WaitGroup            // operations, so that Run can wait for them
	leftover chan struct{}             // tells the sweeper of a saga that could not be undone
	stopping context.Context           // ends when operations should no longer wait for payments
	stop     context.CancelFunc
	melts    meltCounts
	stuck    atomic.Int64 // sagas in a state that cannot be

	nodes nodes // what is known of the backends
	guard guard // what the watchdog has found

	troubles troubles   // payments that could not be taken in
	seldom   seldom.Log // of what others can cause

	overRedeemed atomic.Int64 // refusals and permissions to redeem more than was issued
}

// New reads what the database remembers and checks the configuration. It does
// not need the signatory.
func New(ctx context.Context, cfg Config) (*Mint, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("mint configuration: %w", err)
	}
	cfg.setDefaults()
	m := &Mint{cfg: cfg, store: cfg.Store, log: cfg.Logger, users: newUsers(cfg.Auth), inflight: map[OperationRef]struct{}{},
		leftover: make(chan struct{}, 1), askSoon: make(chan struct{}, 1)}
	var err error
	m.stopping, m.stop = context.WithCancel(context.WithoutCancel(ctx))
	if m.events, err = events.New(events.Config{Read: m.readTopics, Bus: cfg.Bus, Logger: cfg.Logger}); err != nil {
		return nil, fmt.Errorf("mint configuration: %w", err)
	}
	if m.keysets, err = loadKeysets(ctx, cfg.Store, cfg.Identity, cfg.Clock, cfg.Logger); err != nil {
		return nil, err
	}
	if err := checkMoney(ctx, cfg.Store, cfg.Backends, cfg.MixPlayMoney); err != nil {
		return nil, err
	}
	if err := m.checkMemories(ctx); err != nil {
		return nil, err
	}
	m.settings.Store(&settings{about: cfg.About, quoteTTL: cfg.QuoteTTL})
	m.loadSettings(ctx)
	return m, nil
}

// Keysets is the current view of the public keysets. It never blocks and never
// fails; before the first snapshot the view is empty.
func (m *Mint) Keysets() *KeysetView { return m.keysets.view.Load() }

// Ready is closed once there are keysets to serve, remembered or fresh.
func (m *Mint) Ready() <-chan struct{} { return m.keysets.ready }

// ApplyKeysets takes over a snapshot that came from the signatory by another way
// than the subscription of Run. ErrSnapshotRefused: it contradicts what is known.
func (m *Mint) ApplyKeysets(ctx context.Context, s signatory.Snapshot) error {
	return m.keysets.Apply(ctx, s)
}

// Limits is what one request may ask for.
func (m *Mint) Limits() Limits { return m.cfg.Limits }

// Run recovers unfinished sagas, now and on a timer, follows the signatory's
// keysets, takes in payments and tells subscribers of changes, until ctx ends.
// Then it refuses new operations, waits for those under way, each bounded by
// OperationTimeout, tells of what they have changed, and returns.
func (m *Mint) Run(ctx context.Context) error {
	var wg, telling sync.WaitGroup
	lasting, silence := context.WithCancel(context.WithoutCancel(ctx))
	defer silence()
	telling.Go(func() { _ = m.events.Run(lasting) }) // never fails
	wg.Go(func() { m.askForSubscribed(ctx) })
	wg.Go(func() { m.followKeysets(ctx) })
	wg.Go(func() { m.followSettings(ctx) })
	wg.Go(func() { m.lookAtBackends(ctx) })
	wg.Go(func() { m.watch(ctx) })
	wg.Go(func() { m.sweepOnTimer(ctx) })
	wg.Go(func() { m.pruneOnTimer(ctx) })
	for _, b := range m.cfg.Backends {
		if b.Receiver != nil {
			wg.Go(func() { m.watchPayments(ctx, b) })
		}
	}
	<-ctx.Done()
	m.mu.Lock()
	m.closing = true
	m.mu.Unlock()
	m.stop()
	m.running.Wait()
	wg.Wait()
	silence()
	telling.Wait()
	return nil
}

func (m *Mint) now() time.Time { return m.cfg.Clock() }

// Health looks at the mint's parts. It never fails; what does not answer is
// false.
func (m *Mint) Health(ctx context.Context) Health {
	_, err := m.store.Config(ctx, ConfigIdentity)
	return Health{
		Ready:     len(m.Keysets().All()) > 0,
		Signatory: m.connected.Load(),
		Database:  err == nil || errors.Is(err, ErrNotFound),
		NoWrites:  m.store.Writable(ctx) != nil,
		Stuck:     m.stuck.Load(),

		OverRedeemed: m.overRedeemed.Load(),
		Away:         m.nodes.away(),
		Short:        m.guard.short(),
	}
}
