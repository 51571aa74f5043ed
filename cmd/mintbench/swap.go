package main

import (
	"github.com/spf13/cobra"

	"mintmark/internal/bench"
)

func swapCommand() *cobra.Command {
	var (
		load loadFlags
		mint mintFlags
		swap bench.SwapConfig
	)
	cmd := &cobra.Command{
		Use:   "swap",
		Short: "Swap coins for new ones (NUT-03)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return load.measure(cmd, func(l bench.Load) (bench.Report, error) {
				return bench.Swap(cmd.Context(), l, mint.mint, swap)
			})
		},
	}
	load.add(cmd)
	mint.add(cmd)
	cmd.Flags().IntVar(&swap.Inputs, "inputs", 2, "coins that each swap spends")
	cmd.Flags().IntVar(&swap.Outputs, "outputs", 2, "coins that each swap makes")
	cmd.Flags().BoolVar(&swap.Fresh, "fresh", false, "mint every coin before the clock starts, instead of spending what the last swap made")
	cmd.Flags().BoolVar(&swap.Blind, "blind", false, "use true blinding factors; costs this program a multiplication for each coin")
	return cmd
}
