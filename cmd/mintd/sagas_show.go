package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/mint/operator"
)

func showSagaCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show OPERATION",
		Short: "Show all that can be seen of an unfinished operation",
		Long: `Show all that can be seen of an unfinished operation. Of a melt whose payment is open the
payment backend is asked, if mintd runs: what it remembers, what its node says now, and
with lnd which channels hold anything of it. Nothing is changed.`,
		Args: commandline.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := uuid.Parse(args[0])
			if err != nil {
				return commandline.Usagef(cmd, "%q is not the id of an operation; see mintd sagas list", args[0])
			}
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				e, err := op.Evidence(ctx, id)
				switch {
				case err != nil:
					return err
				case asJSON:
					return printJSON(cmd.OutOrStdout(), e)
				}
				return printEvidence(cmd.OutOrStdout(), e)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printEvidence(w io.Writer, e operator.Evidence) error {
	if err := printSagas(w, []operator.Saga{e.Saga}); err != nil || e.Melt == nil {
		return err
	}
	m := e.Melt
	fmt.Fprintf(w, "\n%s of %d %s, and %d for the fee, through backend %q: %s\n%s\n", m.Method, m.Amount, m.Unit, m.FeeReserve, m.Backend, m.State, m.LookupID)
	for _, line := range m.Said {
		fmt.Fprintf(w, "  %s\n", line)
	}
	if m.NotAsked != "" {
		fmt.Fprintf(w, "  the backend says no more: %s\n", m.NotAsked)
	}
	return nil
}

func decisionsCommand() *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:   "decisions",
		Short: "Show what operators have decided by hand, the latest first",
		Args:  commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				list, err := op.Decisions(ctx, limit)
				switch {
				case err != nil:
					return err
				case asJSON:
					return printJSON(cmd.OutOrStdout(), list)
				}
				tab := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(tab, "AT\tABOUT\tDECISION\tWHY")
				for _, d := range list {
					fmt.Fprintf(tab, "%s\t%s\t%s\t%s\n", d.At.UTC().Format(time.RFC3339), d.About, d.Decision, d.Why)
				}
				return tab.Flush()
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 100, "show at most `so many`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the evidence of each")
	return cmd
}
