package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
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
Each is somebody's money. The mint tries again every hour what was not the payment's own
fault, and what is settled never.

Before you deal with one (give the money back, for one), settle it. Until then the mint may
still take it in, and it would be paid twice. Give back only what this has accepted:
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
	var which asideChoice
	var why reason
	cmd := &cobra.Command{
		Use:   "settle PAYMENT --why TEXT",
		Short: "Say that you deal with a payment that was set aside",
		Long: `Say that you deal with a payment that was set aside. The mint never takes it in then,
however often its backend reports it. The decision is kept for ever, with why.

Do this first, and give the money back only when it was accepted: until then the mint may
take the payment in. What is in its quote meanwhile is refused, and is not to be given back.

PAYMENT is its id, as it is or in quotation marks as mintd lightning aside prints it. Where
several have this id, say more of --backend, --method and --request.`,
		Args: commandline.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := why.check(cmd); err != nil {
				return err
			}
			which.payment = args[0]
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				list, err := op.Aside(ctx)
				if err != nil {
					return err
				}
				p, err := which.only(list)
				if err != nil {
					return err
				}
				return op.SettleAside(ctx, p, string(why))
			})
		},
	}
	flags := cmd.Flags()
	why.add(cmd, "what is done about it")
	flags.StringVar(&which.backend, "backend", "", "`name` of the backend that reported it")
	flags.StringVar(&which.method, "method", "", "payment `method`")
	flags.StringVar(&which.request, "request", "", "`id` of the request that it pays")
	return cmd
}

// asideChoice is what is said of a payment to find it. What is empty is not said.
type asideChoice struct{ payment, backend, method, request string }

// only is the one payment that it can be.
func (c asideChoice) only(list []mint.SetAside) (mint.SetAside, error) {
	list = slices.DeleteFunc(slices.Clone(list), func(p mint.SetAside) bool {
		return !isTyped(p.PaymentID, c.payment) || c.backend != "" && p.Backend != c.backend ||
			c.method != "" && p.Method != c.method || c.request != "" && !isTyped(p.LookupID, c.request)
	})
	switch len(list) {
	case 0:
		return mint.SetAside{}, fmt.Errorf("no payment %q is set aside; see mintd lightning aside", c.payment)
	case 1:
		return list[0], nil
	}
	return mint.SetAside{}, fmt.Errorf("%d payments are called %q; say more of --backend, --method and --request", len(list), c.payment)
}

// isTyped tells whether an id is what somebody has typed, as it is or as it was printed.
func isTyped(id, typed string) bool {
	printed, err := strconv.Unquote(typed)
	return id == typed || err == nil && id == printed
}
