package keystore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/bip32"
	"mintmark/internal/seedfile"
	"mintmark/internal/sqldb"
)

// ErrNoDatabase: the database is not there, or it is an empty file, and
// Config.Create is false. A lost database must not become an empty one by
// accident: it would hand out indexes, and with them keys, a second time.
var ErrNoDatabase = errors.New("there is no keystore database")

// ErrInUse: there is a keystore already where a new one was to be made.
var ErrInUse = errors.New("there is a keystore in this database already")

// Config says what to open. Path and Seed are required.
type Config struct {
	// Path of the SQLite file, or sqldb.Memory. One process at a time can have
	// it open; a second one gets sqldb.ErrInUse. Or the postgres:// URL of a
	// database on a server, which several signatories may share. Each takes over
	// what the others change, within a second.
	Path string
	// PasswordFile holds the password for the URL, if the URL does not. It is
	// read for every new connection.
	PasswordFile string
	// Create makes the database if it is missing or empty. Only for the very
	// first start with a seed, and for sqldb.Memory; otherwise that is
	// ErrNoDatabase.
	Create bool
	// Seed is the root of all keys. The keystore keeps a hardened child of it
	// and no reference to it: wipe it after Open.
	Seed seedfile.Seed
	// IssuerVersion is written into new keysets, as name/major.minor.patch:
	// CDK refuses every other form. Empty = none.
	IssuerVersion string
	// Parallel is the number of goroutines that share one call of Sign or
	// Verify. 0 = GOMAXPROCS.
	Parallel int
	// Poll is how often a shared keystore looks for what other signatories have
	// changed, besides being told. 0 = 500 ms.
	Poll time.Duration
	// MaxStaleness is how long a shared keystore signs without having heard from
	// its database. 0 = 5 s.
	MaxStaleness time.Duration
	// Clock tells the time for expiry and creation. nil = time.Now.
	Clock func() time.Time
	// Logger hears about rotations and slow statements. nil = slog.Default().
	Logger *slog.Logger
}

var issuerForm = regexp.MustCompile(`^[a-z0-9_-]+/[0-9]+\.[0-9]+\.[0-9]+$`)

func (c *Config) validate() error {
	var problems []error
	if c.Path == "" {
		problems = append(problems, errors.New("no path of the database"))
	}
	if c.Seed.IsZero() {
		problems = append(problems, errors.New("no seed"))
	}
	if c.IssuerVersion != "" && !issuerForm.MatchString(c.IssuerVersion) {
		problems = append(problems, fmt.Errorf("issuer version %q is not name/major.minor.patch", c.IssuerVersion))
	}
	if c.Parallel < 0 {
		problems = append(problems, fmt.Errorf("parallel is %d", c.Parallel))
	}
	if c.Poll < 0 || c.MaxStaleness < 0 {
		problems = append(problems, errors.New("times to poll and to wait cannot be negative"))
	}
	if c.Poll == 0 {
		c.Poll = 500 * time.Millisecond
	}
	if c.MaxStaleness == 0 {
		c.MaxStaleness = 5 * time.Second
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("keystore configuration: %w", err)
	}
	if c.Parallel == 0 {
		c.Parallel = runtime.GOMAXPROCS(0)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return nil
}

// database is the part of sqldb.DB that the keystore uses.
type database interface {
	Read(context.Context, func(sqldb.Tx) error) error
	Write(context.Context, sqldb.Durability, func(sqldb.Tx) error) error
	Listen(ctx context.Context, channel string, fn func(sqldb.Notice)) error
	Close() error
}

// Keystore is an open keystore. It is safe for concurrent use. Signing and
// verifying read one atomic pointer: no lock, no database, no derivation.
type Keystore struct {
	db       database
	root     *bip32.Node // m/129372'; the master itself is not kept
	identity bdhke.Point
	auditKey []byte
	issuer   string
	parallel int
	clock    func() time.Time
	log      *slog.Logger

	rotating sync.Mutex // one change of keysets at a time in this process; the database orders those of several
	current  atomic.Pointer[state]
	others   *others // what comes from other signatories on the same database

	signedMu sync.Mutex
	signed   map[cashu.KeysetID]uint64 // signatures, as far as the database knows
}

// Snapshot is everything public about the keysets at one moment. It is shared,
// never copied: readers must not change it.
type Snapshot struct {
	// Epoch grows by one with every change. Never 0.
	Epoch uint64
	// Keysets holds every keyset that ever was, in the order of creation.
	Keysets []cashu.Keyset
}

// state is what the atomic pointer points to. Nothing in it ever changes, except
// that replaced is closed when a newer state has taken its place.
type state struct {
	Snapshot
	lives    []Life // of the keysets, in their order
	byID     map[cashu.KeysetID]*keyset
	replaced chan struct{}
}

// Open opens the database, brings it up to date, derives every keyset from the
// seed and compares it with its row. Any difference, a wrong seed or a damaged
// row, is ErrMismatch and names the keyset. The end of the audit log is checked as
// well: ErrAudit. Other errors: ErrNoDatabase and those of sqldb, above all
// sqldb.ErrInUse. The caller closes the Keystore.
func Open(ctx context.Context, cfg Config) (*Keystore, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	at := Place{cfg.Path, cfg.PasswordFile}
	if !cfg.Create {
		if err := at.exists(ctx); err != nil {
			return nil, err
		}
	}
	ks, err := newKeystore(cfg)
	if err != nil {
		return nil, err
	}
	dbConfig := at.config(cfg.Logger)
	dbConfig.Clock, dbConfig.Exclusive, dbConfig.AlwaysDurable = cfg.Clock, !at.Shared(), true
	ks.db, err = sqldb.Open(ctx, dbConfig)
	if err != nil {
		return nil, fmt.Errorf("opening the keystore: %w", err)
	}
	if err := ks.load(ctx, cfg.Create); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the keystore %s: %w", at, err), ks.db.Close())
	}
	ks.follow()
	return ks, nil
}

// exists is ErrNoDatabase where nothing is that could be a keystore. It makes
// nothing.
func (p Place) exists(ctx context.Context) error {
	there := 0
	if p.Shared() {
		err := p.look(ctx, func(tx sqldb.Tx) (err error) {
			there, err = p.tables(ctx, tx, "keystore")
			return err
		})
		if err != nil {
			return fmt.Errorf("opening the keystore: %w", err)
		}
	} else if info, err := os.Stat(p.Path); err == nil && info.Size() > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		there = 1
	}
	if there == 0 {
		return fmt.Errorf("%w: %s", ErrNoDatabase, p)
	}
	return nil
}

func newKeystore(cfg Config) (*Keystore, error) {
	master, err := masterNode(cfg.Seed)
	if err != nil {
		return nil, fmt.Errorf("deriving the master key: %w", err)
	}
	defer master.Wipe()
	root, err := master.Hardened(purpose)
	if err != nil {
		return nil, fmt.Errorf("deriving the root of the keysets: %w", err)
	}
	seal, err := auditKey(master)
	if err != nil {
		return nil, err
	}
	return &Keystore{
		root:     root,
		identity: master.Key().Public(),
		auditKey: seal,
		issuer:   cfg.IssuerVersion,
		parallel: cfg.Parallel,
		clock:    cfg.Clock,
		log:      cfg.Logger,
		others:   newOthers(cfg),
	}, nil
}

// load reads the rows, proves them against the seed and publishes them.
func (ks *Keystore) load(ctx context.Context, create bool) error {
	if create {
		if err := ks.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
			return ks.ensureHeader(ctx, tx)
		}); err != nil {
			return err
		}
	}
	var head header
	var rows []row
	err := ks.db.Read(ctx, func(tx sqldb.Tx) (err error) {
		if head, err = readHeader(ctx, tx); err != nil {
			return err
		}
		rows, err = readRows(ctx, tx)
		return err
	})
	switch {
	case errors.Is(err, sqldb.ErrNoRows):
		return fmt.Errorf("%w: nothing is in it", ErrNoDatabase)
	case err != nil:
		return err
	}
	ks.noteSigned(rows)
	next, err := ks.build(head.epoch, rows)
	if err != nil {
		return err
	}
	if head.identity != ks.identity {
		return fmt.Errorf("%w: the seed is not the one that this keystore was made with", ErrMismatch)
	}
	if err := ks.db.Read(ctx, func(tx sqldb.Tx) error {
		if err := ks.checkAuditTail(ctx, tx); err != nil {
			return err
		}
		return ks.checkState(ctx, tx)
	}); err != nil {
		return err
	}
	ks.publish(next)
	ks.others.heard(time.Now())
	return nil
}

// publish makes next the current state and wakes everybody who waits for it,
// unless a newer one is there already: what this process has committed and what it
// has heard of others may come in any order.
func (ks *Keystore) publish(next *state) {
	for {
		old := ks.current.Load()
		if old != nil && old.Epoch >= next.Epoch {
			return
		}
		if ks.current.CompareAndSwap(old, next) {
			if old != nil {
				close(old.replaced)
			}
			return
		}
	}
}

// Identity is the BIP32 master public key of the seed: the name of this
// signatory (NUT-06 pubkey). It signs nothing.
func (ks *Keystore) Identity() bdhke.Point { return ks.identity }

// Keysets is the current snapshot.
func (ks *Keystore) Keysets() Snapshot { return ks.current.Load().Snapshot }

// Changed returns a channel that is closed when the snapshot of this moment has
// been replaced. To miss nothing, call Changed first and Keysets after it.
func (ks *Keystore) Changed() <-chan struct{} { return ks.current.Load().replaced }

// Close wipes the keys and closes the database. The caller has seen to it that no
// call is running, and makes none but Close any more.
func (ks *Keystore) Close() error {
	ks.others.stop()
	ks.wipe()
	if err := ks.db.Close(); err != nil {
		return fmt.Errorf("closing the keystore: %w", err)
	}
	return nil
}
