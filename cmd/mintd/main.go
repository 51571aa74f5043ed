// Command mintd is a Cashu mint. It speaks HTTP with wallets and keeps the
// records of the mint; the private keys live in the signatory, another process,
// which it reaches over gRPC or runs as its child.
//
// It trusts its signatory to sign and its payment backend to tell what was paid;
// it trusts no wallet. It must never link code that can touch a private key: a
// test over the import graph sees to that.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/internal/heap"
	"mintmark/internal/procs"
)

func main() {
	heap.Tune(1 << 30) // half of what deploy/mintd.service allows
	procs.Spare(2)     // the writer and the checkpointer of SQLite
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program without the process. It returns the exit code when the
// command is done or ctx ends: 0 for success, 1 for a failure, 2 for a command line
// that makes no sense.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:   "mintd",
		Short: "A Cashu mint whose private keys live in another process",
		Long: `mintd is a Cashu mint whose private keys live in another process, the signatory.

Try it with play money, on this machine only:  mintd serve`,
	}
	root.AddCommand(serveCommand(), checkConfigCommand(), versionCommand(),
		sagasCommand(), liabilitiesCommand(), settingCommand(), lightningCommand())
	err := commandline.Execute(ctx, root, args, commandline.Streams{In: stdin, Out: stdout, Err: stderr})
	if err != nil {
		commandline.Report(stderr, "mintd", err)
	}
	return commandline.ExitCode(err)
}
