// Package commandline is how our programs speak to the person who types: a line that
// makes no sense is told from a failure and says where the help is, an error may carry
// advice, and both end on stderr in one form.
//
// It knows no command. It must never print to stdout, which is for what was asked.
package commandline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes that all programs have.
const (
	ExitOK      = 0
	ExitFailure = 1
	ExitUsage   = 2
)

// Streams are the three of a process, or what a test puts in their place.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Execute runs a program, whose commands are below root. Alone, root shows its help.
func Execute(ctx context.Context, root *cobra.Command, args []string, s Streams) error {
	root.Args = NoArgs
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	root.SilenceUsage, root.SilenceErrors = true, true
	root.CompletionOptions = cobra.CompletionOptions{HiddenDefaultCmd: true}
	root.SetFlagErrorFunc(Usage)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	return root.ExecuteContext(ctx)
}

// Group makes cmd a name for others. Alone it does nothing, and says what they are.
func Group(cmd *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	var names []string
	for _, c := range commands {
		names = append(names, c.Name())
	}
	last := len(names) - 1
	choice := names[last]
	if last > 0 {
		choice = strings.Join(names[:last], ", ") + " or " + choice
	}
	cmd.Args = NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return Usagef(cmd, "say %s", choice) }
	cmd.AddCommand(commands...)
	return cmd
}

// ExitCode is the exit code for an error.
func ExitCode(err error) int {
	switch {
	case err == nil:
		return ExitOK
	case IsUsage(err):
		return ExitUsage
	}
	return ExitFailure
}

// Report prints an error and the advice that it carries, and more advice.
func Report(w io.Writer, program string, err error, advice ...string) {
	for line := range strings.SplitSeq(strings.TrimSpace(err.Error()), "\n") {
		fmt.Fprintf(w, "%s: error: %s\n", program, line)
	}
	for _, h := range append(Hints(err), advice...) {
		fmt.Fprintf(w, "%s: hint: %s\n", program, h)
	}
}

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// IsUsage tells whether err is about the command line.
func IsUsage(err error) bool {
	_, is := errors.AsType[usageError](err)
	return is
}

// AsUsage marks err as one of the command line, where the help would not help.
func AsUsage(err error) error { return usageError{err} }

// Usage marks err as one of the command line, and says where the help is.
func Usage(cmd *cobra.Command, err error) error {
	return Hint(AsUsage(err), "%s --help explains the command", cmd.CommandPath())
}

// Usagef is Usage for a problem that we found ourselves.
func Usagef(cmd *cobra.Command, format string, args ...any) error {
	return Usage(cmd, fmt.Errorf(format, args...))
}

// Args wraps one of cobra's checks of the arguments.
func Args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return Usage(cmd, err)
		}
		return nil
	}
}

// NoArgs is Args for a command that takes none.
func NoArgs(cmd *cobra.Command, given []string) error { return Args(cobra.NoArgs)(cmd, given) }
