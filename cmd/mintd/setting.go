package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"mintmark/mint/operator"
)

func settingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "setting",
		Short: "Read or change settings that live in the database",
		Long: `Read or change settings that live in the database. They win over the configuration
file, hold for all replicas, and a running mint takes them over within seconds.

  mint_info  what /v1/info says of the mint, as JSON:
             {"name":"…","description":"…","motd":"…","contact":[{"method":"email","info":"…"}]}
  quote_ttl  how long a mint quote can be paid, such as 30m
  terms      bounds, fee reserves and switches of payments; see 'mintd lightning'`,
	}
	get := &cobra.Command{
		Use:   "get NAME",
		Short: "Print a setting",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				value, err := op.Setting(ctx, args[0])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), value)
				return err
			})
		},
	}
	set := &cobra.Command{
		Use:   "set NAME VALUE",
		Short: "Change a setting",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				return op.Set(ctx, args[0], args[1])
			})
		},
	}
	for _, c := range []*cobra.Command{get, set} {
		addConfigFlags(c.Flags())
		cmd.AddCommand(c)
	}
	return cmd
}
