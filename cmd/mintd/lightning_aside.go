package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/mint"
	"mintmark/mint/operator"
)

func lightningAsideCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "aside",
		Short: "Show payments that came in and that no quote could take",
		Long: `Show payments that a backend reported and that no quote could take: of an unknown unit, of
more than a quote can hold, with the name of another payment, or refused by the database.
Each is somebody's money. The mint tries them again every hour.

When you have dealt with one (given the money back, for one), say so:
  mintd lightning aside settle PAYMENT --why TEXT`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				list, err := op.Aside(ctx)
				switch {
				case err != nil:
					return err
				case asJSON:
					return printJSON(cmd.OutOrStdout(), list)
				}
				return printAside(cmd.OutOrStdout(), list)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(lightningAsideSettleCommand())
	return cmd
}

func printAside(w io.Writer, list []mint.SetAside) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "no payment is set aside")
		return err
	}
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "SINCE\tBACKEND\tMETHOD\tREQUEST\tPAYMENT\tAMOUNT\tWHY")
	for _, p := range list {
		fmt.Fprintf(tab, "%s\t%s\t%s\t%q\t%q\t%d %s\t%s\n", p.At.UTC().Format(time.RFC3339), p.Backend, p.Method, p.LookupID, p.PaymentID, p.Amount, p.Unit, p.Why)
	}
	return tab.Flush()
}

func lightningAsideSettleCommand() *cobra.Command {
	var backend, why string
	cmd := &cobra.Command{
		Use:   "settle PAYMENT --why TEXT",
		Short: "Forget a payment that was set aside and that you have dealt with",
		Args:  commandline.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				list, err := op.Aside(ctx)
				if err != nil {
					return err
				}
				var found []mint.SetAside
				for _, p := range list {
					if p.PaymentID == args[0] && (backend == "" || backend == p.Backend) {
						found = append(found, p)
					}
				}
				switch len(found) {
				case 0:
					return fmt.Errorf("no payment %q is set aside; see mintd lightning aside", args[0])
				case 1:
					return op.SettleAside(ctx, found[0], why)
				}
				return fmt.Errorf("%d payments are called %q; say --backend", len(found), args[0])
			})
		},
	}
	cmd.Flags().StringVar(&why, "why", "", "what was done about it, which is kept for ever")
	cmd.Flags().StringVar(&backend, "backend", "", "`name` of the backend that reported it")
	return cmd
}
