package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"mintmark/cashu"
)

func (p program) swapCommand(g *globals) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "swap",
		Short: "Exchange coins of old keysets for new ones",
		Long: `swap exchanges the coins of keysets that a mint has retired for coins of the keyset
that is active, before the old ones expire. With --all, every coin: afterwards
nobody who had a copy of the wallet can spend any of them.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.move(cmd, g, func(ctx context.Context, s *session) error { return s.swapCoins(ctx, all) })
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "exchange every coin")
	return cmd
}

type swappedJSON struct {
	Mint   string       `json:"mint"`
	Unit   string       `json:"unit"`
	Amount cashu.Amount `json:"amount"` // that came back; 0: there was nothing to do
}

func (s *session) swapCoins(ctx context.Context, all bool) error {
	unit, err := s.moneyUnit()
	if err != nil {
		return err
	}
	mintURL, err := s.theMint(ctx)
	if err != nil {
		return err
	}
	if _, err := s.wallet.RefreshMint(ctx, mintURL); err != nil {
		return err
	}
	got, err := s.wallet.Swap(ctx, mintURL, unit, all)
	if err != nil {
		return err
	}
	return s.show(swappedJSON{mintURL, unit.String(), got}, func(w io.Writer) {
		if got == 0 {
			line(w, "No coin needs it.")
			return
		}
		line(w, "New coins over %s.", formatAmount(got, unit))
	})
}
