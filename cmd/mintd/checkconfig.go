package main

import (
	"fmt"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/internal/sqldb"
)

func checkConfigCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check-config",
		Short: "Check the configuration and print what is in force",
		Long: `Check the configuration and print what is in force: the defaults, the file given
by --config, and the flags. Nothing is opened, connected or changed. A password in
the URL of the database is not printed.`,
		Args: commandline.NoArgs,
	}
	addConfigFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := loadConfig(cmd.Flags())
		if err != nil {
			return err
		}
		cfg.Database = sqldb.Redact(cfg.Database)
		text, err := toml.Marshal(cfg)
		if err != nil {
			return fmt.Errorf("printing the configuration: %w", err)
		}
		_, err = cmd.OutOrStdout().Write(text)
		return err
	}
	return cmd
}
