package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// firstPoll is the first pause between two looks at a quote whose invoice is being
// paid. Fake backends pay by themselves, after a moment.
const firstPoll = 20 * time.Millisecond

// mintClient knows one mint and its keyset. It is read-only once made.
type mintClient struct {
	target   *Target
	timeout  time.Duration
	patience time.Duration // for a quote to be paid

	// setup is for everything but the requests that are measured.
	setup *mintclient.Client

	info mintclient.Info
	unit string
	id   string // of the keyset, as it travels
	keys cashu.Keyset
}

// discover finds the keyset of the unit to mint with: active, of an id that
// outputs may have, the cheapest of several.
func (m *mintClient) discover(ctx context.Context) error {
	// A connection tells best whether there is a mint, and where.
	c := newConn(m.target, m.timeout)
	if err := c.open(ctx); err != nil {
		return fmt.Errorf("reaching the mint: %w", err)
	}
	c.close()
	var err error
	// The information is for the report: a mint without it can be measured.
	if m.info, err = m.setup.Info(ctx); errors.Is(err, mintclient.ErrNotSent) {
		return fmt.Errorf("reaching the mint: %w", err)
	}
	all, err := m.setup.Keysets(ctx)
	if err != nil {
		return fmt.Errorf("listing keysets: %w", err)
	}
	candidates := slices.DeleteFunc(all, func(k cashu.KeysetInfo) bool {
		return !strings.EqualFold(string(k.Unit), m.unit) || !k.Active
	})
	if len(candidates) == 0 {
		return fmt.Errorf("the mint has no active keyset of the unit %q", m.unit)
	}
	best := slices.MinFunc(candidates, func(a, b cashu.KeysetInfo) int { return cmp.Compare(a.InputFeePPK, b.InputFeePPK) })
	if m.keys, err = m.setup.Keys(ctx, best); err != nil {
		return fmt.Errorf("reading the keys of %v: %w", best.ID, err)
	}
	m.id = m.keys.ID.String()
	return nil
}

// denominations are the amounts that have keys, ascending.
func (m *mintClient) denominations() []cashu.Amount { return m.keys.Keys.Amounts() }

// key is the one for an amount that has one.
func (m *mintClient) key(amount cashu.Amount) bdhke.Point {
	p, _ := m.keys.Keys.Get(amount)
	return p
}

// quote asks for a mint quote.
func (m *mintClient) quote(ctx context.Context, amount cashu.Amount) (string, error) {
	q, err := m.setup.CreateMintQuote(ctx, "bolt11", mintclient.MintQuoteRequest{Amount: amount, Unit: m.keys.Unit})
	return q.Quote, err
}

// awaitPaid looks at a quote until it is paid.
func (m *mintClient) awaitPaid(ctx context.Context, id string, amount cashu.Amount) error {
	limited, cancel := context.WithTimeout(ctx, m.patience)
	defer cancel()
	_, err := m.setup.AwaitPaid(limited, "bolt11", id, amount, firstPoll)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("a quote is not paid after %v: the mint's backend must pay by itself", m.patience)
	}
	return err
}
