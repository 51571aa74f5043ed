package harness

import (
	"context"
	"encoding/hex"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// MintQuote asks for a quote by any method.
func (c *Client) MintQuote(method string, req mintclient.MintQuoteRequest) mintclient.MintQuote {
	c.t.Helper()
	if req.Unit == "" {
		req.Unit = cashu.UnitSat
	}
	q, err := c.mint.CreateMintQuote(c.t.Context(), method, req)
	c.check(err)
	return q
}

// MeltQuote asks what a payment by any method costs.
func (c *Client) MeltQuote(method string, req mintclient.MeltQuoteRequest) mintclient.MeltQuote {
	c.t.Helper()
	if req.Unit == "" {
		req.Unit = cashu.UnitSat
	}
	q, err := c.mint.CreateMeltQuote(c.t.Context(), method, req)
	c.check(err)
	return q
}

// PaidQuote asks for a quote and waits until the fake backend has paid it.
func (c *Client) PaidQuote(amount cashu.Amount) mintclient.MintQuote {
	c.t.Helper()
	return c.WaitPaid(c.MintQuote("bolt11", mintclient.MintQuoteRequest{Amount: amount}).Quote)
}

// WaitPaid waits until a quote is no longer unpaid.
func (c *Client) WaitPaid(id string) mintclient.MintQuote {
	c.t.Helper()
	return c.WaitPaidOf("bolt11", id, 1)
}

// WaitPaidOf waits until at least this much was paid for a quote.
func (c *Client) WaitPaidOf(method, id string, amount cashu.Amount) mintclient.MintQuote {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	q, err := c.mint.AwaitPaid(ctx, method, id, amount, 20*time.Millisecond)
	if err != nil {
		c.t.Fatalf("waiting %v for a payment of %d: %v: %+v", patience, amount, err, q)
	}
	return q
}

// ReadMint asks about a mint quote over bolt11.
func (c *Client) ReadMint(id string) mintclient.MintQuote {
	c.t.Helper()
	return c.ReadMintOf("bolt11", id)
}

// ReadMintOf asks about a mint quote.
func (c *Client) ReadMintOf(method, id string) mintclient.MintQuote {
	c.t.Helper()
	q, err := c.mint.MintQuote(c.t.Context(), method, id)
	c.check(err)
	return q
}

// ReadMelt asks about a melt quote over bolt11.
func (c *Client) ReadMelt(id string) mintclient.MeltQuote {
	c.t.Helper()
	return c.ReadMeltOf("bolt11", id)
}

// ReadMeltOf asks about a melt quote.
func (c *Client) ReadMeltOf(method, id string) mintclient.MeltQuote {
	c.t.Helper()
	q, err := c.mint.MeltQuote(c.t.Context(), method, id)
	c.check(err)
	return q
}

// Reserve is the fee reserve of a melt quote, or the first to choose from.
func Reserve(q mintclient.MeltQuote) cashu.Amount {
	if len(q.FeeOptions) > 0 {
		return q.FeeOptions[0].FeeReserve
	}
	return q.FeeReserve
}

// SignQuote signs a mint request for a locked quote (NUT-20); key is in hex.
func (c *Client) SignQuote(key, quote string, outputs []cashu.BlindedMessage) string {
	c.t.Helper()
	raw, err := hex.DecodeString(key)
	c.check(err)
	k, err := bdhke.NewScalar(raw)
	c.check(err)
	sig, err := cashu.SignQuote(k, quote, outputs, false)
	c.check(err)
	return sig
}
