package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/cashu/token"
	"mintmark/wallet"
)

func (p program) inboxCommand(g *globals) *cobra.Command {
	var tokens bool
	list := func(cmd *cobra.Command, _ []string) error {
		return p.look(cmd, g, func(ctx context.Context, s *session) error { return s.inbox(ctx, tokens) })
	}
	cmd := &cobra.Command{
		Use:   "inbox",
		Short: "Tokens that a mint has refused",
		Long: `A token that could not be received is kept here: perhaps its lock opens later, or
somebody else can help.`,
		Args: noArgs,
		RunE: list,
	}
	listing := &cobra.Command{Use: "list", Short: "List them", Args: noArgs, RunE: list}
	for _, each := range []*cobra.Command{cmd, listing} {
		each.Flags().BoolVar(&tokens, "tokens", false, "show the tokens themselves")
	}
	var f receiveFlags
	retry := &cobra.Command{
		Use: "retry ID", Short: "Try to receive one again", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			o, err := f.options(cmd)
			if err != nil {
				return err
			}
			return p.move(cmd, g, func(ctx context.Context, s *session) error { return s.retryInbox(ctx, given[0], o) })
		},
	}
	f.add(retry)
	discard := &cobra.Command{
		Use: "discard ID", Short: "Throw one away for ever", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return p.look(cmd, g, func(ctx context.Context, s *session) error { return s.discardInbox(ctx, given[0]) })
		},
	}
	cmd.AddCommand(listing, retry, discard)
	return cmd
}

type inboxJSON struct {
	ID     string       `json:"id"`
	Mint   string       `json:"mint"`
	Unit   string       `json:"unit"`
	Amount cashu.Amount `json:"amount"`
	Reason string       `json:"reason"`
	At     int64        `json:"at"`
	Token  string       `json:"token,omitempty"`
}

func (s *session) inbox(ctx context.Context, tokens bool) error {
	items, err := s.store.Inbox(ctx)
	if err != nil {
		return err
	}
	items, err = narrow(ctx, s, items, func(i wallet.InboxItem) (string, cashu.Unit) { return i.MintURL, i.Unit })
	if err != nil {
		return err
	}
	v := make([]inboxJSON, len(items))
	for i, item := range items {
		v[i] = inboxJSON{ID: item.ID.String(), Mint: item.MintURL, Unit: item.Unit.String(), Amount: item.Amount, Reason: item.Reason, At: item.At}
		if tokens {
			v[i].Token = string(item.Token)
		}
	}
	return s.show(v, func(w io.Writer) {
		if len(v) == 0 {
			line(w, "The inbox is empty.")
			return
		}
		row(w, "ID", "AMOUNT", "SINCE", "MINT", "REASON")
		for _, item := range v {
			row(w, item.ID, formatAmount(item.Amount, cashu.Unit(item.Unit)), moment(item.At), item.Mint, item.Reason)
			if tokens {
				line(w, "%s", item.Token)
			}
		}
	})
}

func (s *session) inboxItem(ctx context.Context, text string) (wallet.InboxItem, error) {
	items, err := s.store.Inbox(ctx)
	if err != nil {
		return wallet.InboxItem{}, err
	}
	return pick(items, text, "token in the inbox", func(i wallet.InboxItem) string { return i.ID.String() })
}

func (s *session) removeInbox(ctx context.Context, item wallet.InboxItem) error {
	err := s.store.Update(ctx, func(tx wallet.Tx) error { return tx.RemoveInbox(ctx, item.ID) })
	if errors.Is(err, wallet.ErrNotFound) {
		return nil // receiving it has
	}
	return err
}

// retryInbox receives a token again. If that is refused again, the library puts the
// token back under another id; in parts, those that were refused.
func (s *session) retryInbox(ctx context.Context, text string, o wallet.ReceiveOptions) error {
	item, err := s.inboxItem(ctx, text)
	if err != nil {
		return err
	}
	t, err := token.Parse(string(item.Token))
	if err != nil {
		return err
	}
	if err := s.receive(ctx, t, o); err != nil {
		return err // the token is where it was, or where it came back to
	}
	return s.removeInbox(ctx, item)
}

func (s *session) discardInbox(ctx context.Context, text string) error {
	item, err := s.inboxItem(ctx, text)
	if err != nil {
		return err
	}
	if err := s.agree(ctx, s.globals, "Throw the token over %s of %s away for ever?", formatAmount(item.Amount, item.Unit), item.MintURL); err != nil {
		return err
	}
	return s.removeInbox(ctx, item)
}
