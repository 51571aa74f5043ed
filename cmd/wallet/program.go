package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/internal/commandline"
	"mintmark/internal/harden"
	"mintmark/internal/terminal"
	"mintmark/wallet"
)

// program is what the commands share: the outside world, replaceable in tests.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	clock          func() time.Time
	harden         func() harden.Report
	terminal       func() (terminal.Terminal, error)
	screen         bool // somebody looks at stdout
}

func (p program) run(ctx context.Context, args []string) int {
	var g globals
	root := &cobra.Command{
		Use:   "wallet",
		Short: "Keep ecash of Cashu mints, send, receive and pay with it",
		Long: `wallet keeps ecash of any number of Cashu mints, on this machine.

The first time:
  wallet seed new                                make the seed, and write its words down
  wallet mint 1000 --mint https://mint.example   pay an invoice, get ecash

From then on:
  wallet balance
  wallet send 21             a token to hand over
  wallet receive TOKEN
  wallet pay INVOICE

Amounts are in satoshi, or with --unit usd and the like in dollars and cents:
1000, 1_000, 12.34, "12.34 usd".

Exit codes: 0 done; 1 it failed; 2 the command makes no sense; 3 not enough ecash;
4 not decided yet, ask later; 5 the mint cannot be reached; 6 another process has
taken it over; 7 the mint does not let the wallet in, see "wallet login".`,
	}
	g.add(root.PersistentFlags())
	root.AddCommand(p.moneyCommands(&g)...)
	root.AddCommand(p.lookCommands(&g)...)
	root.AddCommand(p.careCommands(&g)...)
	err := commandline.Execute(ctx, root, args, commandline.Streams{In: p.stdin, Out: p.stdout, Err: p.stderr})
	return p.report(err, g.json)
}

// moneyCommands move money.
func (p program) moneyCommands(g *globals) []*cobra.Command {
	return []*cobra.Command{p.mintCommand(g), p.sendCommand(g), p.receiveCommand(g), p.payCommand(g),
		p.transferCommand(g), p.swapCommand(g), p.requestCommand(g)}
}

// lookCommands show what there is.
func (p program) lookCommands(g *globals) []*cobra.Command {
	return []*cobra.Command{p.balanceCommand(g), p.historyCommand(g), p.proofsCommand(g), p.decodeCommand(g),
		p.walletsCommand(g), p.versionCommand(g)}
}

// careCommands look after what is unfinished, mints and the seed.
func (p program) careCommands(g *globals) []*cobra.Command {
	return []*cobra.Command{p.pendingCommand(g), p.quotesCommand(g), p.opsCommand(g), p.inboxCommand(g),
		p.mintsCommand(g), p.loginCommand(g), p.logoutCommand(g), p.keysCommand(g), p.restoreCommand(g), p.seedCommand(g)}
}

// usageError is a command line that makes no sense, where the help would not help.
type usageError struct{ error }

func (e usageError) Unwrap() error { return commandline.AsUsage(e.error) }

func usage(cmd *cobra.Command, err error) error { return commandline.Usage(cmd, err) }

func usagef(cmd *cobra.Command, format string, args ...any) error {
	return commandline.Usagef(cmd, format, args...)
}

func args(check cobra.PositionalArgs) cobra.PositionalArgs { return commandline.Args(check) }

func noArgs(cmd *cobra.Command, given []string) error { return commandline.NoArgs(cmd, given) }

func hint(err error, format string, args ...any) error { return commandline.Hint(err, format, args...) }

type errorJSON struct {
	Error string   `json:"error"`
	Exit  int      `json:"exit"`
	Hints []string `json:"hints,omitempty"`
}

// report prints an error and its hints, and chooses the exit code.
func (p program) report(err error, asJSON bool) int {
	if err == nil {
		return exitOK
	}
	code := exitCode(err)
	if asJSON {
		_ = json.NewEncoder(p.stderr).Encode(errorJSON{Error: strings.TrimSpace(err.Error()), Exit: code, Hints: commandline.Hints(err)})
		return code
	}
	commandline.Report(p.stderr, "wallet", err, advice(err)...)
	return code
}

// advice is for errors of the library that come from many commands.
func advice(err error) []string {
	switch {
	case errors.Is(err, errNotPaid), errors.Is(err, errNotReceived), errors.Is(err, wallet.ErrHalfway):
		return nil
	case errors.Is(err, cashu.ErrBlindAuthLimited):
		return []string{"the mint gives no more tokens for now: try again later"}
	case exitCode(err) == exitLogin:
		return []string{`"wallet login MINT" logs in; what waits goes on with the next command, or with "wallet ops recover"`}
	case exitCode(err) == exitPending:
		return []string{`"wallet ops list" shows what is not decided yet; "wallet ops recover" asks again`}
	}
	return nil
}
