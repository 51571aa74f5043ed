package mintclient

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"mintmark/cashu"
)

// OddKeyset is a keyset that a mint lists and that makes no sense: nothing can be done
// with it, and it does not keep those beside it.
type OddKeyset struct {
	ID     string
	Reason string
}

// String is for the owner of the wallet to read.
func (o OddKeyset) String() string { return o.ID + ": " + o.Reason }

// Keysets reads GET /v1/keysets (NUT-02), those of it that make sense.
func (c *Client) Keysets(ctx context.Context) ([]cashu.KeysetInfo, error) {
	return c.keysets(ctx, "asking for keysets", "/v1/keysets")
}

// ListKeysets reads GET /v1/keysets (NUT-02). Those with an id that no version has
// today are left out, and with them those that make no sense, of which a list comes
// along.
func (c *Client) ListKeysets(ctx context.Context) ([]cashu.KeysetInfo, []OddKeyset, error) {
	return c.listKeysets(ctx, "asking for keysets", "/v1/keysets")
}

// keysets are those of a list that make sense.
func (c *Client) keysets(ctx context.Context, what, path string) ([]cashu.KeysetInfo, error) {
	list, _, err := c.listKeysets(ctx, what, path)
	return list, err
}

func (c *Client) listKeysets(ctx context.Context, what, path string) ([]cashu.KeysetInfo, []OddKeyset, error) {
	var v struct {
		Keysets []jsontext.Value `json:"keysets"`
	}
	if err := c.get(ctx, what, path, &v); err != nil {
		return nil, nil, err
	}
	if v.Keysets == nil { // a mint that lists none any more would say so
		return nil, nil, fmt.Errorf("%s: %w: the answer is incomplete", what, ErrNoAnswer)
	}
	var list []cashu.KeysetInfo
	var odd []OddKeyset
	for _, raw := range v.Keysets {
		var name struct {
			ID string `json:"id"`
		}
		if err := cashu.Decode(raw, &name); err != nil {
			odd = append(odd, OddKeyset{"a keyset", "it has no id"})
			continue
		}
		id, err := cashu.ParseKeysetID(name.ID)
		if err != nil {
			continue
		}
		var k struct {
			ID          string     `json:"id"`
			Unit        cashu.Unit `json:"unit"`
			Active      bool       `json:"active"`
			InputFeePPK uint64     `json:"input_fee_ppk"`
			FinalExpiry uint64     `json:"final_expiry"`
		}
		if err := cashu.Decode(raw, &k); err != nil {
			odd = append(odd, OddKeyset{id.String(), "its unit, fee or expiry makes no sense"})
			continue
		}
		list = append(list, cashu.KeysetInfo{ID: id, Unit: k.Unit, Active: k.Active, InputFeePPK: k.InputFeePPK, FinalExpiry: k.FinalExpiry})
	}
	return list, odd, nil
}

// ErrOddKeys: the mint has no keys for a keyset that it lists, or some that make no
// sense. It is an answer: asking again does not help.
var ErrOddKeys = errors.New("the keyset has no keys that make sense")

// Keys reads the keys of one keyset, GET /v1/keys/{id} (NUT-01), and checks that
// they belong to its id. What info says of unit, fee and expiry is part of the id
// where its version has it so.
func (c *Client) Keys(ctx context.Context, info cashu.KeysetInfo) (cashu.Keyset, error) {
	const what = "asking for keys"
	set, err := c.keys(ctx, what, "/v1/keys/", info)
	if err != nil {
		return set, err
	}
	if err := set.VerifyID(); err != nil {
		return cashu.Keyset{}, fmt.Errorf("%s: %w: %w", what, ErrOddKeys, err)
	}
	return set, nil
}

func (c *Client) keys(ctx context.Context, what, path string, info cashu.KeysetInfo) (cashu.Keyset, error) {
	var v struct {
		Keysets []struct {
			ID   string         `json:"id"`
			Keys jsontext.Value `json:"keys"`
		} `json:"keysets"`
	}
	err := c.get(ctx, what, path+info.ID.String(), &v)
	if errors.Is(err, cashu.ErrKeysetUnknown) {
		return cashu.Keyset{}, fmt.Errorf("%w: the mint does not know it: %w", ErrOddKeys, err)
	}
	if err != nil {
		return cashu.Keyset{}, err
	}
	if v.Keysets == nil { // not even an empty list
		return cashu.Keyset{}, fmt.Errorf("%s: %w: the answer is incomplete", what, ErrNoAnswer)
	}
	for _, k := range v.Keysets {
		if k.ID != info.ID.String() {
			continue
		}
		set := cashu.Keyset{ID: info.ID, Unit: info.Unit, Active: info.Active, InputFeePPK: info.InputFeePPK, FinalExpiry: info.FinalExpiry}
		if err := cashu.Decode(k.Keys, &set.Keys); err != nil {
			return cashu.Keyset{}, fmt.Errorf("%s: %w: they cannot be read", what, ErrOddKeys)
		}
		return set, nil
	}
	return cashu.Keyset{}, fmt.Errorf("%s: %w: the answer has none for keyset %v", what, ErrOddKeys, info.ID)
}
