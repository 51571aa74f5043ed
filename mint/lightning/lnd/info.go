package lnd

import (
	"context"
	"net/http"
)

// info is what the node says of itself.
type info struct {
	Pubkey   string `json:"identity_pubkey"`
	Alias    string `json:"alias"`
	Version  string `json:"version"`
	Synced   bool   `json:"synced_to_chain"`
	Graph    bool   `json:"synced_to_graph"`
	Active   int    `json:"num_active_channels"`
	Inactive int    `json:"num_inactive_channels"`
	Pending  int    `json:"num_pending_channels"`
	Chains   []struct{ Network string }
}

func (b *Backend) info(ctx context.Context) (v info, err error) {
	ctx, cancel := quickly(ctx)
	defer cancel()
	err = b.client.call(ctx, http.MethodGet, "/v1/getinfo", nil, &v)
	return v, err
}
