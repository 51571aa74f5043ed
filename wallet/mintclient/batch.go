package mintclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"

	"mintmark/cashu"
)

// usualBatch is how many quotes go into one request where the mint does not say how
// many it takes, and the most where it does.
const usualBatch = 100

// Batch is how many quotes of a method the mint takes in one request (NUT-29); 0: it
// takes them one by one.
func (i Info) Batch(method string) int {
	var v struct {
		Max     *uint64  `json:"max_batch_size"`
		Methods []string `json:"methods"`
	}
	if !i.Supports(29) || json.Unmarshal(i.nuts[strconv.Itoa(29)], &v) != nil {
		return 0
	}
	if v.Methods != nil && !slices.Contains(v.Methods, method) {
		return 0
	}
	if v.Max == nil {
		return usualBatch
	}
	return int(min(*v.Max, usualBatch))
}

// MintQuotes is POST /v1/mint/quote/{method}/check (NUT-29): quotes in the order
// asked, all of them or none.
func (c *Client) MintQuotes(ctx context.Context, method string, ids []string) ([]MintQuote, error) {
	const what = "asking about quotes"
	var v []MintQuote
	if err := c.post(ctx, what, "/v1/mint/quote/"+url.PathEscape(method)+"/check", cashu.QuoteCheckRequest{Quotes: ids}, &v, nil); err != nil {
		return nil, err
	}
	if len(v) != len(ids) {
		return nil, fmt.Errorf("%s: %w: %d answers for %d quotes", what, ErrNoAnswer, len(v), len(ids))
	}
	for i := range v {
		var err error
		if v[i], err = v[i].complete(nil); err != nil {
			return nil, err
		}
		if v[i].Quote != ids[i] {
			return nil, fmt.Errorf("%s: %w: the answer is about other quotes", what, ErrNoAnswer)
		}
	}
	return v, nil
}

// MintBatch is POST /v1/mint/{method}/batch (NUT-29).
func (c *Client) MintBatch(ctx context.Context, method string, req cashu.BatchMintRequest) ([]cashu.BlindSignature, error) {
	var v cashu.MintResponse
	err := c.post(ctx, "minting", "/v1/mint/"+url.PathEscape(method)+"/batch", req, &v, nil)
	return v.Signatures, err
}

// NoRoute tells that an error is an HTTP status without a code of the protocol that
// says that there is nothing at this address. It is worth as much as who says it: a
// proxy may have said it, of a mint that it could not find a moment ago.
func NoRoute(err error) bool {
	b, ok := errors.AsType[*bareAnswer](err)
	return ok && (b.status == http.StatusNotFound || b.status == http.StatusMethodNotAllowed || b.status == http.StatusNotImplemented)
}
