package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/internal/commandline"
	"mintmark/mint"
	"mintmark/mint/operator"
)

func lightningCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lightning",
		Short: "Look at the payment backends, and switch minting and melting",
	}
	addConfigFlags(cmd.PersistentFlags())
	return commandline.Group(cmd, lightningStatusCommand(), lightningCheckCommand(), lightningSwitchCommand("enable", true), lightningSwitchCommand("disable", false),
		lightningTermsCommand(), lightningAcceptCommand(), lightningAsideCommand())
}

func lightningStatusCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what the running mint knows of its payment backends, and on what terms it deals",
		Args:  commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				p, err := op.Payments(ctx)
				switch {
				case err != nil:
					return err
				case asJSON:
					return printJSON(cmd.OutOrStdout(), p)
				}
				return printPayments(cmd.OutOrStdout(), p)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printPayments(w io.Writer, p mint.Payments) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "BACKEND\tSTATE\tSINCE\tHOLDS")
	for _, n := range p.Backends {
		state, since := "answers", "never asked"
		if n.Away {
			state = "AWAY: " + n.Reason
		}
		if !n.Since.IsZero() {
			since = n.Since.UTC().Format(time.RFC3339)
		}
		var held []string
		for _, unit := range slices.Sorted(maps.Keys(n.Balances)) {
			held = append(held, fmt.Sprintf("%d %s", n.Balances[unit], unit))
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\n", n.Name, state, since, cmp.Or(strings.Join(held, " = "), "does not say"))
	}
	if len(p.Units) > 0 {
		fmt.Fprintln(tab, "\nUNIT\tOWED\tHELD\tRATIO\tWATCHDOG")
	}
	for _, u := range p.Units {
		ratio := "not known"
		if u.Known && u.Owed == 0 {
			ratio = "-"
		} else if u.Known {
			ratio = strconv.FormatFloat(u.Ratio, 'f', 3, 64)
		}
		fmt.Fprintf(tab, "%s\t%d\t%d\t%s\t%s\n", u.Unit, u.Owed, u.Held, ratio, watchdogSays(u))
	}
	fmt.Fprintln(tab, "\nTO\tMETHOD\tUNIT\tBACKEND\tNEW QUOTES\tLEAST\tMOST\tFEE RESERVE AT LEAST")
	for _, way := range p.Ways {
		to, fee := "mint", ""
		if way.Melt {
			to, fee = "melt", "as the backend says"
		}
		if way.FeeMin > 0 || way.FeePPM > 0 {
			fee = fmt.Sprintf("%d, and %s%%", way.FeeMin, strconv.FormatFloat(float64(way.FeePPM)/10_000, 'f', -1, 64))
		}
		most := "any"
		if way.Max != 0 {
			most = way.Max.String()
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", to, way.Method, way.Unit, way.Backend, onOff(way), way.Min, most, fee)
	}
	return tab.Flush()
}

func watchdogSays(u mint.Watched) string {
	var list []string
	for word, is := range map[string]bool{"ALARM": u.Alarm, "MINTING STOPPED": u.MintStopped, "MELTING STOPPED": u.MeltStopped} {
		if is {
			list = append(list, word)
		}
	}
	slices.Sort(list)
	return cmp.Or(strings.Join(list, ", "), "calm")
}

func onOff(way mint.Way) string {
	if way.On {
		return "on"
	}
	return "OFF: " + way.Why
}

// about adds the flags that say what terms are about.
func about(cmd *cobra.Command, t *mint.Terms) {
	cmd.Flags().StringVar(&t.Method, "method", "", "payment `method` (default every one)")
	cmd.Flags().StringVar((*string)(&t.Unit), "unit", "", "`unit` (default every one)")
}

func lightningSwitchCommand(verb string, to bool) *cobra.Command {
	var said mint.Terms
	cmd := &cobra.Command{
		Use:   verb + " mint|melt",
		Short: "Switch new quotes to mint or to melt " + map[bool]string{true: "on", false: "off"}[to],
		Long: `Switch new quotes to mint, or quotes and payments to melt, on or off, for all replicas,
within seconds and until it is switched again. What was paid can always be minted, and
a payment under way always comes to its end.`,
		ValidArgs: []string{"mint", "melt"},
		Args:      commandline.Args(cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "mint" {
				said.Mint = &to
			} else {
				said.Melt = &to
			}
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error { return op.Say(ctx, said) })
		},
	}
	about(cmd, &said)
	return cmd
}

func lightningTermsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "terms",
		Short: "Print the terms that are kept in the database",
		Long: `Print the terms that are kept in the database, as JSON. They win over those of the
configuration file. 'mintd lightning status' says what comes of both.

'mintd lightning terms set' changes them, 'mintd setting set terms []' forgets them all.`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				text, err := op.Setting(ctx, string(mint.ConfigTerms))
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
				return err
			})
		},
	}
	cmd.AddCommand(lightningTermsSetCommand())
	return cmd
}

func lightningTermsSetCommand() *cobra.Command {
	var said mint.Terms
	cmd := &cobra.Command{
		Use:   "set",
		Short: "Change bounds and fee reserves",
		Long: `Change bounds and fee reserves, for all replicas and within seconds. What is said for all
methods or units takes back what was said before for some of them.`,
		Args: commandline.NoArgs,
	}
	about(cmd, &said)
	amounts := map[string]**cashu.Amount{
		"min-mint": &said.MinMint, "max-mint": &said.MaxMint, "min-melt": &said.MinMelt, "max-melt": &said.MaxMelt, "fee-min": &said.FeeMin,
	}
	flags := cmd.Flags()
	flags.Uint64("min-mint", 0, "least `amount` to mint; 0: as the backend has it")
	flags.Uint64("max-mint", 0, "most `amount` to mint; 0: as the backend has it")
	flags.Uint64("min-melt", 0, "least `amount` to melt; 0: as the backend has it")
	flags.Uint64("max-melt", 0, "most `amount` to melt; 0: as the backend has it")
	flags.Uint64("fee-min", 0, "least `amount` reserved for the fee of a payment")
	flags.Uint64("fee-ppm", 0, "least share reserved for it, in `millionths` of the payment")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		anything := false
		for name, field := range amounts {
			if n, err := flags.GetUint64(name); err == nil && flags.Changed(name) {
				*field, anything = new(cashu.Amount(n)), true
			}
		}
		if n, err := flags.GetUint64("fee-ppm"); err == nil && flags.Changed("fee-ppm") {
			said.FeePPM, anything = &n, true
		}
		if !anything {
			return commandline.Usagef(cmd, "nothing is said: give one of --min-mint, --max-mint, --min-melt, --max-melt, --fee-min, --fee-ppm")
		}
		return withOperator(cmd, func(ctx context.Context, op operator.Operator) error { return op.Say(ctx, said) })
	}
	return cmd
}
