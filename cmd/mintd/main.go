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
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

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

// run is the whole program without the process: it returns the exit code, 0 or
// 1, when the command is done or ctx ends.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:   "mintd",
		Short: "A Cashu mint whose private keys live in another process",
		Long: `mintd is a Cashu mint whose private keys live in another process, the signatory.

Try it with play money, on this machine only:  mintd serve`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(serveCommand(), checkConfigCommand(), versionCommand(),
		sagasCommand(), liabilitiesCommand(), settingCommand(), lightningCommand())
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(stderr, "mintd: %v\n", err)
		return 1
	}
	return 0
}
