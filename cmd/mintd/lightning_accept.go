package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/mint/operator"
)

func lightningAcceptCommand() *cobra.Command {
	var yes bool
	var why reason
	cmd := &cobra.Command{
		Use:   "accept BACKEND --why TEXT",
		Short: "Let a payment backend go on with another memory of its payments",
		Long: `Let a payment backend go on with another memory of its payments than before: the database
beside the mint's (lnd.db, cln.db, processor.db, or the one that the configuration names)
was lost, and cannot be brought back.

A melt that is open would be paid again by a backend that has forgotten it. So this is
refused until each of them is decided: mintd sagas list, mintd sagas resolve.`,
		Args: commandline.Args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := why.check(cmd); err != nil {
				return err
			}
			return withOperator(cmd, func(ctx context.Context, op operator.Operator) error {
				if !yes {
					fmt.Fprintf(cmd.OutOrStdout(), "What %s remembered of its payments is gone for good, and it begins anew? ", args[0])
					if err := confirm(cmd.InOrStdin(), cmd.OutOrStdout()); err != nil {
						return err
					}
				}
				if err := op.AcceptMemory(ctx, args[0], string(why)); err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), "the mint takes what it finds next")
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	why.add(cmd, "what happened to it")
	return cmd
}

// confirm asks, after the question was printed, for a clear word.
func confirm(in io.Reader, out io.Writer) error {
	fmt.Fprint(out, "Type yes: ")
	answer, _ := bufio.NewReader(in).ReadString('\n')
	if strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}
