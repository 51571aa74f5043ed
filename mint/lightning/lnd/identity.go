package lnd

import (
	"context"

	"mintmark/mint/lightning"
)

var (
	_ lightning.Identified  = (*Backend)(nil)
	_ lightning.Remembering = (*Backend)(nil)
)

// Memory implements lightning.Remembering.
func (b *Backend) Memory() string { return b.memory }

// Identity implements lightning.Identified: the public key of the node. One that was set
// up anew has another.
func (b *Backend) Identity(ctx context.Context) (string, error) {
	const doing = "ask who the node is"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return "", wrap(doing, err)
	}
	defer leave()
	v, err := b.info(ctx)
	return v.Pubkey, wrap(doing, err)
}

// elsewhere tells whether another node than this one was told to make the payment. This
// one knows nothing of it, which says nothing.
func (a attempt) elsewhere(node string) bool {
	return a.orders > 0 && a.node != "" && a.node != node
}
