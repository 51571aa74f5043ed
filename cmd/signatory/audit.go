package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/keystore"
)

func (p program) auditCommand() *cobra.Command {
	return commandline.Group(&cobra.Command{
		Use:   "audit",
		Short: "Verify and export the audit log of a data directory",
		Long: `The signatory writes down what it does: starts, clients, keysets made, activated
and retired, refusals, budgets. Each record carries the hash of the one before, so
a record that is changed, removed or moved breaks the chain.

Both commands only read. They need no seed, and the signatory may be running.`,
	}, p.auditVerifyCommand(), p.auditExportCommand())
}

func (p program) auditVerifyCommand() *cobra.Command {
	var data, pin string
	var database databaseFlags
	cmd := &cobra.Command{
		Use:   "verify --data DIR [--pin SEQ:HASH]",
		Short: "Check every record of the audit log",
		Long: `verify follows the chain from its first record to its last and prints the head,
the number and the hash of the last record.

Whoever can write to the database can also cut off records at the end, or compute
the chain anew. So keep the head on another machine from time to time, and give it
with --pin the next time: verify fails unless that record is still in the chain.`,
		Example: `  signatory audit verify --data /var/lib/signatory
  signatory audit verify --data DIR --pin "$(ssh backup cat head)"`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if data == "" {
				return commandline.Usagef(cmd, "--data is missing: the directory that holds the keystore")
			}
			var pinned *keystore.AuditHead
			if pin != "" {
				head, err := keystore.ParseAuditHead(pin)
				if err != nil {
					return commandline.Usagef(cmd, "--pin: %w", err)
				}
				pinned = &head
			}
			at, err := database.place(cmd, dataDir(data))
			if err != nil {
				return err
			}
			p.harden()
			s, err := keystore.VerifyAudit(cmd.Context(), at, pinned)
			if err != nil {
				return hintAudit(err)
			}
			return p.printAudit(s, pinned != nil)
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "data `directory` (required)")
	database.add(cmd)
	cmd.Flags().StringVar(&pin, "pin", "", "`head` that was printed before, SEQ:HASH, and must still be in the chain")
	return cmd
}

func (p program) auditExportCommand() *cobra.Command {
	var data string
	var database databaseFlags
	cmd := &cobra.Command{
		Use:   "export --data DIR",
		Short: "Print the audit log as lines of JSON",
		Long: `export prints every record as one line of JSON, in order and as it is in the
database. It does not judge: that is what verify does.`,
		Example: `  signatory audit export --data /var/lib/signatory > audit.jsonl`,
		Args:    commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if data == "" {
				return commandline.Usagef(cmd, "--data is missing: the directory that holds the keystore")
			}
			at, err := database.place(cmd, dataDir(data))
			if err != nil {
				return err
			}
			p.harden()
			return hintAudit(keystore.ExportAudit(cmd.Context(), at, p.stdout))
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "data `directory` (required)")
	database.add(cmd)
	return cmd
}

func (p program) printAudit(s keystore.AuditSummary, pinned bool) error {
	fmt.Fprintf(p.stdout, "The chain of %s is complete: %d records", s.Identity, s.Records)
	if s.Records > 0 {
		fmt.Fprintf(p.stdout, " from %s to %s", s.First.Format(time.RFC3339), s.Last.Format(time.RFC3339))
	}
	fmt.Fprintln(p.stdout, ".")
	kinds := make([]string, 0, len(s.Kinds))
	for kind := range s.Kinds {
		kinds = append(kinds, string(kind))
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		fmt.Fprintf(p.stdout, "  %-10s %d\n", kind, s.Kinds[keystore.AuditKind(kind)])
	}
	if pinned {
		fmt.Fprintln(p.stdout, "The pinned record is in it.")
	} else {
		fmt.Fprintln(p.stdout, "Nothing was pinned: records cut off by whoever can write to the database would not show.")
	}
	_, err := fmt.Fprintf(p.stdout, "head %s\n", s.Head)
	return err
}

func hintAudit(err error) error {
	switch {
	case errors.Is(err, keystore.ErrAudit):
		return commandline.Hint(err, "keep a copy of the database as it is now; \"signatory audit export\" shows what is in it")
	case errors.Is(err, keystore.ErrNoAudit):
		return commandline.Hint(err, "it begins when this version of the signatory serves for the first time")
	}
	return hintDatabase(err)
}
