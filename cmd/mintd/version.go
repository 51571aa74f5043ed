package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/internal/release"
	"mintmark/mint"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version and where it was built from",
		Args:  commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "mintd %s (%s, %s %s/%s)\n",
				mint.Version, release.Revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
