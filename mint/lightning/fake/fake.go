// Package fake is a payment backend without a payment network. It hands out
// well-formed invoices, signed by a node that does not exist, and then claims
// that somebody has paid them. It is for trying out, for tests and for
// benchmarks: ecash made from its payments is worth nothing. It says so in its
// Settings and in the log, and a mint that runs with it must say so too.
//
// It behaves like a real node where a mint could tell the difference: invoices
// are durable before anybody sees them and survive a restart, as do their
// preimages and the node's key; payments arrive later, whether or not the mint
// is running or watching, once, and never after the invoice has expired.
//
// It trusts its caller and its database. It must never open a network
// connection, and never claim to hold money.
//
// A payment is a point in time, not a deed: an invoice is paid from the instant
// written in its row on. So there is no goroutine per invoice, and nothing to
// catch up with after a restart.
//
// Paying out is the other way round: a row per attempt says when it ends and how,
// and is there before anything else happens, so that an attempt has its fate
// whatever becomes of the process. How it ends follows from the description of
// the invoice, see steering. Nobody is paid twice: a payment hash that was paid in
// full fails every further attempt.
package fake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/lifecycle"
)

// Config describes a fake node. Only Path is required.
type Config struct {
	// Path of the node's database, which holds its key, its invoices and their
	// preimages. sqldb.Memory forgets everything at the end.
	Path string
	// Shared lets several processes have the database open, as the mints on one
	// database of theirs have one node. Otherwise a second one is refused.
	Shared bool
	// Methods are the ways to pay: bolt11, bolt12, onchain, and any other name, for
	// which requests are invented. nil = bolt11.
	Methods []string
	// Units to receive: sat, msat, usd and eur are known. nil = sat.
	Units []cashu.Unit
	// IncomingDelay is the time from an invoice to its payment. 0 = 1 s,
	// negative = nobody pays unless Pay or SettleOnCheck makes it so. With less
	// than some milliseconds a payment can arrive before the mint has stored
	// its quote; the mint then learns of it when the quote is asked for.
	IncomingDelay time.Duration
	// SettleOnCheck pays an unpaid invoice as soon as its state is asked for.
	SettleOnCheck bool
	// MinAmount and MaxAmount bound the amount of an invoice, and of a payment;
	// 0 = no bound.
	MinAmount, MaxAmount cashu.Amount
	// MaxRandomAmount is the most that an invoice without an amount gets: the
	// payer chooses from 1 to here. 0 = such invoices are refused, as NUT-23
	// wants it.
	MaxRandomAmount cashu.Amount
	// OpenAmount is what the payer of an offer or an address sends that asks for no
	// amount. 0 = 1000.
	OpenAmount cashu.Amount
	// Confirmations is how many blocks confirm a payment on the chain, and BlockTime
	// how long each takes. 0 = 1 and 1 s; a negative time is none.
	Confirmations uint32
	BlockTime     time.Duration
	// NoDescription refuses invoices with a description.
	NoDescription bool
	// OutgoingDelay is the time from an order to pay to its end. 0 = 1 s,
	// negative = none.
	OutgoingDelay time.Duration
	// FeePPM and FeeReserveMin say what is reserved for the fee of a payment: so
	// many millionths of the amount, and at least so much.
	FeePPM        uint64
	FeeReserveMin cashu.Amount
	// Funds is what the node had in sat before its first payment; negative: it has lost
	// as much since. Nothing but Balance looks at it.
	Funds int64
	// PaymentFee is what a payment costs, in its unit, as far as the reserve
	// allows. 0 = 1, negative = nothing.
	PaymentFee int64
	// NoAmountless refuses to pay invoices without amount, NoMultiPath to pay a
	// part of one.
	NoAmountless, NoMultiPath bool
	// Network is the chain prefix of invoices. "" = bolt11.Mainnet, because
	// many wallets read nothing else. Nothing on that chain is touched.
	Network bolt11.Network
	// USDPerBTC and EURPerBTC convert cents for the invoice. Constants: nothing
	// is fetched. 0 = 110000 and 95000.
	USDPerBTC, EURPerBTC uint64
	// Clock dates invoices and payments. nil = time.Now.
	Clock func() time.Time
	// Logger hears that the node is fake. nil = slog.Default().
	Logger *slog.Logger
}

func (c *Config) validate() error {
	var problems []error
	if c.Path == "" {
		problems = append(problems, errors.New("no path"))
	}
	if len(c.Units) == 0 {
		c.Units = []cashu.Unit{cashu.UnitSat}
	}
	if c.IncomingDelay == 0 {
		c.IncomingDelay = time.Second
	}
	if c.OutgoingDelay == 0 {
		c.OutgoingDelay = time.Second
	}
	if c.OpenAmount == 0 {
		c.OpenAmount = 1000
	}
	if c.Confirmations == 0 {
		c.Confirmations = 1
	}
	if c.BlockTime == 0 {
		c.BlockTime = time.Second
	}
	if len(c.Methods) == 0 {
		c.Methods = []string{lightning.MethodBolt11}
	}
	for i, method := range c.Methods {
		if !isMethod(method) {
			problems = append(problems, fmt.Errorf("%q cannot be a payment method", method))
		}
		if slices.Contains(c.Methods[:i], method) {
			problems = append(problems, fmt.Errorf("payment method %q is there twice", method))
		}
	}
	if c.PaymentFee == 0 {
		c.PaymentFee = 1
	}
	if err := c.checkFunds(); err != nil {
		problems = append(problems, err)
	}
	if c.FeePPM > 1_000_000 {
		problems = append(problems, fmt.Errorf("a fee of %d millionths is more than the payment", c.FeePPM))
	}
	if c.MaxAmount != 0 && c.MinAmount > c.MaxAmount {
		problems = append(problems, fmt.Errorf("minimum amount %d is above the maximum %d", c.MinAmount, c.MaxAmount))
	}
	if c.Network == "" {
		c.Network = bolt11.Mainnet
	}
	if !c.Network.Known() {
		problems = append(problems, fmt.Errorf("unknown network %q", string(c.Network)))
	}
	if c.USDPerBTC == 0 {
		c.USDPerBTC = 110_000
	}
	if c.EURPerBTC == 0 {
		c.EURPerBTC = 95_000
	}
	seen := map[cashu.Unit]bool{}
	for _, u := range c.Units {
		if _, err := c.msat(1, u); err != nil {
			problems = append(problems, fmt.Errorf("unknown unit %q", string(u)))
		}
		if seen[u] {
			problems = append(problems, fmt.Errorf("unit %q is there twice", string(u)))
		}
		seen[u] = true
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if len(problems) > 0 {
		return fmt.Errorf("fake lightning: %w", errors.Join(problems...))
	}
	return nil
}

// Backend is a fake Lightning node. It is safe for concurrent use.
type Backend struct {
	cfg      Config
	settings []lightning.Settings
	payable  []lightning.PaySettings
	db       *sqldb.DB
	key      bolt11.Key

	wake chan struct{} // a payment may be due earlier than the watcher thinks
	life *lifecycle.Life
}

var (
	_ lightning.Receiver  = (*Backend)(nil)
	_ lightning.Payer     = (*Backend)(nil)
	_ lightning.Canceller = (*Backend)(nil)
	_ lightning.Balancer  = (*Backend)(nil)
)

// Open opens the node's database and makes the node's key if it has none yet.
// The caller closes the Backend.
func Open(ctx context.Context, c Config) (*Backend, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	db, err := sqldb.Open(ctx, sqldb.Config{
		Path: c.Path, Migrations: migrations, Logger: c.Logger, Clock: c.Clock, Exclusive: c.Path != sqldb.Memory && !c.Shared,
	})
	if err != nil {
		return nil, fmt.Errorf("fake lightning: %w", err)
	}
	key, err := nodeKey(ctx, db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("fake lightning: %w", err), db.Close())
	}
	b := &Backend{cfg: c, db: db, key: key, wake: make(chan struct{}, 1), life: lifecycle.Begin(ctx)}
	for _, method := range c.Methods {
		for _, u := range c.Units {
			b.offerMethod(method, u)
		}
	}
	c.Logger.Warn("lightning is fake: invoices pay themselves, no money moves, and the ecash made from it is worth nothing",
		"node", fmt.Sprintf("%x", key.Public()), "incoming_delay", c.IncomingDelay, "settle_on_check", c.SettleOnCheck,
		"outgoing_delay", c.OutgoingDelay)
	return b, nil
}

// isMethod tells whether wallets can name a method so (NUT-04), and whether its routes
// can be told from others.
func isMethod(name string) bool {
	if name == "" || len(name) > 32 || name == "quote" || name == "batch" || name == "check" {
		return false
	}
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// offerMethod adds what can be received and paid by a method in a unit.
func (b *Backend) offerMethod(method string, u cashu.Unit) {
	c, onchain, bolt11 := &b.cfg, method == lightning.MethodOnchain, method == lightning.MethodBolt11
	s := lightning.Settings{
		Method: method, Unit: u, MinAmount: c.MinAmount, MaxAmount: c.MaxAmount,
		Description: !c.NoDescription && !onchain, Amountless: !bolt11 || c.MaxRandomAmount != 0, Fake: true,
	}
	if onchain {
		s.Confirmations = c.Confirmations
	}
	b.settings = append(b.settings, s)
	b.payable = append(b.payable, lightning.PaySettings{
		Method: method, Unit: u, MinAmount: c.MinAmount, MaxAmount: c.MaxAmount,
		Amountless: !c.NoAmountless && !onchain, MultiPath: !c.NoMultiPath && bolt11, Fake: true,
	})
}

// Settings implements lightning.Receiver.
func (b *Backend) Settings() []lightning.Settings { return b.settings }

// Close ends a running WatchIncoming, waits for it and for the calls that have
// begun, and closes the database. It must not be called by deliver.
func (b *Backend) Close() error {
	return b.life.Close(nil, func() error { return wrap("close", b.db.Close()) })
}

// now is the time as the database keeps it.
func (b *Backend) now() time.Time { return b.cfg.Clock().UTC().Truncate(time.Millisecond) }

// wrap says what was being done, in the words of the interface.
func wrap(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sqldb.ErrClosed):
		return fmt.Errorf("fake lightning: %s: %w", doing, lightning.ErrClosed)
	}
	return fmt.Errorf("fake lightning: %s: %w", doing, err)
}
