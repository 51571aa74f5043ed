package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/mint/operator"
)

func sagasCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sagas",
		Short: "Show operations that are not finished, and decide about stuck ones",
	}
	addConfigFlags(cmd.PersistentFlags())
	return commandline.Group(cmd, listSagasCommand(), showSagaCommand(), resolveSagaCommand(), decisionsCommand())
}

func listSagasCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List operations that are not finished, with what the database holds of them",
		Long: `List operations that are not finished, with what the database holds of them.

An operation in the middle of its work is normal. Recovery undoes or drops what was
left behind by a crash. One with the verdict "impossible" waits for you: it is half
finished, which no commit of the mint can produce. Keep a copy of the database, find
out what happened, then use "mintd sagas resolve".`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				list, err := op.Sagas(ctx)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), list)
				}
				return printSagas(cmd.OutOrStdout(), list)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printSagas(w io.Writer, list []operator.Saga) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "no operation is unfinished")
		return err
	}
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "OPERATION\tKIND\tSTATE\tBEGUN\tLEASE UNTIL\tINPUTS PENDING\tOUTPUTS UNSIGNED\tVERDICT")
	for _, s := range list {
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\t%d of %d\t%d of %d\t%s\n", s.Operation, s.Kind, s.State,
			s.Created.UTC().Format(time.RFC3339), s.LeaseUntil.UTC().Format(time.RFC3339),
			s.ProofsPending, s.Inputs, s.OutputsUnsigned, s.Outputs, s.Verdict)
	}
	return tab.Flush()
}

func resolveSagaCommand() *cobra.Command {
	var release, keep, yes bool
	var why reason
	cmd := &cobra.Command{
		Use:   "resolve OPERATION --release|--keep --why TEXT",
		Short: "End an operation that recovery cannot decide",
		Long: `End an operation that recovery cannot decide (verdict "impossible"), or a melt whose
payment has been open for ten minutes (verdict "ask").

  --release  what is still reserved is given back: pending inputs become unspent,
             unsigned outputs are forgotten, the quote can be issued again
  --keep     what is still reserved becomes final: pending inputs are spent,
             unsigned outputs are forgotten

What is final already stays so. The evidence is shown first, and you are asked. The
decision is kept for ever, with why and the evidence that was shown: mintd sagas decisions.`,
		Args: commandline.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := uuid.Parse(args[0])
			if err != nil {
				return commandline.Usagef(cmd, "%q is not the id of an operation; see mintd sagas list", args[0])
			}
			if release == keep {
				return commandline.Usagef(cmd, "say either --release or --keep")
			}
			if err := why.check(cmd); err != nil {
				return err
			}
			decision := operator.Release
			if keep {
				decision = operator.Keep
			}
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				return resolveSaga(ctx, cmd, op, id, decision, string(why), yes)
			})
		},
	}
	cmd.Flags().BoolVar(&release, "release", false, "give back what is still reserved")
	cmd.Flags().BoolVar(&keep, "keep", false, "make final what is still reserved")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	why.add(cmd, "how you know")
	return cmd
}

func resolveSaga(ctx context.Context, cmd *cobra.Command, op operator.Operator, id uuid.UUID, d operator.Decision, why string, yes bool) error {
	e, err := op.Evidence(ctx, id)
	if err != nil {
		return err
	}
	if err := printEvidence(cmd.OutOrStdout(), e); err != nil {
		return err
	}
	if !yes {
		fmt.Fprintf(cmd.OutOrStdout(), "%s it? ", d)
		if err := confirm(cmd.InOrStdin(), cmd.OutOrStdout()); err != nil {
			return err
		}
	}
	if err := op.Resolve(ctx, e, d, why); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), "done")
	return nil
}

// printJSON prints a value on one line.
func printJSON(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("printing JSON: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}
