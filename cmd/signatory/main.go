// Command signatory holds the seed and the private keys of a Cashu mint, and
// signs for the mint over gRPC. It is the only program that can touch a private
// key, and the keystore package is the only place in it where one can be.
//
// It trusts the operator who starts it, the files in its data directory, and
// whoever its socket permissions or its certificate authority let in. It must
// never take a secret from a flag or an environment variable, where every
// process of the machine may read it, never make a seed unless `init` asks for
// one, and never show imported words.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"mintmark/internal/crashpoint"
	"mintmark/internal/fence"
	"mintmark/internal/harden"
	"mintmark/internal/heap"
	"mintmark/internal/terminal"
)

func main() {
	if err := harden.Environment(); err != nil {
		os.Exit(program{stderr: os.Stderr}.report(err))
	}
	heap.Tune(256 << 20) // half of what deploy/signatory.service allows
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program without the process. It returns the exit code when
// the command is done or ctx has ended: 0 for success, 1 for a failure, 2 for a
// command line that makes no sense.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return program{
		stdin: stdin, stdout: stdout, stderr: stderr,
		clock: crashpoint.Clock(), harden: harden.Process, fence: fence.Process, terminal: terminal.Open, hangups: hangups,
	}.run(ctx, args)
}

// hangups passes every SIGHUP on from now on; before, and for commands that do not
// ask, it ends the process as ever. One that comes while another is at work is not
// lost, and many are one.
func hangups() <-chan struct{} {
	signals, out := make(chan os.Signal, 1), make(chan struct{}, 1)
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		for range signals {
			out <- struct{}{}
		}
	}()
	return out
}
