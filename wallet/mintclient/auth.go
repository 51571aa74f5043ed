package mintclient

import (
	"context"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"

	"mintmark/cashu"
)

// ClearAuth is what a mint says about logging in (NUT-21); false: nothing.
func (i Info) ClearAuth() (v cashu.ClearAuthInfo, ok bool) {
	return v, i.setting(21, &v) && v.OpenIDDiscovery != ""
}

// BlindAuth is what a mint says about blind tokens (NUT-22); false: nothing.
func (i Info) BlindAuth() (v cashu.BlindAuthInfo, ok bool) {
	return v, i.setting(22, &v)
}

func (i Info) setting(nut int, v any) bool {
	raw, ok := i.nuts[strconv.Itoa(nut)]
	return ok && json.Unmarshal(raw, v) == nil
}

// AuthKeysets reads GET /v1/auth/blind/keysets (NUT-22).
func (c *Client) AuthKeysets(ctx context.Context) ([]cashu.KeysetInfo, error) {
	return c.keysets(ctx, "asking for keysets of tokens", "/v1/auth/blind/keysets")
}

// AuthKeys reads GET /v1/auth/blind/keys/{id} (NUT-22). Whether they belong to the id
// is not checked: nutshell makes it with a fee of which it says nothing here. The caller
// remembers them, and takes no others of this id.
func (c *Client) AuthKeys(ctx context.Context, info cashu.KeysetInfo) (cashu.Keyset, error) {
	return c.keys(ctx, "asking for keys of tokens", "/v1/auth/blind/keys/", info)
}

// MintAuth is POST /v1/auth/blind/mint (NUT-22).
func (c *Client) MintAuth(ctx context.Context, outputs []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	const what = "asking for blind tokens"
	var v cashu.MintResponse
	if err := c.post(ctx, what, "/v1/auth/blind/mint", cashu.BlindAuthMintRequest{Outputs: outputs}, &v, nil); err != nil {
		return nil, err
	}
	if len(v.Signatures) != len(outputs) {
		return nil, fmt.Errorf("%s: %w: %d signatures for %d outputs", what, ErrNoAnswer, len(v.Signatures), len(outputs))
	}
	return v.Signatures, nil
}
