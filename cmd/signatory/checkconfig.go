package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"mintmark/signatory/server"
)

func (p program) checkConfigCommand() *cobra.Command {
	var (
		clients string
		show    bool
	)
	cmd := &cobra.Command{
		Use:   "check-config --clients FILE [--show]",
		Short: "Check a clients file, and print who may do what",
		Long: `check-config reads the clients file that "signatory serve --clients" would use, and
says everything that is wrong with it: keys that are not known, clients that
cannot be told apart, roles that do not exist. With --show it prints what is in
force: every client, how it is recognised, and every call that it may make.
Nothing is opened, connected or changed.`,
		Example: `  signatory check-config --clients /etc/signatory/clients.toml --show`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if clients == "" {
				return usagef(cmd, "--clients is missing: the file to check")
			}
			c, err := server.ReadClients(clients)
			if err != nil {
				return err
			}
			if show {
				_, err = fmt.Fprint(p.stdout, c.Describe())
			} else {
				_, err = fmt.Fprintf(p.stdout, "%s is in order\n", clients)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&clients, "clients", "", "clients `file`, TOML (required)")
	cmd.Flags().BoolVar(&show, "show", false, "print who may do what")
	return cmd
}
