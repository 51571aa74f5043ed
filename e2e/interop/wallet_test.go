//go:build interop

package interop

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mintmark/e2e/harness"
)

var (
	token = regexp.MustCompile(`cashu[AB][A-Za-z0-9_=-]+`)
	total = regexp.MustCompile(`Total balance across all wallets: (\d+) sat`)
)

// balance is how many sat the wallet says it has.
func balance(t *testing.T, w *harness.CDKWallet) int {
	t.Helper()
	out := w.Must("balance")
	found := total.FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("no balance in:\n%s", out)
	}
	sat, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return sat
}

func TestTheWalletOfCDKUsesOurMint(t *testing.T) {
	t.Parallel()
	cdk := harness.FindCDK(t, *cdkDir)
	s := harness.NewStackOfWords(t, programs, newWords(t))
	s.Start()
	w := s.Wallet()
	alice, bob := s.NewCDKWallet(cdk, "alice"), s.NewCDKWallet(cdk, "bob")
	alice.Must("mint", s.URL(), "100")
	if got := balance(t, alice); got != 100 {
		t.Errorf("alice minted 100 and has %d", got)
	}

	// Coins of a fresh keyset with fees, paid for with those of an old one.
	old := w.Keyset.ID
	s.Rotate("--fee-ppk", "100")
	waitForKeyset(t, w, old)
	sent := token.FindString(alice.Must("send", "--amount", "30", "--include-fee"))
	if sent == "" {
		t.Fatal("sending shows no token")
	}
	bob.Must("receive", "--allow-untrusted", sent)
	if got := balance(t, bob); got != 30 {
		t.Errorf("bob received 30 and has %d", got)
	}
	if out, err := bob.Run("receive", sent); err == nil {
		t.Errorf("a token was received twice:\n%s", out)
	}
	bob.Must("receive", token.FindString(alice.Must("send", "--amount", "20", "--include-fee", "--v3")))
	if got := balance(t, bob); got != 50 {
		t.Errorf("bob received 50 and has %d", got)
	}

	// Of what is reserved for fees comes back what the payment did not cost.
	request, hash := w.Invoice(20, "from CDK's wallet")
	if out := bob.Must("melt", "--invoice", request); !strings.Contains(out, "state=PAID, amount=20, fee_paid=") {
		t.Errorf("paying 20:\n%s", out)
	}
	if payments := s.Payments(); len(payments) != 1 {
		t.Errorf("the backend was ordered to make %d payments, want that of %s alone", len(payments), hash)
	}
	left := balance(t, bob)
	if left >= 30 || left < 27 {
		t.Errorf("bob paid 20 of 50 and has %d left: fees are 1 to 3", left)
	}

	// Nothing is left but the seed: a wallet with the same one finds its coins.
	again := bob.Clone("bob-again")
	if out := again.Must("restore", s.URL()); !strings.Contains(out, fmt.Sprintf("Restored: %d", left)) {
		t.Errorf("bob's coins, %d, do not come back from the seed:\n%s", left, out)
	}
	if got := balance(t, again); got != left {
		t.Errorf("bob restored %d, want %d", got, left)
	}
}
