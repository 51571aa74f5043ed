// Command wallet keeps ecash of Cashu mints: it mints, sends, receives and pays,
// and shows what there is. It is the wallet library with a face.
//
// It trusts the person who starts it and the files in its data directory. It must
// never take a seed or a passphrase from a flag or an environment variable, where
// every process of the machine may read it, never show a token, a preimage or a
// word of the seed where nobody asked for one, and never reach for the network in a
// command that only looks.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"mintmark/internal/crashpoint"
	"mintmark/internal/harden"
	"mintmark/internal/terminal"
)

func main() {
	if err := harden.Environment(); err != nil {
		os.Exit(program{stderr: os.Stderr}.report(err, false))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program without the process. It returns the exit code; see
// exitCode.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return program{
		stdin: stdin, stdout: stdout, stderr: stderr,
		clock: crashpoint.Clock(), harden: harden.Process, terminal: terminal.Open, screen: isScreen(stdout),
	}.run(ctx, args)
}
