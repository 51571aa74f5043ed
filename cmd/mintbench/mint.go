package main

import (
	"github.com/spf13/cobra"

	"mintmark/internal/bench"
)

func mintCommand() *cobra.Command {
	var (
		load  loadFlags
		mint  mintFlags
		issue bench.IssueConfig
	)
	cmd := &cobra.Command{
		Use:   "mint",
		Short: "Mint coins on quotes that are paid already (NUT-04)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return load.measure(cmd, func(l bench.Load) (bench.Report, error) {
				return bench.Issue(cmd.Context(), l, mint.mint, issue)
			})
		},
	}
	load.add(cmd)
	mint.add(cmd)
	cmd.Flags().IntVar(&issue.Outputs, "outputs", 2, "coins of each quote")
	cmd.Flags().BoolVar(&issue.Blind, "blind", false, "use true blinding factors")
	return cmd
}
