package lnd

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"mintmark/mint/lightning/bolt11"
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
	if err == nil && v.Pubkey == "" {
		err = errors.New("an answer that tells of no node")
	}
	return v, err
}

// networks are the names that lnd has for chains.
var networks = map[bolt11.Network]string{
	bolt11.Mainnet: "mainnet", bolt11.Testnet: "testnet", bolt11.Signet: "signet", bolt11.Regtest: "regtest",
}

// Ping implements lightning.Pinger: the node answers, is on the right chain and knows
// its latest block.
func (b *Backend) Ping(ctx context.Context) error {
	const doing = "look for the node"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return wrap(doing, err)
	}
	defer leave()
	v, err := b.info(ctx)
	if err == nil {
		err = b.fit(v)
	}
	return wrap(doing, err)
}

// fit tells what is wrong with a node that answers.
func (b *Backend) fit(v info) error {
	want := networks[b.cfg.Network]
	switch {
	case len(v.Chains) != 1 || v.Chains[0].Network != want:
		return fmt.Errorf("the node is on %+v, and the mint on %s", v.Chains, want)
	case !v.Synced:
		return errors.New("the node is still reading the chain")
	}
	return nil
}
