package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// How often a quote is looked at while its invoice is being paid. Fake backends
// pay by themselves, after a moment.
const (
	firstPoll = 10 * time.Millisecond
	lastPoll  = 500 * time.Millisecond
)

// mintClient knows one mint and its keyset. It is read-only once made.
type mintClient struct {
	target   *Target
	timeout  time.Duration
	patience time.Duration // for a quote to be paid

	info   infoAnswer
	unit   string
	id     string
	feePPK uint64
	keys   map[cashu.Amount]bdhke.Point
}

// discover finds the keyset of the unit to mint with: active, of an id that
// outputs may have, the cheapest of several.
func (m *mintClient) discover(ctx context.Context) error {
	c := newConn(m.target, m.timeout)
	defer c.close()
	// The information is for the report: a mint without it can be measured.
	if err := get(ctx, c, "/v1/info", &m.info); err != nil && asFault(err).status == 0 {
		return fmt.Errorf("reaching the mint: %w", err)
	}
	var all keysetsAnswer
	if err := get(ctx, c, "/v1/keysets", &all); err != nil {
		return fmt.Errorf("listing keysets: %w", err)
	}
	candidates := slices.DeleteFunc(all.Keysets, func(k keysetInfo) bool {
		return !strings.EqualFold(k.Unit, m.unit) || k.Active != nil && !*k.Active || !usableID(k.ID)
	})
	if len(candidates) == 0 {
		return fmt.Errorf("the mint has no active keyset of the unit %q", m.unit)
	}
	best := slices.MinFunc(candidates, func(a, b keysetInfo) int { return int(min(a.FeePPK, 1<<30)) - int(min(b.FeePPK, 1<<30)) })
	m.id, m.feePPK = best.ID, uint64(best.FeePPK)
	var one keysetsAnswer
	if err := get(ctx, c, "/v1/keys/"+url.PathEscape(best.ID), &one); err != nil {
		return fmt.Errorf("reading the keys of %s: %w", best.ID, err)
	}
	for _, k := range one.Keysets {
		if k.ID == best.ID {
			return m.readKeys(k.Keys)
		}
	}
	return fmt.Errorf("the mint does not tell the keys of its keyset %s", best.ID)
}

func (m *mintClient) readKeys(keys map[string]string) error {
	m.keys = make(map[cashu.Amount]bdhke.Point, len(keys))
	for amount, key := range keys {
		n, err := strconv.ParseUint(amount, 10, 64)
		if err != nil {
			return fmt.Errorf("reading the keys of %s: amount: %w", m.id, err)
		}
		p, err := bdhke.ParsePointHex(key)
		if err != nil {
			return fmt.Errorf("reading the keys of %s: key of %d: %w", m.id, n, err)
		}
		m.keys[cashu.Amount(n)] = p
	}
	if len(m.keys) == 0 {
		return fmt.Errorf("keyset %s has no keys", m.id)
	}
	return nil
}

// denominations are the amounts that have keys, ascending.
func (m *mintClient) denominations() []cashu.Amount { return slices.Sorted(maps.Keys(m.keys)) }

// quote asks for a mint quote.
func (m *mintClient) quote(ctx context.Context, c *conn, amount cashu.Amount) (string, error) {
	var q quoteAnswer
	body, err := json.Marshal(map[string]any{"amount": uint64(amount), "unit": m.unit})
	if err != nil {
		return "", fmt.Errorf("asking for a quote: %w", err)
	}
	if err := post(ctx, c, "/v1/mint/quote/bolt11", body, &q); err != nil {
		return "", fmt.Errorf("asking for a quote: %w", err)
	}
	if q.Quote == "" {
		return "", errors.New("asking for a quote: the answer names none")
	}
	return q.Quote, nil
}

// awaitPaid looks at a quote until it is paid.
func (m *mintClient) awaitPaid(ctx context.Context, c *conn, id string) error {
	limit := time.Now().Add(m.patience)
	for pause := firstPoll; ; pause = min(2*pause, lastPoll) {
		var q quoteAnswer
		if err := get(ctx, c, "/v1/mint/quote/bolt11/"+url.PathEscape(id), &q); err != nil {
			return fmt.Errorf("looking at a quote: %w", err)
		}
		if q.paid() {
			return nil
		}
		if time.Now().After(limit) {
			return fmt.Errorf("a quote is not paid after %v: the mint's backend must pay by itself", m.patience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// get and post are for the time before the clock starts.

func get(ctx context.Context, c *conn, path string, into any) error {
	return call(ctx, c, http.MethodGet, path, nil, into)
}

func post(ctx context.Context, c *conn, path string, body []byte, into any) error {
	return call(ctx, c, http.MethodPost, path, body, into)
}

func call(ctx context.Context, c *conn, method, path string, body []byte, into any) error {
	status, answer, _, err := c.exchange(ctx, method, path, body)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return refusal(status, answer)
	}
	return decode(answer, into)
}
