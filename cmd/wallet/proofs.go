package main

import (
	"context"
	"io"
	"strconv"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/wallet"
)

func (p program) proofsCommand(g *globals) *cobra.Command {
	var spent bool
	cmd := &cobra.Command{
		Use:   "proofs",
		Short: "List the coins, without what makes them money",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.look(cmd, g, func(ctx context.Context, s *session) error { return s.proofs(ctx, spent) })
		},
	}
	cmd.Flags().BoolVar(&spent, "spent", false, "also coins that are spent")
	return cmd
}

type coinJSON struct {
	Amount  cashu.Amount `json:"amount"`
	Unit    string       `json:"unit"`
	Mint    string       `json:"mint"`
	Keyset  string       `json:"keyset"`
	State   string       `json:"state"`
	Y       string       `json:"y"`
	UsedBy  string       `json:"used_by,omitempty"`
	Counter *uint32      `json:"counter,omitempty"`
	Locked  bool         `json:"locked,omitempty"`
	DLEQ    bool         `json:"dleq"`
}

func (s *session) proofs(ctx context.Context, spent bool) error {
	filter, err := s.coinFilter(ctx, spent)
	if err != nil {
		return err
	}
	coins, err := s.store.Coins(ctx, filter)
	if err != nil {
		return err
	}
	v := make([]coinJSON, len(coins))
	for i, c := range coins {
		v[i] = coinJSON{Amount: c.Amount, Unit: c.Unit.String(), Mint: c.MintURL, Keyset: c.ID.String(), State: string(c.State),
			Y: c.Y.String(), Counter: c.Counter, Locked: c.Locked(), DLEQ: c.DLEQ != nil}
		if c.UsedBy != uuid.Nil {
			v[i].UsedBy = c.UsedBy.String()
		}
	}
	return s.show(v, func(w io.Writer) {
		if len(coins) == 0 {
			line(w, "There are no coins.")
			return
		}
		row(w, "AMOUNT", "STATE", "KEYSET", "COUNTER", "MINT")
		for _, c := range coins {
			counter := "-"
			if c.Counter != nil {
				counter = strconv.FormatUint(uint64(*c.Counter), 10)
			}
			row(w, formatAmount(c.Amount, c.Unit), string(c.State), c.ID.String(), counter, c.MintURL)
		}
	})
}

func (s *session) coinFilter(ctx context.Context, spent bool) (wallet.CoinFilter, error) {
	var f wallet.CoinFilter
	var err error
	if f.Unit, err = s.unitOf(); err != nil {
		return f, err
	}
	if s.mint != "" {
		if f.MintURL, err = s.findMint(ctx, s.mint); err != nil {
			return f, err
		}
	}
	if !spent {
		f.States = []wallet.CoinState{wallet.CoinUnspent, wallet.CoinReserved, wallet.CoinPending, wallet.CoinPendingSpent, wallet.CoinAbandoned}
	}
	return f, nil
}
