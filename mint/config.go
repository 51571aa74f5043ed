package mint

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/mint/events"
)

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
