package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/wallet"
)

// abandonCommands give operations up, and take them up again.
func (p program) abandonCommands(g *globals) []*cobra.Command {
	var force bool
	abandon := &cobra.Command{
		Use: "abandon OPERATION", Short: "Give one up that never ends", Args: args(cobra.ExactArgs(1)),
		Long: `abandon is for an operation that its mint keeps open for ever. It asks the mint once
more, and if that brings no end, puts the operation aside with the coins that it
holds: "balance" does not count them any more, and nothing goes on with it. Nothing
is deleted, and nothing is freed that the mint may still take: "ops resume" takes it
up again just as it was.`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return p.ask(cmd, g, func(ctx context.Context, s *session) error { return s.abandon(ctx, given[0], force) })
		},
	}
	abandon.Flags().BoolVar(&force, "force", false, "also what a living process works on")
	resume := &cobra.Command{
		Use: "resume OPERATION", Short: "Take one up again that was given up", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return p.ask(cmd, g, func(ctx context.Context, s *session) error { return s.resume(ctx, given[0]) })
		},
	}
	return []*cobra.Command{abandon, resume}
}

type abandonedJSON struct {
	Operation string       `json:"operation"`
	Unit      string       `json:"unit"`
	Coins     cashu.Amount `json:"coins"` // what those are worth that were put aside
	Ended     bool         `json:"ended"` // it has come to its end, and nothing was given up
	Evidence  string       `json:"evidence,omitempty"`
}

func (s *session) abandon(ctx context.Context, text string, force bool) error {
	id, err := s.operationID(ctx, text)
	if err != nil {
		return err
	}
	saga, err := s.store.Saga(ctx, id)
	if errors.Is(err, wallet.ErrNotFound) {
		return fmt.Errorf("the operation %s is finished, or was given up before", id)
	}
	if err != nil {
		return err
	}
	a, err := s.wallet.Abandon(ctx, id, wallet.AbandonOptions{Force: force, Agree: func(a wallet.Abandonment) error {
		s.say("%s", a.Evidence)
		s.say("%s", atStake(saga, a))
		return s.agree(ctx, s.globals, "Give the %s up?", saga.Kind)
	}})
	if err != nil {
		return err
	}
	v := abandonedJSON{id.String(), saga.Unit.String(), a.Coins, a.Ended, a.Evidence}
	return s.show(v, func(w io.Writer) {
		if a.Ended {
			line(w, "It has come to its end: nothing had to be given up.")
			return
		}
		line(w, `Given up. "wallet ops resume %s" takes it up again.`, id)
	})
}

// atStake says what may be lost with an operation.
func atStake(o wallet.Saga, a wallet.Abandonment) string {
	held, whole := formatAmount(a.Coins, o.Unit), formatAmount(o.Amount, o.Unit)
	switch o.Kind {
	case wallet.KindMint:
		return "The " + whole + " that were paid to the mint are lost unless it is taken up again and the mint gives them out."
	case wallet.KindReceive:
		return "The token over " + whole + " stays with the operation, and is lost if the mint has taken its coins."
	case wallet.KindMelt:
		return "It holds " + held + ". The payment may have been made, or may still be made: do not pay it again before you know."
	case wallet.KindSend:
		return "It holds " + held + ". Its token, if there is one, can still be received by whoever has it."
	}
	return "It holds " + held + ", which are lost if the mint has taken them and gives nothing for them."
}

func (s *session) resume(ctx context.Context, text string) error {
	list, err := s.store.Abandoned(ctx)
	if err != nil {
		return err
	}
	one, err := pick(list, text, "operation that was given up", func(o wallet.Saga) string { return o.ID.String() })
	if err != nil {
		return err
	}
	if err := s.wallet.Resume(ctx, one.ID); err != nil {
		return err
	}
	return s.recoverAll(ctx, []string{one.ID.String()}, false)
}

// listed are the operations that are not finished, or those that were given up.
func (s *session) listed(ctx context.Context, abandoned bool) ([]wallet.Saga, error) {
	if abandoned {
		return s.store.Abandoned(ctx)
	}
	return s.store.Sagas(ctx)
}
