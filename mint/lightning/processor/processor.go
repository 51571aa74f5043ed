// Package processor is a payment backend in another process: whatever speaks the
// gRPC contract of CDK's payment processors (proto/cdk_payment_processor). It takes
// in and pays what the processor says that it can: invoices, offers, addresses and
// further methods.
//
// The contract was made for a mint with another memory than ours, so the package
// keeps a journal (mint/lightning/journal) of what the contract cannot answer. Events
// are not repeated by a processor: each is written down before the mint hears of it,
// and what happened while nobody listened is found by asking for every request that
// may still be paid. Payments are not named by the mint's attempt: the journal knows
// which is which, and which were never begun.
//
// The processor is trusted with the two statements of package lightning, that a
// request was paid and what became of a payment, and with nothing else. An answer
// that does not fit the question is an error, never half believed. An order to pay
// that was not answered has perhaps been carried out, whatever the error was.
//
// The package must never order a payment twice, unless the operator has said that
// the processor makes it once (Config.AtMostOnce), and never call one failed for
// want of an answer.
package processor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"mintmark/cashu"
	"mintmark/internal/seldom"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/journal"
	"mintmark/mint/lightning/lifecycle"
	pb "mintmark/proto/cdk_payment_processor"
)

// Config says where the processor is and what it promises.
type Config struct {
	// Address is "unix:PATH" or "HOST:PORT". Required without Dialer.
	Address string
	// TLSDir holds ca.pem, client.pem and client.key. Required for HOST:PORT
	// unless Insecure; must be empty for a unix socket.
	TLSDir string
	// ServerName is the name in the processor's certificate. Empty: the host of
	// Address.
	ServerName string
	// Insecure allows TCP without TLS, to a loopback address only.
	Insecure bool
	// Journal is the file of the journal, or the URL of a PostgreSQL database of
	// its own that several mints share which are one. Required.
	Journal string
	// JournalPasswordFile holds the password for that URL, if it does not itself.
	JournalPasswordFile string
	// Network of the invoices; others are refused. "" = any.
	Network bolt11.Network
	// MinAmount and MaxAmount bound a payment in either direction, in the unit of
	// the processor; 0 = no bound.
	MinAmount, MaxAmount cashu.Amount
	// AtMostOnce: the processor promises to pay a quote (quote_id) at most once,
	// however often it is ordered to, also after a crash of its own. Then an order
	// of which it knows nothing is given again. Without this promise, which the
	// contract does not ask for, it stays pending until somebody decides.
	AtMostOnce bool
	// Deadline bounds every call but an order to pay. 0 = 10 s.
	Deadline time.Duration
	// PayDeadline is how long an order to pay may go unanswered. After that the
	// processor is only asked what became of it. 0 = 10 min.
	PayDeadline time.Duration
	// Doubt is how long an order that was never answered may be on its way. Before
	// that a FAILED about it is not believed; and not before 20 times as long where an
	// earlier attempt at the same has failed, which may be what is meant. 0 = 15 s.
	Doubt time.Duration
	// Ask is the shortest time between two questions for the payments of one
	// request, in case that an event was lost. 0 = 15 s.
	Ask time.Duration
	// Keep is how long after its end a request that can be paid but once is remembered:
	// longer than the mint asks for it. 0 = DefaultKeep.
	Keep time.Duration
	// Dialer, if set, makes the connections, and Address is not used. For tests.
	Dialer func(context.Context) (net.Conn, error)
	// Clock dates requests and payments. nil = time.Now.
	Clock func() time.Time
	// Logger hears what the processor does wrong. nil = slog.Default().
	Logger *slog.Logger
}

// DefaultKeep is for how long a request is remembered if nothing else is said.
const DefaultKeep = 90 * 24 * time.Hour

// errNoJournal: a backend without a memory would pay twice.
var errNoJournal = errors.New("no journal")

func (c *Config) withDefaults() error {
	var problems []error
	if c.Network != "" && !c.Network.Known() {
		problems = append(problems, fmt.Errorf("unknown network %q", string(c.Network)))
	}
	if c.MaxAmount != 0 && c.MinAmount > c.MaxAmount {
		problems = append(problems, fmt.Errorf("minimum amount %d is above the maximum %d", c.MinAmount, c.MaxAmount))
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{{&c.Deadline, 10 * time.Second}, {&c.PayDeadline, 10 * time.Minute}, {&c.Doubt, 15 * time.Second}, {&c.Ask, 15 * time.Second}, {&c.Keep, DefaultKeep}} {
		if *d.value < 0 {
			problems = append(problems, errors.New("a time limit cannot be negative"))
		}
		if *d.value == 0 {
			*d.value = d.standard
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

// Backend is a payment processor as the mint sees it. It is safe for concurrent use.
type Backend struct {
	cfg     Config
	conn    *grpc.ClientConn
	rpc     pb.CdkPaymentProcessorClient
	journal *journal.Journal
	log     *slog.Logger
	seldom  seldom.Log // of what others can cause

	settings atomic.Pointer[settings]
	wake     chan struct{} // something may have to be delivered

	orders *journal.Orders
	life   *lifecycle.Life
}

var (
	_ lightning.Backend     = (*Backend)(nil)
	_ lightning.Pinger      = (*Backend)(nil)
	_ lightning.Remembering = (*Backend)(nil)
	_ journal.Node          = (*Backend)(nil)
)

// Open opens the journal and begins to look for the processor, which may be away: what
// it can is known from the last time, if there was one. The caller closes the Backend.
func Open(ctx context.Context, c Config) (*Backend, error) {
	err := c.withDefaults()
	if c.Journal == "" {
		err = errors.Join(errNoJournal, err)
	}
	if err != nil {
		return nil, fmt.Errorf("payment processor: %w", err)
	}
	conn, err := c.dial()
	if err != nil {
		return nil, fmt.Errorf("payment processor: %w", err)
	}
	j, err := journal.Open(ctx, journal.Config{Path: c.Journal, PasswordFile: c.JournalPasswordFile, Clock: c.Clock, Logger: c.Logger})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("payment processor: %w", err), conn.Close())
	}
	b := &Backend{
		cfg: c, conn: conn, rpc: pb.NewCdkPaymentProcessorClient(conn), journal: j, log: c.Logger,
		life: lifecycle.Begin(ctx), wake: make(chan struct{}, 1),
	}
	b.orders = journal.NewOrders(j, b, c.PayDeadline, c.Logger)
	if err := b.recallSettings(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("payment processor: %w", err), b.Close())
	}
	if err := b.learnSettings(ctx); err != nil {
		b.log.Warn("the payment processor is not available yet", "error", err)
	}
	b.life.Go(b.follow)
	b.life.Go(b.tidy)
	return b, nil
}

// Close ends everything and closes the journal. Orders to pay get a moment to be
// answered; the processor goes on with them in any case.
func (b *Backend) Close() error {
	return b.life.Close(b.orders.Close, func() error { return errors.Join(b.conn.Close(), b.journal.Close()) })
}

// Memory implements lightning.Remembering.
func (b *Backend) Memory() string { return b.journal.Identity() }

// Ping implements lightning.Pinger.
func (b *Backend) Ping(ctx context.Context) error {
	return wrap("ask for a sign of life", b.ended(b.learnSettings(ctx)))
}

// ended is err, or lightning.ErrClosed if that is what is behind it.
func (b *Backend) ended(err error) error {
	if err != nil && b.life.Over() && !errors.Is(err, lightning.ErrRefused) {
		return lightning.ErrClosed
	}
	return err
}

// wrap says what was being done, in the words of the interface.
func wrap(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, journal.ErrClosed):
		err = lightning.ErrClosed
	}
	return fmt.Errorf("payment processor: %s: %w", doing, err)
}
