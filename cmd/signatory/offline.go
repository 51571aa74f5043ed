package main

import "github.com/spf13/cobra"

// offlineCommands work on files; no signatory needs to run.
func (p program) offlineCommands() []*cobra.Command {
	return []*cobra.Command{p.auditCommand(), p.seedCommand(), p.backupCommand(), p.verifyCommand(), p.restoreCommand()}
}
