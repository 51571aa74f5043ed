package main

import (
	"github.com/spf13/cobra"

	"mintmark/internal/bench"
)

func checkstateCommand() *cobra.Command {
	var (
		load  loadFlags
		mint  mintFlags
		state bench.CheckStateConfig
	)
	cmd := &cobra.Command{
		Use:   "checkstate",
		Short: "Ask for the states of coins (NUT-07)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return load.measure(cmd, func(l bench.Load) (bench.Report, error) {
				return bench.CheckState(cmd.Context(), l, mint.mint, state)
			})
		},
	}
	load.add(cmd)
	mint.add(cmd)
	cmd.Flags().IntVar(&state.Ys, "ys", 100, "coins of each question")
	cmd.Flags().Float64Var(&state.Spent, "spent", 0.5, "the share of them that is spent; the others are unknown to the mint; negative: none")
	return cmd
}
