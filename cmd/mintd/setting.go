package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/mint"
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
		Args:  commandline.Args(cobra.ExactArgs(1)),
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
		Args:  commandline.Args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				return op.Set(ctx, args[0], args[1])
			})
		},
	}
	addConfigFlags(cmd.PersistentFlags())
	return commandline.Group(cmd, settingListCommand(), get, set)
}

func settingListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Print the settings that are kept in the database",
		Args:  commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				kept, err := op.Settings(ctx)
				switch {
				case err != nil:
					return err
				case asJSON:
					return printJSON(cmd.OutOrStdout(), kept)
				}
				return printSettings(cmd.OutOrStdout(), kept)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printSettings(w io.Writer, kept map[string]string) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "NAME\tVALUE")
	for _, key := range mint.ConfigKeys() {
		value, is := kept[string(key)]
		if !is {
			value = "(as the configuration file has it)"
		}
		fmt.Fprintf(tab, "%s\t%s\n", key, value)
	}
	return tab.Flush()
}
