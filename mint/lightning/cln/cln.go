// Package cln is a Core Lightning node as a payment backend, over its REST plugin
// (clnrest) with a rune: invoices and offers, in and out.
//
// The node is trusted as package lightning says. What it cannot be asked is in a
// journal: which attempt of the mint a payment belongs to, and up to where the mint has
// heard of paid invoices. Every payment carries the attempt's name as its label, so what
// the node says of it cannot be about another one.
//
// It was written after the documentation and tested with a node that is played; nobody
// has run it with a real one yet.
//
// The package must never order a payment twice, and never call one failed for want of an
// answer. It must never log or print the rune.
package cln

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/journal"
	"mintmark/mint/lightning/lifecycle"
)

// Config says where the node is and what it is used for.
type Config struct {
	// URL of the REST plugin: "https://HOST:PORT". Required.
	URL string
	// TLSCert is the file of the certificate that the node shows, or of the authority
	// that signed it: ca.pem in the node's directory. Required.
	TLSCert string
	// ServerName is the name in the node's certificate. "" = the host of URL.
	ServerName string
	// Rune is the file of the rune, which must not be open to others. It is read for
	// every call. Required.
	Rune string
	// Journal is the file of the journal, or the URL of a PostgreSQL database of its
	// own that several mints share which are one. Required.
	Journal string
	// JournalPasswordFile holds the password for that URL, if it does not itself.
	JournalPasswordFile string
	// Network of the node; invoices of another one are refused. Required.
	Network bolt11.Network
	// Unit of all amounts, sat or msat. "" = sat.
	Unit cashu.Unit
	// Offers lets offers be made and paid (BOLT 12).
	Offers bool
	// MinAmount and MaxAmount bound a payment in either direction; 0 = no bound.
	MinAmount, MaxAmount cashu.Amount
	// FeePPM and FeeReserveMin are what a quote reserves for the fee: so many
	// millionths of the amount, and at least so much.
	FeePPM        uint64
	FeeReserveMin cashu.Amount
	// NoMultiPath refuses to pay a part of an invoice.
	NoMultiPath bool
	// PayTime is for how long the node tries to find a way. 0 = 1 min.
	PayTime time.Duration
	// Doubt is how long the node must have been answering that nothing of an order is
	// under way, and no sooner than PayTime and Doubt after it was given, until an order
	// that was never answered counts as failed. 0 = 1 min.
	Doubt time.Duration
	// Deadline bounds every call but an order to pay. 0 = 10 s.
	Deadline time.Duration
	// Clock dates things. nil = time.Now.
	Clock func() time.Time
	// Logger hears what goes wrong. nil = slog.Default().
	Logger *slog.Logger
}

// errNoJournal: a backend without a memory would pay twice.
var errNoJournal = errors.New("no journal")

func (c *Config) withDefaults() error {
	var problems []error
	if u, err := url.Parse(c.URL); err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil {
		problems = append(problems, fmt.Errorf("url %q is not https://HOST:PORT", c.URL))
	}
	for what, value := range map[string]string{"certificate": c.TLSCert, "rune": c.Rune} {
		if value == "" {
			problems = append(problems, fmt.Errorf("no %s", what))
		}
	}
	if !c.Network.Known() {
		problems = append(problems, fmt.Errorf("unknown network %q", string(c.Network)))
	}
	if c.Unit == "" {
		c.Unit = cashu.UnitSat
	}
	if c.Unit != cashu.UnitSat && c.Unit != unitMsat {
		problems = append(problems, fmt.Errorf("unit %q is neither sat nor msat", string(c.Unit)))
	}
	if c.MaxAmount != 0 && c.MinAmount > c.MaxAmount {
		problems = append(problems, fmt.Errorf("minimum amount %d is above the maximum %d", c.MinAmount, c.MaxAmount))
	}
	if c.FeePPM > 1_000_000 {
		problems = append(problems, fmt.Errorf("a fee of %d millionths is more than the payment", c.FeePPM))
	}
	for d, standard := range map[*time.Duration]time.Duration{&c.PayTime: time.Minute, &c.Doubt: time.Minute, &c.Deadline: 10 * time.Second} {
		if *d < 0 {
			problems = append(problems, errors.New("a time limit cannot be negative"))
		}
		if *d == 0 {
			*d = standard
		}
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return errors.Join(problems...)
}

// Backend is a Core Lightning node as the mint sees it. It is safe for concurrent use.
type Backend struct {
	cfg     Config
	http    *http.Client
	journal *journal.Journal
	orders  *journal.Orders
	log     *slog.Logger
	in      []lightning.Settings
	out     []lightning.PaySettings

	life *lifecycle.Life

	mu      sync.Mutex
	missing map[string]time.Time // since when the node says that nothing is under way
}

var (
	_ lightning.Backend     = (*Backend)(nil)
	_ lightning.Canceller   = (*Backend)(nil)
	_ lightning.Balancer    = (*Backend)(nil)
	_ lightning.Pinger      = (*Backend)(nil)
	_ lightning.Identified  = (*Backend)(nil)
	_ lightning.Remembering = (*Backend)(nil)
	_ journal.Node          = (*Backend)(nil)
)

// Open opens the journal. The node may be away. The caller closes the Backend.
func Open(ctx context.Context, c Config) (*Backend, error) {
	err := c.withDefaults()
	if c.Journal == "" {
		err = errors.Join(errNoJournal, err)
	}
	if err != nil {
		return nil, fmt.Errorf("core lightning: %w", err)
	}
	client, err := c.client()
	if err != nil {
		return nil, fmt.Errorf("core lightning: %w", err)
	}
	j, err := journal.Open(ctx, journal.Config{Path: c.Journal, PasswordFile: c.JournalPasswordFile, Clock: c.Clock, Logger: c.Logger})
	if err != nil {
		return nil, fmt.Errorf("core lightning: %w", err)
	}
	b := &Backend{cfg: c, http: client, journal: j, log: c.Logger, life: lifecycle.Begin(ctx), missing: map[string]time.Time{}}
	// Whatever the node tries within PayTime may be held by somebody for long.
	b.orders = journal.NewOrders(j, b, c.PayTime+10*time.Minute, c.Logger)
	methods := []string{lightning.MethodBolt11}
	if c.Offers {
		methods = append(methods, lightning.MethodBolt12)
	}
	for _, method := range methods {
		offer := method == lightning.MethodBolt12
		b.in = append(b.in, lightning.Settings{
			Method: method, Unit: c.Unit, MinAmount: c.MinAmount, MaxAmount: c.MaxAmount, Description: true, Amountless: offer,
		})
		b.out = append(b.out, lightning.PaySettings{
			Method: method, Unit: c.Unit, MinAmount: c.MinAmount, MaxAmount: c.MaxAmount, Amountless: true, MultiPath: !offer && !c.NoMultiPath,
		})
	}
	return b, nil
}

// Settings implements lightning.Receiver.
func (b *Backend) Settings() []lightning.Settings { return b.in }

// PaySettings implements lightning.Payer.
func (b *Backend) PaySettings() []lightning.PaySettings { return b.out }

// networks are the names that the node has for them.
var networks = map[string]bolt11.Network{
	"bitcoin": bolt11.Mainnet, "testnet": bolt11.Testnet, "signet": bolt11.Signet, "regtest": bolt11.Regtest,
}

// Ping implements lightning.Pinger.
func (b *Backend) Ping(ctx context.Context) error {
	_, err := b.Identity(ctx)
	return err
}

// Identity implements lightning.Identified: it is the node's public key.
func (b *Backend) Identity(ctx context.Context) (string, error) {
	const doing = "ask who the node is"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return "", b.wrap(doing, err)
	}
	defer leave()
	var info struct {
		ID      string `json:"id"`
		Network string `json:"network"`
	}
	if err = b.quick(ctx, "getinfo", map[string]any{}, &info); err == nil {
		switch key, decodeErr := hex.DecodeString(info.ID); {
		case decodeErr != nil || len(key) != 33:
			err = errors.New("the node has no key")
		case networks[info.Network] != b.cfg.Network:
			err = fmt.Errorf("the node is one of network %q", clean(info.Network))
		}
	}
	return info.ID, b.wrap(doing, err)
}

// Memory implements lightning.Remembering.
func (b *Backend) Memory() string { return b.journal.Identity() }

// Close ends everything and closes the journal. Orders to pay get a moment to be
// answered; the node goes on with them in any case.
func (b *Backend) Close() error {
	return b.life.Close(b.orders.Close, func() error {
		b.http.CloseIdleConnections()
		return b.journal.Close()
	})
}

// wrap says what was being done, in the words of the interface.
func (b *Backend) wrap(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case b.life.Over() && !errors.Is(err, lightning.ErrRefused):
		err = lightning.ErrClosed
	}
	return fmt.Errorf("core lightning: %s: %w", doing, err)
}
