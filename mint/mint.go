package mint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint/events"
	"mintmark/signatory"
)

// Signer is what the mint asks of a signatory: to verify proofs and to sign
// blinded messages. Both are all or nothing. Refusals are *cashu.Error; an error
// that wraps signatory.ErrUnavailable means that no answer could be had.
type Signer interface {
	BlindSign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error)
	VerifyProofs(ctx context.Context, proofs []cashu.Proof) error
}

// KeysetSource is where keysets come from. Keysets asks once; SubscribeKeysets
// delivers the whole snapshot at once and again at every change, until it fails.
type KeysetSource interface {
	Keysets(ctx context.Context) (signatory.Snapshot, error)
	SubscribeKeysets(ctx context.Context, fn func(signatory.Snapshot) error) error
}

// Config is what a Mint needs. Store, Signer and Source are mandatory.
type Config struct {
	Store  Store
	Signer Signer
	Source KeysetSource

	// Bus leads to the other processes on the database, so that subscribers of
	// one hear of what another has changed. nil: there are none.
	Bus events.Bus

	// Backends are the ways to pay in and out, each for its methods and units. None:
	// nothing can be minted or melted.
	Backends []Backend

	// Terms say on what terms the mint deals by its methods and units, unless the database
	// says otherwise.
	Terms []Terms

	// MixPlayMoney allows a unit to be of play money and of money. Only for tests.
	MixPlayMoney bool
	// Watchdog compares what is owed with what is held. Zero: nobody does.
	Watchdog Watchdog

	// Identity pins the signatory's public key. Zero: the first one seen is
	// pinned, in the database, for ever.
	Identity bdhke.Point

	// Owner names this process in saga rows. It must differ between any two
	// processes that ever run on one database, and must be the name that the
	// Store knows for this process. Empty: a random one.
	Owner string

	Limits Limits
	About  About

	// Auth is which requests need authentication. nil: none.
	Auth *Auth

	// QuoteTTL is how long a mint quote can be paid. 0 = 1 hour.
	QuoteTTL time.Duration
	// ReusableTTL is the same for requests that can be paid again and again, such as
	// offers and addresses. 0 = 30 days.
	ReusableTTL time.Duration
	// QuoteKeep is how long after its end a quote that nobody paid is kept.
	// A payment that arrives within this time can be minted. 0 = 7 days.
	QuoteKeep time.Duration
	// MeltQuoteTTL is how long a melt quote can be melted. 0 = 10 minutes.
	MeltQuoteTTL time.Duration
	// PayTimeout is how long a melt waits for its payment before it answers that
	// the payment is pending. It goes on without the wait. 0 = 45 s.
	PayTimeout time.Duration
	// PollInterval is the shortest time between two questions to a backend
	// about one quote. 0 = 10 s.
	PollInterval time.Duration
	// BackendInterval is how often the backends are asked for a sign of life and what they
	// hold, and the watchdog compares. 0 = 15 s.
	BackendInterval time.Duration
	// OperationTimeout bounds a swap or issue from its first write to its last,
	// whether or not the client still waits. 0 = 30 s.
	OperationTimeout time.Duration
	// SweepInterval is how often unfinished sagas are looked for, if nothing
	// calls for an earlier look. 0 = 15 s.
	SweepInterval time.Duration

	Clock  func() time.Time // nil = time.Now
	Logger *slog.Logger     // nil = discard
}

func (c *Config) setDefaults() {
	if c.Owner == "" {
		c.Owner = uuid.NewString()
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.QuoteTTL, time.Hour)
	def(&c.ReusableTTL, 30*24*time.Hour)
	def(&c.QuoteKeep, 7*24*time.Hour)
	def(&c.MeltQuoteTTL, 10*time.Minute)
	def(&c.PayTimeout, 45*time.Second)
	def(&c.PollInterval, 10*time.Second)
	def(&c.BackendInterval, 15*time.Second)
	def(&c.OperationTimeout, 30*time.Second)
	def(&c.SweepInterval, 15*time.Second)
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Limits = c.Limits.withDefaults()
	c.Auth = c.Auth.withDefaults()
}

func (c *Config) validate() error {
	var problems []error
	if c.Store == nil {
		problems = append(problems, errors.New("store is missing"))
	}
	if c.Signer == nil {
		problems = append(problems, errors.New("signer is missing"))
	}
	if c.Source == nil {
		problems = append(problems, errors.New("keyset source is missing"))
	}
	for name, d := range map[string]time.Duration{
		"quote ttl": c.QuoteTTL, "reusable ttl": c.ReusableTTL, "quote keep": c.QuoteKeep, "melt quote ttl": c.MeltQuoteTTL,
		"pay timeout": c.PayTimeout, "poll interval": c.PollInterval, "backend interval": c.BackendInterval,
		"operation timeout": c.OperationTimeout, "sweep interval": c.SweepInterval,
	} {
		if d < 0 {
			problems = append(problems, fmt.Errorf("%s must not be negative", name))
		}
	}
	if err := c.Limits.validate(); err != nil {
		problems = append(problems, err)
	}
	if err := checkBackends(c.Backends); err != nil {
		problems = append(problems, err)
	}
	if err := c.Watchdog.validate(); err != nil {
		problems = append(problems, err)
	}
	if err := CheckTerms(c.Terms); err != nil {
		problems = append(problems, err)
	}
	if err := c.Auth.Validate(); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

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

	troubles troubles // payments that could not be taken in

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

func (m *Mint) followKeysets(ctx context.Context) {
	err := signatory.Follow(ctx, signatory.FollowConfig{
		Signatory: m.cfg.Source,
		Logger:    m.log,
		Down:      func(error, time.Duration) { m.connected.Store(false) },
	}, func(s signatory.Snapshot) error {
		if err := m.keysets.Apply(ctx, s); err != nil {
			// Whoever sends this is not our signatory, or has lost its mind.
			// Ending the stream makes it count as away until a snapshot is
			// right again, and says so at every attempt.
			m.log.Error("the signatory is not trusted, operations stop", "error", err)
			return err
		}
		if a := m.cfg.Auth; a != nil && a.blind() && !hasAuthKeyset(m.Keysets()) {
			m.log.Error("the signatory has no active keyset of the unit auth: nobody can get the blind authentication tokens " +
				"that requests need; make one with: signatory keysets rotate --unit auth --amounts 1")
		}
		if units := m.unsignable(); len(units) > 0 {
			m.log.Error("the signatory has no active keyset of units that payment backends take in: nothing can be minted in them; "+
				"make one with: signatory keysets rotate --unit UNIT --max-order 32", "units", units)
		}
		m.connected.Store(true)
		return nil
	})
	if err != nil && ctx.Err() == nil {
		m.log.Error("following the signatory's keysets ended", "error", err)
	}
}

// begin admits one operation and returns its context, which outlives the
// client's: once something is reserved, hanging up must not strand it. The
// caller calls the returned function at the end.
func (m *Mint) begin(ctx context.Context) (context.Context, func(), error) {
	return m.beginFor(ctx, m.cfg.OperationTimeout)
}

// beginFor is begin for an operation that may take another time.
func (m *Mint) beginFor(ctx context.Context, d time.Duration) (context.Context, func(), error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closing {
		return nil, nil, cashu.Errorf(cashu.CodeUnavailable, "the mint is shutting down")
	}
	m.running.Add(1)
	opCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d)
	return opCtx, func() {
		cancel()
		m.running.Done()
	}, nil
}

func (m *Mint) hold(ref OperationRef) {
	m.mu.Lock()
	m.inflight[ref] = struct{}{}
	m.mu.Unlock()
}

func (m *Mint) letGo(ref OperationRef) {
	m.mu.Lock()
	delete(m.inflight, ref)
	m.mu.Unlock()
}

func (m *Mint) holds(ref OperationRef) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.inflight[ref]
	return ok
}

func (m *Mint) now() time.Time { return m.cfg.Clock() }

// signerError translates what a Signer answers into what a wallet may see.
func signerError(err error) error {
	var refusal *cashu.Error
	switch {
	case errors.Is(err, cashu.ErrKeysetUnknown):
		// We asked about keysets and amounts of our own view only: it has lost
		// one that it had. Nothing is wrong with the request.
		return fmt.Errorf("%w: %w", cashu.Errorf(cashu.CodeUnavailable, "the signatory misses a keyset, nothing was changed"), hidden{err})
	case errors.As(err, &refusal):
		return err
	}
	if errors.Is(err, signatory.ErrUnavailable) {
		return fmt.Errorf("%w: %w", cashu.Errorf(cashu.CodeUnavailable, "the signatory is not available, nothing was changed"), err)
	}
	return fmt.Errorf("asking the signatory: %w", err)
}

// hidden keeps the text of an error and ends the search for codes in it.
type hidden struct{ cause error }

func (h hidden) Error() string { return h.cause.Error() }

// signatoryUp asks the signatory for a sign of life, and for keysets that do not
// contradict those that we know, before anything is asked of it. The standing
// subscription already is both.
func (m *Mint) signatoryUp(ctx context.Context) error {
	if m.connected.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	s, err := m.cfg.Source.Keysets(ctx)
	if err != nil {
		return signerError(err)
	}
	if err := m.keysets.Apply(ctx, s); err != nil {
		return fmt.Errorf("%w: %w", cashu.Errorf(cashu.CodeUnavailable, "the signatory cannot be trusted, nothing was changed"), err)
	}
	return nil
}

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
