package main

import "github.com/spf13/cobra"

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the mint",
		Args:  cobra.NoArgs,
	}
	addConfigFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		_, err := loadConfig(cmd.Flags())
		return err
	}
	return cmd
}
