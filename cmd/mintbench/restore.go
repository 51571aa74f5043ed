package main

import (
	"github.com/spf13/cobra"

	"mintmark/internal/bench"
)

func restoreCommand() *cobra.Command {
	var (
		load    loadFlags
		mint    mintFlags
		restore bench.RestoreConfig
	)
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "Ask for signatures that were given before (NUT-09)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return load.measure(cmd, func(l bench.Load) (bench.Report, error) {
				return bench.Restore(cmd.Context(), l, mint.mint, restore)
			})
		},
	}
	load.add(cmd)
	mint.add(cmd)
	cmd.Flags().IntVar(&restore.Outputs, "outputs", 100, "outputs of each question")
	cmd.Flags().Float64Var(&restore.Signed, "signed", 0.5, "the share of them that was signed before; negative: none")
	return cmd
}
