package harness

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Nutshell is a wallet of nutshell in a directory of its own, used through its
// published command, cashu.
type Nutshell struct {
	t   testing.TB
	dir string
	url string
	env []string
}

// NewNutshell makes one for the mint at url; env are settings, such as
// LOCKTIME_DELTA_SECONDS=2.
func NewNutshell(t testing.TB, url string, env ...string) *Nutshell {
	t.Helper()
	needInstalled(t, "nutshell", filepath.Join(Installed, "installed", "nutshell", ".installed"))
	return &Nutshell{t: t, dir: t.TempDir(), url: url, env: env}
}

// Run runs cashu with these arguments and returns what it printed. The error is a
// *WalletError: of the command, or of the mint if the wallet speaks of a code.
func (n *Nutshell) Run(args ...string) (string, error) {
	n.t.Helper()
	return n.Answer("", args...)
}

// Answer is Run with what the user types.
func (n *Nutshell) Answer(typed string, args ...string) (string, error) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), 5*patience) // Python begins slowly
	defer cancel()
	var input []string
	if typed == "" {
		input = []string{"--yes"}
	}
	cmd := n.command(ctx, "cashu", append(input, args...)...)
	cmd.Stdin = strings.NewReader(typed)
	out, err := said(cmd)
	code := 0
	if number := codeInWords.FindStringSubmatch(out); number != nil {
		code, _ = strconv.Atoi(number[1]) // digits
	}
	if err == nil && code == 0 {
		return out, nil
	}
	return out, &WalletError{Wallet: "nutshell", Name: args[0], Message: fmt.Sprintf("%v: %s", err, out), Code: code}
}

// Must is Run for what has to succeed.
func (n *Nutshell) Must(args ...string) string {
	n.t.Helper()
	out, err := n.Run(args...)
	if err != nil {
		n.t.Fatal(err)
	}
	return out
}

// Library starts the package behind the command on the same wallet, for what the
// command does not offer. It must end before the command is used again.
func (n *Nutshell) Library() *PeerWallet {
	n.t.Helper()
	script, err := filepath.Abs(filepath.Join(Installed, "nutshell.py"))
	if err != nil {
		n.t.Fatal(err)
	}
	return startPeer(n.t, "nutshell", n.command(context.Background(), "python", script))
}

// codeInWords is how this wallet tells the code of the mint.
var codeInWords = regexp.MustCompile(`\(Code: (\d+)\)`)

// command runs a program of the installed package. The wallet reads nothing of the
// user who runs the tests.
func (n *Nutshell) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	n.t.Helper()
	program, err := filepath.Abs(filepath.Join(Installed, "installed", "nutshell", "bin", name))
	if err != nil {
		n.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = n.dir
	cmd.Env = append([]string{
		"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + n.dir, "CASHU_DIR=" + n.dir, "MINT_URL=" + n.url,
	}, n.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = patience
	return cmd
}
