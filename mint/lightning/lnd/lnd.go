// Package lnd is a payment backend on a Lightning node that runs lnd. It speaks lnd's
// REST interface over TLS and needs nothing of lnd but its address, its certificate
// and a macaroon, which should permit what Permissions lists and no more.
//
// It trusts the node with everything that the node alone can know: which invoices were
// paid, and what became of a payment. It does not trust what lies between: the
// certificate must be the one in the file, and an answer that is missing, cut short or
// not understood says nothing about any payment.
//
// What it remembers itself is little, and stands in a database of its own: which
// attempt of the mint stands for which payment of the node, written before the node is
// told, and up to where payments to the mint were delivered. If that is lost, no payment
// is: incoming ones are delivered again, and an attempt that the node knows more about
// than this package stays pending until a human decides.
//
// It must never report that a payment failed unless the node says so about this very
// attempt, never begin an attempt a second time while the first may still reach the
// node, and never log or return a macaroon, a preimage of an unpaid invoice or the id
// of a quote.
package lnd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/lifecycle"
)

// Permissions are the calls that the macaroon must allow, and no others: with
// "lncli bakemacaroon" each stands behind "uri:". QueryRoutes and SendToRouteV2 are
// for parts (NUT-15) only, EstimateRouteFee for Config.Probe only.
var Permissions = []string{
	"/lnrpc.Lightning/GetInfo",
	"/lnrpc.Lightning/AddInvoice",
	"/lnrpc.Lightning/LookupInvoice",
	"/lnrpc.Lightning/ListInvoices",
	"/lnrpc.Lightning/SubscribeInvoices",
	"/lnrpc.Lightning/ChannelBalance",
	"/lnrpc.Lightning/QueryRoutes",
	"/invoicesrpc.Invoices/CancelInvoice",
	"/routerrpc.Router/SendPaymentV2",
	"/routerrpc.Router/SendToRouteV2",
	"/routerrpc.Router/TrackPaymentV2",
	"/routerrpc.Router/EstimateRouteFee",
}

// Config describes a node and what it is used for. URL, TLSCert, Macaroon, Database
// and Network are required.
type Config struct {
	// URL of the node's REST interface: https://HOST:PORT.
	URL string
	// TLSCert is the file of the certificate that the node must show, or of the
	// authority that signed it: lnd's tls.cert. It is read again when it changes.
	TLSCert string
	// Macaroon is the file of the macaroon, which is binary. It is read again when it
	// changes.
	Macaroon string
	// Database of the package, as sqldb.Config.Path: a file, or the URL of a database
	// on a PostgreSQL server that all mints share which share the node. It must be no
	// other room's. PasswordFile is for the server.
	Database, PasswordFile string
	// Network of the node. Invoices of another one are refused.
	Network bolt11.Network
	// Unit that amounts count: sat or msat. "" = sat.
	Unit cashu.Unit
	// MinAmount and MaxAmount bound a payment in either direction; 0 = no bound.
	MinAmount, MaxAmount cashu.Amount
	// FeePPM and FeeReserveMin say what is reserved for the fee of a payment: so many
	// millionths of the amount, and at least so much.
	FeePPM        uint64
	FeeReserveMin cashu.Amount
	// Probe lets the node try the way before a quote: the reserve is then what the
	// probe did cost and a tenth more, and at least FeeReserveMin. Where a probe finds
	// no answer in time, FeePPM counts.
	Probe bool
	// PayTime is how long the node looks for a way until it gives up. 0 = 1 minute.
	PayTime time.Duration
	// Doubt is how long an order must have been unknown to the node, which answers,
	// until it counts as one that never arrived. 0 = 2 minutes.
	Doubt time.Duration
	// Private puts hints to unannounced channels into invoices.
	Private bool
	// NoMultiPath refuses to pay parts (NUT-15).
	NoMultiPath bool
	// Clock dates attempts and judges whether invoices are expired. nil = time.Now.
	Clock func() time.Time
	// Logger. nil = slog.Default().
	Logger *slog.Logger
}

func (c *Config) validate() error {
	var problems []error
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		wrong("the url of the node is not https://HOST:PORT")
	}
	if c.TLSCert == "" {
		wrong("no certificate of the node")
	}
	if c.Macaroon == "" {
		wrong("no macaroon")
	}
	if c.Database == "" {
		wrong("no database")
	}
	if !c.Network.Known() {
		wrong("unknown network %q", string(c.Network))
	}
	c.Unit = cmp.Or(c.Unit, cashu.UnitSat)
	if c.Unit != cashu.UnitSat && c.Unit != unitMsat {
		wrong("unit %q: there are sat and msat", string(c.Unit))
	}
	if c.MaxAmount != 0 && c.MinAmount > c.MaxAmount {
		wrong("minimum amount %d is above the maximum %d", c.MinAmount, c.MaxAmount)
	}
	if c.FeePPM > 1_000_000 {
		wrong("a fee of %d millionths is more than the payment", c.FeePPM)
	}
	if c.PayTime < 0 || c.Doubt < 0 {
		wrong("a negative time")
	}
	c.PayTime, c.Doubt = cmp.Or(c.PayTime, time.Minute), cmp.Or(c.Doubt, 2*time.Minute)
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if len(problems) > 0 {
		return fmt.Errorf("lnd: %w", errors.Join(problems...))
	}
	return nil
}

// Backend is a node. It is safe for concurrent use.
type Backend struct {
	cfg    Config
	client *client
	db     *sqldb.DB
	memory string // the name of db
	log    *slog.Logger

	page int // how many invoices are read at a time

	life *lifecycle.Life

	mu       sync.Mutex
	pursuits map[string]*pursuit
}

var (
	_ lightning.Backend   = (*Backend)(nil)
	_ lightning.Canceller = (*Backend)(nil)
	_ lightning.Balancer  = (*Backend)(nil)
	_ lightning.Pinger    = (*Backend)(nil)
)

// Open opens the database and reads the certificate and the macaroon. The node need
// not be there. The caller closes the Backend.
func Open(ctx context.Context, c Config) (*Backend, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	client, err := newClient(c)
	if err != nil {
		return nil, fmt.Errorf("lnd: %w", err)
	}
	db, err := sqldb.Open(ctx, sqldb.Config{
		Path: c.Database, Migrations: migrations(sqldb.IsServer(c.Database)), Logger: c.Logger, Clock: c.Clock,
		Postgres:  sqldb.Postgres{PasswordFile: c.PasswordFile},
		Exclusive: !sqldb.IsServer(c.Database) && c.Database != sqldb.Memory,
	})
	if err != nil {
		return nil, fmt.Errorf("lnd: %w", err)
	}
	memory, err := identify(ctx, db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lnd: %w", err), db.Close())
	}
	b := &Backend{
		cfg: c, client: client, db: db, memory: memory, log: c.Logger, page: scanPage,
		life: lifecycle.Begin(ctx), pursuits: map[string]*pursuit{},
	}
	return b, nil
}

// Settings implements lightning.Receiver.
func (b *Backend) Settings() []lightning.Settings {
	return []lightning.Settings{{
		Method: lightning.MethodBolt11, Unit: b.cfg.Unit, MinAmount: b.cfg.MinAmount, MaxAmount: b.cfg.MaxAmount, Description: true,
	}}
}

// PaySettings implements lightning.Payer.
func (b *Backend) PaySettings() []lightning.PaySettings {
	return []lightning.PaySettings{{
		Method: lightning.MethodBolt11, Unit: b.cfg.Unit, MinAmount: b.cfg.MinAmount, MaxAmount: b.cfg.MaxAmount,
		Amountless: true, MultiPath: !b.cfg.NoMultiPath,
	}}
}

// Close ends a running WatchIncoming and every wait for a payment, which goes on in the
// node, and closes the database. It must not be called by deliver.
func (b *Backend) Close() error {
	return b.life.Close(nil, func() error {
		b.client.close()
		return wrap("close", b.db.Close())
	})
}

// wrap says what was being done, in the words of the interface.
func wrap(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sqldb.ErrClosed):
		err = lightning.ErrClosed
	}
	return fmt.Errorf("lnd: %s: %w", doing, err)
}

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", lightning.ErrRefused, fmt.Sprintf(format, args...))
}
