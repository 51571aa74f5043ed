package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"mintmark/bdhke"
	"mintmark/internal/commandline"
	"mintmark/internal/release"
)

// issuer is what new keysets say about their maker.
const issuer = "mintmark/" + release.Number

func (p program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, where it was built from and which library signs",
		Args:  commandline.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(p.stdout, "signatory %s (%s, %s %s/%s, %s)\n",
				release.Number, release.Revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH, bdhke.Backend)
			return err
		},
	}
}
