package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/internal/printable"
	"mintmark/wallet"
)

func (p program) pendingCommand(g *globals) *cobra.Command {
	var tokens, all bool
	list := func(cmd *cobra.Command, _ []string) error {
		return p.look(cmd, g, func(ctx context.Context, s *session) error { return s.pendingList(ctx, tokens) })
	}
	cmd := &cobra.Command{
		Use:   "pending",
		Short: "Tokens that were sent and not received yet",
		Args:  noArgs,
		RunE:  list,
	}
	listing := &cobra.Command{Use: "list", Short: "List them", Args: noArgs, RunE: list}
	for _, each := range []*cobra.Command{cmd, listing} {
		each.Flags().BoolVar(&tokens, "tokens", false, "show the tokens themselves")
	}
	revoke := &cobra.Command{
		Use: "revoke OPERATION | --all", Short: "Take a token back that nobody has received", Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if all == (len(given) == 1) {
				return usagef(cmd, "say which one, or --all")
			}
			return p.move(cmd, g, func(ctx context.Context, s *session) error { return s.revoke(ctx, given) })
		},
	}
	revoke.Flags().BoolVar(&all, "all", false, "all of them that are not locked to others")
	check := &cobra.Command{
		Use: "check [OPERATION]", Short: "Ask the mints which of them were received", Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return p.ask(cmd, g, func(ctx context.Context, s *session) error { return s.checkSent(ctx, given) })
		},
	}
	cmd.AddCommand(listing, revoke, check)
	return cmd
}

type pendingJSON struct {
	Operation string       `json:"operation"`
	Mint      string       `json:"mint"`
	Unit      string       `json:"unit"`
	Amount    cashu.Amount `json:"amount"`
	Memo      string       `json:"memo,omitempty"`
	Locked    bool         `json:"locked,omitempty"`
	At        int64        `json:"at"`
	Token     string       `json:"token,omitempty"`
}

// sentTokens are the sends whose token is out.
func (s *session) sentTokens(ctx context.Context) ([]wallet.Saga, error) {
	sagas, err := s.store.Sagas(ctx)
	var out []wallet.Saga
	for _, each := range sagas {
		if each.State == wallet.SendTokenCreated {
			out = append(out, each)
		}
	}
	return out, err
}

func jsonPending(g wallet.Saga, token bool) pendingJSON {
	v := pendingJSON{Operation: g.ID.String(), Mint: g.MintURL, Unit: g.Unit.String(), Amount: g.Amount, At: g.Created}
	if d, ok := g.Data.(*wallet.SendData); ok {
		v.Memo, v.Locked = d.Memo, d.Locked
		if token {
			v.Token = string(d.Token)
		}
	}
	return v
}

func (s *session) pendingList(ctx context.Context, tokens bool) error {
	sagas, err := s.sentTokens(ctx)
	if err != nil {
		return err
	}
	if sagas, err = narrow(ctx, s, sagas, func(o wallet.Saga) (string, cashu.Unit) { return o.MintURL, o.Unit }); err != nil {
		return err
	}
	v := make([]pendingJSON, len(sagas))
	for i, each := range sagas {
		v[i] = jsonPending(each, tokens)
	}
	return s.show(v, func(w io.Writer) {
		if len(v) == 0 {
			line(w, "Every token was received.")
			return
		}
		row(w, "OPERATION", "AMOUNT", "SENT", "MINT", "MEMO")
		for _, each := range v {
			row(w, each.Operation, formatAmount(each.Amount, cashu.Unit(each.Unit)), moment(each.At), each.Mint, printable.Text(each.Memo, 0))
			if tokens {
				line(w, "%s", each.Token)
			}
		}
	})
}

// chosenTokens is the one that is named, or all.
func (s *session) chosenTokens(ctx context.Context, given []string) ([]wallet.Saga, error) {
	sagas, err := s.sentTokens(ctx)
	if err != nil || len(given) == 0 {
		return sagas, err
	}
	one, err := pick(sagas, given[0], "token out under the operation", func(g wallet.Saga) string { return g.ID.String() })
	return []wallet.Saga{one}, err
}

type revokedJSON struct {
	Operation string       `json:"operation"`
	Unit      string       `json:"unit"`
	Returned  cashu.Amount `json:"returned"`
	Claimed   bool         `json:"claimed,omitempty"` // the receiver was quicker
}

func (s *session) revoke(ctx context.Context, given []string) error {
	sagas, err := s.chosenTokens(ctx, given)
	if err != nil {
		return err
	}
	if len(given) == 0 && len(sagas) > 0 {
		if err := s.agree(ctx, s.globals, "Take all %d tokens back?", len(sagas)); err != nil {
			return err
		}
	}
	var failed []error
	for _, each := range sagas {
		back, err := s.wallet.Revoke(ctx, each.ID)
		if errors.Is(err, wallet.ErrLocked) && len(given) == 0 {
			s.say("%s is locked to somebody else, so it cannot be taken back.", each.ID)
			continue
		}
		taken := errors.Is(err, wallet.ErrTaken)
		if err != nil && !(taken && len(given) == 0) {
			failed = append(failed, err)
			continue
		}
		v := revokedJSON{each.ID.String(), each.Unit.String(), back, taken}
		failed = append(failed, s.show(v, func(w io.Writer) {
			if taken {
				line(w, "%s was received meanwhile.", each.ID)
				return
			}
			line(w, "Took back %s.", formatAmount(back, each.Unit))
		}))
	}
	return errors.Join(failed...)
}

type checkedJSON struct {
	Operation string       `json:"operation"`
	Unit      string       `json:"unit"`
	Claimed   cashu.Amount `json:"claimed"`
	Unclaimed cashu.Amount `json:"unclaimed"`
}

func (s *session) checkSent(ctx context.Context, given []string) error {
	sagas, err := s.chosenTokens(ctx, given)
	if err != nil {
		return err
	}
	v := []checkedJSON{}
	var failed []error
	for _, each := range sagas {
		status, err := s.wallet.CheckSend(ctx, each.ID)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		v = append(v, checkedJSON{each.ID.String(), each.Unit.String(), status.Claimed, status.Unclaimed})
	}
	failed = append(failed, s.show(v, func(w io.Writer) {
		for _, each := range v {
			unit := cashu.Unit(each.Unit)
			row(w, each.Operation, "received "+formatAmount(each.Claimed, unit), "still out "+formatAmount(each.Unclaimed, unit))
		}
	}))
	return errors.Join(failed...)
}
