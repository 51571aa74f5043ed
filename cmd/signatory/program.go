package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/internal/fence"
	"mintmark/internal/harden"
	"mintmark/internal/terminal"
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
	}
	root.AddCommand(p.initCommand(), p.serveCommand(), p.keysetsCommand(), p.adminCommand(), p.certsCommand(), p.checkConfigCommand(), p.versionCommand())
	root.AddCommand(p.offlineCommands()...)
	return p.report(commandline.Execute(ctx, root, args, commandline.Streams{In: p.stdin, Out: p.stdout, Err: p.stderr}))
}

// report prints an error, and chooses the exit code.
func (p program) report(err error) int {
	if err != nil {
		commandline.Report(p.stderr, "signatory", err)
	}
	return commandline.ExitCode(err)
}
