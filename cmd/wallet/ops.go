package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/wallet"
)

func (p program) opsCommand(g *globals) *cobra.Command {
	var abandoned bool
	list := func(cmd *cobra.Command, _ []string) error {
		return p.look(cmd, g, func(ctx context.Context, s *session) error { return s.operations(ctx, abandoned) })
	}
	cmd := &cobra.Command{
		Use:   "ops",
		Short: "Operations that are not finished: look at them, and go on with them",
		Args:  noArgs,
		RunE:  list,
	}
	var force bool
	recovering := &cobra.Command{
		Use: "recover [OPERATION]", Short: "Go on with what was interrupted", Args: args(cobra.MaximumNArgs(1)),
		Long: `recover asks the mints how interrupted operations stand and brings them to their
end, forward or back. What another living process works on is left alone, unless
--force says otherwise. It exits with 4 if something is still not decided.`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return p.ask(cmd, g, func(ctx context.Context, s *session) error { return s.recoverAll(ctx, given, force) })
		},
	}
	recovering.Flags().BoolVar(&force, "force", false, "also what a living process works on")
	reclaim := &cobra.Command{
		Use: "reclaim OPERATION", Short: "Take the coins of what is in doubt back", Args: args(cobra.ExactArgs(1)),
		Long: `reclaim exchanges the coins of a payment, a swap or a receive that the mint has not
begun for new ones, so that a late request can do nothing with them. Without it,
"ops recover" frees those of a payment once the mint's offer has ended. If the mint
has begun, nothing changes (exit code 4).`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return p.ask(cmd, g, func(ctx context.Context, s *session) error { return s.reclaim(ctx, given[0]) })
		},
	}
	listing := &cobra.Command{Use: "list", Short: "List them", Args: noArgs, RunE: list}
	for _, each := range []*cobra.Command{cmd, listing} {
		each.Flags().BoolVar(&abandoned, "abandoned", false, "those that were given up instead")
	}
	cmd.AddCommand(p.abandonCommands(g)...)
	cmd.AddCommand(
		listing,
		&cobra.Command{
			Use: "show OPERATION", Short: "Show what happened to one, step by step", Args: args(cobra.ExactArgs(1)),
			RunE: func(cmd *cobra.Command, given []string) error {
				return p.look(cmd, g, func(ctx context.Context, s *session) error { return s.operation(ctx, given[0]) })
			},
		},
		recovering, reclaim,
	)
	return cmd
}

type operationJSON struct {
	Operation string       `json:"operation"`
	Kind      string       `json:"kind"`
	State     string       `json:"state"`
	Mint      string       `json:"mint"`
	Unit      string       `json:"unit"`
	Amount    cashu.Amount `json:"amount"`
	Quote     string       `json:"quote,omitempty"`
	Created   int64        `json:"created"`
	Updated   int64        `json:"updated"`
	Version   uint32       `json:"version"`
}

func jsonOperation(o wallet.Saga) operationJSON {
	return operationJSON{o.ID.String(), string(o.Kind), o.State.String(), o.MintURL, o.Unit.String(), o.Amount, o.QuoteID, o.Created, o.Updated, o.Version}
}

func (s *session) operations(ctx context.Context, abandoned bool) error {
	sagas, err := s.listed(ctx, abandoned)
	sagas, narrowErr := narrow(ctx, s, sagas, func(o wallet.Saga) (string, cashu.Unit) { return o.MintURL, o.Unit })
	if narrowErr != nil {
		return narrowErr
	}
	v := make([]operationJSON, len(sagas))
	for i, each := range sagas {
		v[i] = jsonOperation(each)
	}
	return errors.Join(err, s.show(v, func(w io.Writer) {
		if len(v) == 0 {
			line(w, "%s", map[bool]string{false: "Everything is finished.", true: "Nothing was given up."}[abandoned])
			return
		}
		row(w, "OPERATION", "KIND", "STATE", "AMOUNT", "SINCE", "MINT")
		for _, o := range v {
			row(w, o.Operation, o.Kind, o.State, formatAmount(o.Amount, cashu.Unit(o.Unit)), moment(o.Updated), o.Mint)
		}
	}))
}

type journalJSON struct {
	At      int64  `json:"at"`
	Version uint32 `json:"version"`
	State   string `json:"state,omitempty"` // empty: it has ended
	Process string `json:"process"`
	Reason  string `json:"reason"`
}

func (s *session) operation(ctx context.Context, text string) error {
	id, err := s.operationID(ctx, text)
	if err != nil {
		return err
	}
	steps, err := s.store.Journal(ctx, id)
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		return fmt.Errorf("there is no operation %q", text)
	}
	v := make([]journalJSON, len(steps))
	for i, e := range steps {
		v[i] = journalJSON{At: e.At, Version: e.Version, Process: e.Instance, Reason: e.Reason}
		if e.State != 0 {
			v[i].State = e.State.String()
		}
	}
	return s.show(v, func(w io.Writer) {
		for _, e := range v {
			state := e.State
			if state == "" {
				state = "ended"
			}
			row(w, moment(e.At), state, e.Reason)
		}
	})
}

// operationID reads an id, or the beginning of one that is unfinished or in the
// history.
func (s *session) operationID(ctx context.Context, text string) (uuid.UUID, error) {
	if id, err := uuid.Parse(text); err == nil {
		return id, nil
	}
	sagas, err := s.store.Sagas(ctx)
	if err != nil {
		return uuid.Nil, err
	}
	abandoned, err := s.store.Abandoned(ctx)
	if err != nil {
		return uuid.Nil, err
	}
	history, err := s.store.Transactions(ctx, 0)
	if err != nil {
		return uuid.Nil, err
	}
	var ids []uuid.UUID
	seen := map[uuid.UUID]bool{}
	for _, each := range append(sagas, abandoned...) {
		ids, seen[each.ID] = append(ids, each.ID), true
	}
	for _, t := range history {
		if !seen[t.Operation] {
			ids = append(ids, t.Operation)
		}
	}
	return pick(ids, text, "operation", uuid.UUID.String)
}

type recoveredJSON struct {
	Operation string `json:"operation"`
	Kind      string `json:"kind"`
	State     string `json:"state"` // that it was found in
	Result    string `json:"result"`
	Reason    string `json:"reason,omitempty"`
}

// deathTime is how long a process must look at a server's locks before another one
// counts as dead, and a little more.
const deathTime = 15 * time.Second

// recoverDead recovers, and on a server goes on looking for a while if something is
// left to another process: it may be dead, which takes time to prove there.
func (s *session) recoverDead(ctx context.Context, o wallet.RecoverOptions) ([]wallet.Recovered, error) {
	done, err := s.wallet.Recover(ctx, o)
	left := func() bool {
		return slices.ContainsFunc(done, func(r wallet.Recovered) bool { return r.Result == wallet.RecoveredLeft })
	}
	for began := s.clock(); err == nil && s.onServer() && left() && s.clock().Sub(began) < deathTime; {
		select {
		case <-ctx.Done():
			return done, nil
		case <-time.After(time.Second):
		}
		var again []wallet.Recovered
		again, err = s.wallet.Recover(ctx, o)
		for _, r := range again {
			i := slices.IndexFunc(done, func(d wallet.Recovered) bool { return d.ID == r.ID })
			if i < 0 {
				done = append(done, r)
			} else {
				done[i] = r
			}
		}
	}
	return done, err
}

func (s *session) recoverAll(ctx context.Context, given []string, force bool) error {
	o := wallet.RecoverOptions{Force: force}
	if len(given) == 1 {
		var err error
		if o.ID, err = s.operationID(ctx, given[0]); err != nil {
			return err
		}
	}
	done, err := s.recoverDead(ctx, o)
	v := make([]recoveredJSON, len(done))
	undecided := 0
	for i, r := range done {
		v[i] = recoveredJSON{Operation: r.ID.String(), Kind: string(r.Kind), State: r.State.String(), Result: string(r.Result)}
		if r.Err != nil {
			v[i].Reason = r.Err.Error()
		}
		if now, err := s.store.Saga(ctx, r.ID); err == nil && now.State != wallet.SendTokenCreated {
			undecided++
		}
	}
	shown := s.show(v, func(w io.Writer) {
		if len(v) == 0 {
			line(w, "Nothing was interrupted.")
		}
		for _, r := range v {
			row(w, r.Operation, r.Kind, r.State, r.Result, r.Reason)
		}
	})
	if undecided > 0 {
		err = errors.Join(err, fmt.Errorf("%w: %d of them", wallet.ErrPending, undecided))
	}
	return errors.Join(err, shown)
}

func (s *session) reclaim(ctx context.Context, text string) error {
	id, err := s.operationID(ctx, text)
	if err != nil {
		return err
	}
	saga, err := s.store.Saga(ctx, id)
	if errors.Is(err, wallet.ErrNotFound) {
		return fmt.Errorf("the operation %s is finished", id)
	}
	if err != nil {
		return err
	}
	back, err := s.wallet.Reclaim(ctx, id)
	if err != nil {
		return err
	}
	return s.show(revokedJSON{Operation: id.String(), Unit: saga.Unit.String(), Returned: back}, func(w io.Writer) {
		line(w, "Took back %s.", formatAmount(back, saga.Unit))
	})
}
