package lnd

import (
	"context"

	"mintmark/mint/lightning"
)

var _ lightning.Identified = (*Backend)(nil)

// Identity implements lightning.Identified: the public key of the node. One that was set
// up anew has another.
func (b *Backend) Identity(ctx context.Context) (string, error) {
	const doing = "ask who the node is"
	ctx, leave, err := b.enter(ctx)
	if err != nil {
		return "", wrap(doing, err)
	}
	defer leave()
	v, err := b.info(ctx)
	return v.Pubkey, wrap(doing, err)
}
