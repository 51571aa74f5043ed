package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"mintmark/internal/bench"
)

func tableCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "table FILE...",
		Short: "Write reports that were kept with --json as one Markdown table",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			reports := make([]bench.Report, len(files))
			for i, name := range files {
				var err error
				if reports[i], err = readReport(name); err != nil {
					return err
				}
			}
			return bench.WriteTable(cmd.OutOrStdout(), reports)
		},
	}
}

func readReport(name string) (bench.Report, error) {
	file, err := os.Open(name)
	if err != nil {
		return bench.Report{}, fmt.Errorf("opening a report: %w", err)
	}
	defer file.Close()
	report, err := bench.ReadReport(file)
	if err != nil {
		return bench.Report{}, fmt.Errorf("%s: %w", name, err)
	}
	return report, nil
}
