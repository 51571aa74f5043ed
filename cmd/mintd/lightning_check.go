package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/mint/lightning"
)

func lightningCheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find out what keeps the mint from using its payment backends",
		Long: `Find out what keeps the mint from using its payment backends: a node or processor that
cannot be reached or shows another certificate, a macaroon or rune that lacks a permission,
the wrong chain, version, method or unit, no channels. It moves no money, and mintd may be
running or not.

The exit code is 1 if something is broken.`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(cmd.Flags())
			if err != nil {
				return err
			}
			broken := 0
			for _, b := range cfg.Lightning.all() {
				fmt.Fprintf(cmd.OutOrStdout(), "%s\n", b)
				n, err := checkBackend(cmd, cfg, b)
				if err != nil {
					return err
				}
				broken += n
			}
			if broken > 0 {
				return errors.New("payments will not work")
			}
			return nil
		},
	}
	return cmd
}

// checkBackend prints what there is to say of a backend, and counts what is broken.
func checkBackend(cmd *cobra.Command, cfg Config, b named) (broken int, err error) {
	found, err := backendTypes()[b.Type].check(cmd.Context(), cfg, b)
	if err != nil {
		return 0, err
	}
	for _, f := range found {
		mark := "ok"
		switch f.Severity {
		case lightning.Doubtful:
			mark = "look"
		case lightning.Broken:
			mark = "BROKEN"
			broken++
		}
		fmt.Fprintf(cmd.OutOrStdout(), "  %-6s %s\n", mark, f.Text)
	}
	return broken, nil
}
