package wallet

import (
	"context"

	"mintmark/cashu/token"
)

// Keep puts a token into the inbox that Receive could not begin with: its mint is away
// or not known well enough, or its coins are worth less than their fee. A token that is
// there already is not put there twice. reason is for its owner, without secrets.
func (w *Wallet) Keep(ctx context.Context, t token.Token, reason string) error {
	sum, err := t.Amount()
	if err != nil {
		return err
	}
	text, err := t.Encode()
	if err != nil {
		return err
	}
	id, err := newID()
	if err != nil {
		return err
	}
	return w.store.Update(ctx, func(tx Tx) error {
		items, err := tx.Inbox(ctx)
		if err != nil {
			return err
		}
		for _, item := range items {
			if string(item.Token) == text {
				return nil
			}
		}
		return tx.AddInbox(ctx, InboxItem{ID: id, Token: Secret(text), Amount: sum, Unit: t.Unit, MintURL: t.Mint, Reason: reason, At: w.now().Unix()})
	})
}
