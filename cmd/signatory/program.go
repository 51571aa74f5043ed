package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mintmark/internal/fence"
	"mintmark/internal/harden"
	"mintmark/internal/terminal"
)

const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// program is what the commands share: the outside world, replaceable in tests.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	clock          func() time.Time
	harden         func() harden.Report
	fence          func(fence.Rules) fence.Report
	terminal       func() (terminal.Terminal, error)
	hangups        func() <-chan struct{} // each SIGHUP from now on
}

func (p program) run(ctx context.Context, args []string) int {
	root := &cobra.Command{
		Use:   "signatory",
		Short: "Keep the private keys of a Cashu mint, and sign for it",
		Long: `signatory keeps the private keys of a Cashu mint in a process of their own, and
signs for the mint over gRPC. The mint never sees a key.

The first time:
  signatory init  --data DIR                            make the seed and the first keyset
  signatory serve --data DIR --listen unix:DIR/s.sock   run, until you stop it

While it runs:
  signatory keysets list   --connect unix:DIR/s.sock
  signatory keysets rotate --connect unix:DIR/s.sock --unit sat --dry-run

To try Mintmark out you need none of this: mintd starts a signatory by itself.`,
		Args:              noArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err) })
	root.AddCommand(p.initCommand(), p.serveCommand(), p.keysetsCommand(), p.adminCommand(), p.certsCommand(), p.checkConfigCommand(), p.versionCommand())
	root.AddCommand(p.offlineCommands()...)
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	return p.report(root.ExecuteContext(ctx))
}

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usage marks err as such, and says where the help is.
func usage(cmd *cobra.Command, err error) error {
	return hint(usageError{err}, "%s --help explains the command", cmd.CommandPath())
}

// usagef is usage for a problem that we found ourselves.
func usagef(cmd *cobra.Command, format string, args ...any) error {
	return usage(cmd, fmt.Errorf(format, args...))
}

func noArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return usage(cmd, err)
	}
	return nil
}

// hintedError carries advice along with an error.
type hintedError struct {
	error
	hint string
}

func (e hintedError) Unwrap() error { return e.error }

// hint adds a line of advice to err; nil stays nil. Several add up.
func hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return hintedError{err, fmt.Sprintf(format, args...)}
}

// hints collects the advice in an error and in all that it wraps.
func hints(err error) []string {
	var found []string
	if h, ok := err.(hintedError); ok {
		found = append(found, h.hint)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		found = append(found, hints(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			found = append(found, hints(inner)...)
		}
	}
	return found
}

// report prints an error and its hints, and chooses the exit code.
func (p program) report(err error) int {
	if err == nil {
		return exitOK
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(p.stderr, "signatory: error: %s\n", line)
	}
	for _, h := range hints(err) {
		fmt.Fprintf(p.stderr, "signatory: hint: %s\n", h)
	}
	if u := (usageError{}); errors.As(err, &u) {
		return exitUsage
	}
	return exitFailure
}
