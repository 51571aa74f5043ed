package e2e

import (
	"bufio"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mintmark/mint/lightning/bolt11"
)

// Our wallet, as a person uses it, is paid over Lightning and pays over Lightning.
func TestOurWalletMintsAndPaysOverLightning(t *testing.T) {
	t.Parallel()
	net := lnNetwork.Network(t)
	s := newLNStack(t, net)
	dir := t.TempDir()
	program := filepath.Join(dir, "wallet")
	if out, err := exec.Command("go", "build", "-o", program, "mintmark/cmd/wallet").CombinedOutput(); err != nil {
		t.Fatalf("building the wallet: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := func(args ...string) *exec.Cmd {
		return exec.CommandContext(ctx, program, append(args, "--data-dir", filepath.Join(dir, "data"))...)
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := command(args...).CombinedOutput()
		if err != nil {
			t.Fatalf("wallet %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	run("seed", "new", "--plaintext-seed", "--no-words")

	minting := command("mint", "5000", "--mint", s.URL())
	out, err := minting.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := minting.Start(); err != nil {
		t.Fatal(err)
	}
	paid := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if request := strings.TrimSpace(lines.Text()); strings.HasPrefix(request, "lnbcrt") && !paid {
			if err := net.C.Pay(request, 0); err != nil {
				t.Fatal(err)
			}
			paid = true
		}
	}
	if err := minting.Wait(); err != nil || !paid {
		t.Fatalf("minting: %v, paid: %v", err, paid)
	}

	request := net.C.Invoice(t, 1_234_000)
	v, err := bolt11.Decode(request)
	if err != nil {
		t.Fatal(err)
	}
	said := run("pay", request, "--yes")
	if state, msat := net.C.Lookup(t, v.PaymentHash); state != "SETTLED" || msat != 1_234_000 {
		t.Errorf("the invoice is %s with %d msat; the wallet says %s", state, msat, said)
	}
	if balance := run("balance"); !strings.Contains(balance, "3,76") { // 5000 - 1234 - at most 6 for the way
		t.Errorf("the balance is %s", balance)
	}
}
