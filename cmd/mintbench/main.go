// Command mintbench measures a Cashu mint over HTTP, or a signatory over gRPC:
// any of them, not only ours. The work is done by package bench; here are the
// flags.
//
// It is for mints with play money on this machine. It must never be pointed at
// somebody else's mint: it refuses to leave the loopback unless told twice.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	// The program shares the machine with what it measures: fewer collections
	// leave more of it to the servers.
	debug.SetGCPercent(400)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program without the process. It returns 0 when the load was
// put on and few enough operations failed, else 1.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:   "mintbench",
		Short: "Measure a Cashu mint, or a signatory",
		Long: `mintbench puts load on a Cashu mint and reports operations per second, latency
percentiles, errors, the CPU time of the servers, and its ratio to what the curve
arithmetic alone costs on this machine. The mint's payment backend must pay
invoices by itself, as fake backends do: mintbench funds itself.`,
		Example: `  mintbench swap --url http://127.0.0.1:3338 --workers 64 --duration 10s --pid $(pidof mintd) --children
  mintbench checkstate --url http://127.0.0.1:3338 --ys 1000 --count 1000 --json
  mintbench sign --connect unix:mintmark-data/signatory.sock --messages 20`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(swapCommand(), mintCommand(), checkstateCommand(), restoreCommand(), signCommand(), tableCommand())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(stderr, "mintbench: %v\n", err)
		return 1
	}
	return 0
}
