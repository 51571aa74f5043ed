package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/signatory/server"
)

func (p program) checkConfigCommand() *cobra.Command {
	var (
		clients, rotation string
		show              bool
	)
	cmd := &cobra.Command{
		Use:   "check-config [--clients FILE] [--rotation FILE] [--show]",
		Short: "Check the files of clients and of rotation, and print what is in force",
		Long: `check-config reads the clients file that "signatory serve --clients" would use, and
says everything that is wrong with it: keys that are not known, clients that
cannot be told apart, roles that do not exist. With --show it prints what is in
force: every client, how it is recognised, and every call that it may make. It does
the same for the file of "signatory serve --rotation": when which unit rotates, with
every default.
Nothing is opened, connected or changed.`,
		Example: `  signatory check-config --clients /etc/signatory/clients.toml --show`,
		Args:    commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if clients == "" && rotation == "" {
				return commandline.Usagef(cmd, "say --clients or --rotation: the file to check")
			}
			var parts []string
			add := func(path, described string) {
				if !show {
					described = path + " is in order\n"
				}
				parts = append(parts, described)
			}
			var problems []error
			if clients != "" {
				c, err := server.ReadClients(clients)
				if err == nil {
					add(clients, c.Describe())
				}
				problems = append(problems, err)
			}
			if rotation != "" {
				r, err := server.ReadRotation(rotation)
				if err == nil {
					add(rotation, r.Describe())
				}
				problems = append(problems, err)
			}
			if err := errors.Join(problems...); err != nil {
				return err
			}
			_, err := fmt.Fprint(p.stdout, strings.Join(parts, ""))
			return err
		},
	}
	cmd.Flags().StringVar(&clients, "clients", "", "clients `file`, TOML")
	cmd.Flags().StringVar(&rotation, "rotation", "", "rotation `file`, TOML")
	cmd.Flags().BoolVar(&show, "show", false, "print what is in force")
	return cmd
}
