package mintclient

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// Info reads GET /v1/info (NUT-06). Raw is the whole of it, for keeping.
func (c *Client) Info(ctx context.Context) (info Info, err error) {
	var raw jsontext.Value
	if err := c.get(ctx, "asking what the mint offers", "/v1/info", &raw); err != nil {
		return info, err
	}
	if info, err = ParseInfo(raw); err != nil {
		return info, fmt.Errorf("asking what the mint offers: %w: the answer makes no sense", ErrNoAnswer)
	}
	return info, nil
}

// Swap is POST /v1/swap (NUT-03).
func (c *Client) Swap(ctx context.Context, req cashu.SwapRequest) ([]cashu.BlindSignature, error) {
	var v cashu.SwapResponse
	err := c.post(ctx, "swapping", "/v1/swap", req, &v, nil)
	return v.Signatures, err
}

// CreateMintQuote is POST /v1/mint/quote/{method} (NUT-04).
func (c *Client) CreateMintQuote(ctx context.Context, method string, req MintQuoteRequest) (MintQuote, error) {
	var v MintQuote
	err := c.post(ctx, "asking for a quote", "/v1/mint/quote/"+url.PathEscape(method), req, &v, nil)
	return v.complete(err)
}

// MintQuote is GET /v1/mint/quote/{method}/{id}.
func (c *Client) MintQuote(ctx context.Context, method, id string) (MintQuote, error) {
	var v MintQuote
	err := c.get(ctx, "asking about a quote", "/v1/mint/quote/"+url.PathEscape(method)+"/"+url.PathEscape(id), &v)
	return v.complete(err)
}

// AwaitPaid asks about a mint quote until at least this much was paid for it, with
// pauses that grow from the first one. It does not listen for news, and fails with the
// first question that does.
func (c *Client) AwaitPaid(ctx context.Context, method, id string, least cashu.Amount, first time.Duration) (q MintQuote, err error) {
	err = c.Watch(Topic{}).Until(ctx, first, func() (bool, error) {
		var err error
		q, err = c.MintQuote(ctx, method, id)
		paid, _ := q.Totals(least)
		return paid >= least, err
	})
	return q, err
}

// Mint is POST /v1/mint/{method} (NUT-04, NUT-20).
func (c *Client) Mint(ctx context.Context, method string, req cashu.MintRequest) ([]cashu.BlindSignature, error) {
	var v cashu.MintResponse
	err := c.post(ctx, "minting", "/v1/mint/"+url.PathEscape(method), req, &v, nil)
	return v.Signatures, err
}

// CreateMeltQuote is POST /v1/melt/quote/{method} (NUT-05).
func (c *Client) CreateMeltQuote(ctx context.Context, method string, req MeltQuoteRequest) (MeltQuote, error) {
	var v MeltQuote
	err := c.post(ctx, "asking for a quote", "/v1/melt/quote/"+url.PathEscape(method), req, &v, nil)
	return v.complete(err)
}

// MeltQuote is GET /v1/melt/quote/{method}/{id}.
func (c *Client) MeltQuote(ctx context.Context, method, id string) (MeltQuote, error) {
	var v MeltQuote
	err := c.get(ctx, "asking about a quote", "/v1/melt/quote/"+url.PathEscape(method)+"/"+url.PathEscape(id), &v)
	return v.complete(err)
}

// Melt is POST /v1/melt/{method} (NUT-05, NUT-08). With async the mint is asked to
// answer before the payment is done.
func (c *Client) Melt(ctx context.Context, method string, req MeltRequest, async bool) (MeltQuote, error) {
	header := http.Header{}
	if async {
		header.Set("Prefer", "respond-async")
	}
	var v MeltQuote
	err := c.post(ctx, "melting", "/v1/melt/"+url.PathEscape(method), req, &v, header)
	return v.complete(err)
}

// checkState asks about coins that fit into one question.
func (c *Client) checkState(ctx context.Context, ys []bdhke.Point) ([]cashu.StateEntry, error) {
	const what = "asking whether coins are spent"
	var v cashu.CheckStateResponse
	if err := c.post(ctx, what, "/v1/checkstate", cashu.CheckStateRequest{Ys: ys}, &v, nil); err != nil {
		return nil, err
	}
	found := make(map[bdhke.Point]cashu.StateEntry, len(v.States))
	for _, s := range v.States {
		found[s.Y] = s
	}
	list := make([]cashu.StateEntry, len(ys))
	for i, y := range ys {
		s, ok := found[y]
		if !ok || s.State != cashu.ProofUnspent && s.State != cashu.ProofPending && s.State != cashu.ProofSpent {
			return nil, fmt.Errorf("%s: %w: the answer leaves coins out", what, ErrNoAnswer)
		}
		list[i] = s
	}
	return list, nil
}

// restore asks about outputs that fit into one question.
func (c *Client) restore(ctx context.Context, outputs []cashu.BlindedMessage) ([]cashu.BlindedMessage, []cashu.BlindSignature, error) {
	const what = "asking for signatures again"
	var raw jsontext.Value
	if err := c.post(ctx, what, "/v1/restore", cashu.RestoreRequest{Outputs: outputs}, &raw, nil); err != nil {
		return nil, nil, err
	}
	// Two lists, be they empty, say that nothing was signed. No lists say nothing.
	var lists struct {
		Outputs    jsontext.Value `json:"outputs"`
		Signatures jsontext.Value `json:"signatures"`
	}
	var v cashu.RestoreResponse
	if cashu.Decode(raw, &lists) != nil || lists.Outputs == nil || lists.Signatures == nil || cashu.Decode(raw, &v) != nil {
		return nil, nil, fmt.Errorf("%s: %w: the answer makes no sense", what, ErrNoAnswer)
	}
	if len(v.Outputs) != len(v.Signatures) {
		return nil, nil, fmt.Errorf("%s: %w: %d outputs and %d signatures", what, ErrNoAnswer, len(v.Outputs), len(v.Signatures))
	}
	return v.Outputs, v.Signatures, nil
}
