package main

import (
	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
)

// reason is why an operator decides something by hand. It is kept with the decision.
type reason string

// add lets a command ask for it.
func (r *reason) add(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar((*string)(r), "why", "", what+", which is kept with the decision")
}

// check fails if nothing was said.
func (r reason) check(cmd *cobra.Command) error {
	if r == "" {
		return commandline.Usagef(cmd, "say --why: it is kept with the decision")
	}
	return nil
}
