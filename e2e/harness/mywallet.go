package harness

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mintmark/internal/child"
)

// MyWallet is a wallet of ours, used through its command.
type MyWallet struct {
	t       testing.TB
	program string
	dir     string
	name    string
}

// NewWallets makes wallets of these names in a new directory.
func NewWallets(t testing.TB, programs Programs, names ...string) []*MyWallet {
	t.Helper()
	dir := t.TempDir()
	var list []*MyWallet
	for _, name := range names {
		w := &MyWallet{t: t, program: programs.Wallet, dir: dir, name: name}
		w.Must(nil, "seed", "new", "--plaintext-seed", "--no-words")
		list = append(list, w)
	}
	return list
}

// Again is a wallet in a directory of its own that has the seed of this one, and
// nothing else.
func (w *MyWallet) Again() *MyWallet {
	w.t.Helper()
	again := &MyWallet{t: w.t, program: w.program, dir: w.t.TempDir(), name: "again"}
	words := filepath.Join(w.t.TempDir(), "words")
	if err := os.WriteFile(words, []byte(w.run("", "seed", "show", "--yes")), 0o600); err != nil {
		w.t.Fatal(err)
	}
	again.run("", "seed", "import", "--plaintext-seed", "--file", words)
	return again
}

func (w *MyWallet) command(crashAt string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), 5*patience)
	w.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, w.program, append([]string{"--data-dir", w.dir, "--wallet", w.name}, args...)...)
	cmd.Env = append(os.Environ(), "MINTMARK_CRASH_AT="+crashAt)
	return cmd
}

// said runs a command and returns all that it has printed.
func said(cmd *exec.Cmd) (string, error) {
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out // one writer: nothing is written at once
	err := child.Run(cmd)
	return out.String(), err
}

// run returns what a command that must succeed has printed.
func (w *MyWallet) run(crashAt string, args ...string) string {
	w.t.Helper()
	var out, complaints strings.Builder
	cmd := w.command(crashAt, args...)
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := child.Run(cmd); err != nil {
		w.t.Fatalf("wallet %s: %v: %s%s", strings.Join(args, " "), err, &out, &complaints)
	}
	return out.String()
}

// Must runs a command that has to succeed, and reads the last line that it prints
// as JSON into out, unless that is nil.
func (w *MyWallet) Must(out any, args ...string) {
	w.t.Helper()
	text := strings.TrimSpace(w.run("", append([]string{"--yes", "--json"}, args...)...))
	if out == nil {
		return
	}
	if err := json.Unmarshal([]byte(text[strings.LastIndexByte(text, '\n')+1:]), out); err != nil {
		w.t.Fatalf("wallet %s: %v: %s", strings.Join(args, " "), err, text)
	}
}

// Fails runs a command that has to end with this exit code, and returns what it
// said.
func (w *MyWallet) Fails(code int, args ...string) string {
	w.t.Helper()
	out, err := said(w.command("", append([]string{"--yes", "--json"}, args...)...))
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != code {
		w.t.Errorf("wallet %s: %v, want exit code %d: %s", strings.Join(args, " "), err, code, out)
	}
	return out
}

// Dies runs a command that is killed at a crash point, in programs that have some.
func (w *MyWallet) Dies(at string, args ...string) {
	w.t.Helper()
	out, err := said(w.command(at, append([]string{"--yes", "--json"}, args...)...))
	exit, ok := err.(*exec.ExitError)
	if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		w.t.Fatalf("wallet %s did not die at %s: %v: %s", strings.Join(args, " "), at, err, out)
	}
}

// Money is what a wallet has.
type Money struct {
	Available uint64 `json:"available"`
	Pending   uint64 `json:"pending"`
	Sent      uint64 `json:"sent"`
}

// Money asks the wallet for its balance, over all mints.
func (w *MyWallet) Money() Money {
	w.t.Helper()
	var v struct {
		Totals []Money `json:"totals"`
	}
	w.Must(&v, "balance")
	if len(v.Totals) == 0 {
		return Money{}
	}
	return v.Totals[0]
}

// Token makes a token.
func (w *MyWallet) Token(args ...string) string {
	w.t.Helper()
	var v struct {
		Token string `json:"token"`
	}
	w.Must(&v, append([]string{"send"}, args...)...)
	return v.Token
}
