package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/internal/commandline"
	"mintmark/mint/operator"
)

func liabilitiesCommand() *cobra.Command {
	var asJSON, recount bool
	cmd := &cobra.Command{
		Use:   "liabilities",
		Short: "Show what every keyset issued, redeemed and still owes",
		Long: `Show what every keyset issued, redeemed and still owes, in its unit.

With --recount all rows are added up and compared with the running totals, which
takes a while on a large mint; a difference is an error.`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				list, err := op.Liabilities(ctx, false)
				if err != nil {
					return err
				}
				print := printLiabilities
				if asJSON {
					print = func(w io.Writer, list []operator.Liability) error { return printJSON(w, list) }
				}
				if err := print(cmd.OutOrStdout(), list); err != nil || !recount {
					return err
				}
				return compareWithRows(ctx, cmd.ErrOrStderr(), op)
			})
		},
	}
	addConfigFlags(cmd.PersistentFlags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&recount, "recount", false, "add up all rows and compare")
	cmd.AddCommand(overRedeemCommand())
	return cmd
}

func printLiabilities(w io.Writer, list []operator.Liability) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "UNIT\tKEYSET\tACTIVE\tISSUED\tREDEEMED\tOUTSTANDING\t")
	sums := map[cashu.Unit]operator.Liability{}
	for _, l := range list {
		fmt.Fprintf(tab, "%s\t%s\t%v\t%d\t%d\t%s\t\n", l.Unit, l.Keyset, l.Active, l.Issued, l.Redeemed, outstanding(l))
		s := sums[l.Unit]
		var errs [3]error
		s.Issued, errs[0] = s.Issued.Add(l.Issued)
		s.Redeemed, errs[1] = s.Redeemed.Add(l.Redeemed)
		s.Outstanding, errs[2] = s.Outstanding.Add(l.Outstanding)
		if err := errors.Join(errs[:]...); err != nil {
			return fmt.Errorf("adding up %s: %w", l.Unit, err)
		}
		s.Unit = l.Unit
		sums[l.Unit] = s
	}
	units := make([]operator.Liability, 0, len(sums))
	for _, s := range sums {
		units = append(units, s)
	}
	slices.SortFunc(units, func(a, b operator.Liability) int { return cmp.Compare(a.Unit, b.Unit) })
	for _, s := range units {
		fmt.Fprintf(tab, "%s\tall\t\t%d\t%d\t%d\t\n", s.Unit, s.Issued, s.Redeemed, s.Outstanding)
	}
	return tab.Flush()
}

func outstanding(l operator.Liability) string {
	if l.Overdrawn > 0 {
		return fmt.Sprintf("OVERDRAWN by %d", l.Overdrawn)
	}
	return l.Outstanding.String()
}

// compareWithRows compares the totals with the rows. Operations that finish
// between the two looks change both, so a difference must be seen twice.
func compareWithRows(ctx context.Context, w io.Writer, op operator.Operator) error {
	for range 3 {
		before, err := op.Liabilities(ctx, false)
		if err != nil {
			return err
		}
		rows, err := op.Liabilities(ctx, true)
		if err != nil {
			return err
		}
		after, err := op.Liabilities(ctx, false)
		if err != nil {
			return err
		}
		switch {
		case slices.Equal(before, rows), slices.Equal(after, rows):
			_, err := fmt.Fprintln(w, "the rows add up to the same")
			return err
		case slices.Equal(before, after):
			return errors.New("the rows do not add up to the totals: keep a copy of the database and find out why")
		}
	}
	return errors.New("the mint is too busy to compare: try again when it is quieter")
}

func overRedeemCommand() *cobra.Command {
	var forbid bool
	cmd := &cobra.Command{
		Use:   "allow-over-redeem KEYSET",
		Short: "Let a keyset redeem more than it issued, after an alarm",
		Long: `Let a keyset redeem more than it issued, or with --forbid no longer.

The mint refuses to redeem more of a keyset than it issued, and raises an alarm:
either somebody else signs with its keys, or rows of the database are lost. Allow it
only when you know that rows are lost.`,
		Args: commandline.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := cashu.ParseKeysetID(args[0])
			if err != nil {
				return fmt.Errorf("%q is not the full id of a keyset", args[0])
			}
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				return op.AllowOverRedeem(ctx, id, !forbid)
			})
		},
	}
	cmd.Flags().BoolVar(&forbid, "forbid", false, "take the permission back")
	return cmd
}
