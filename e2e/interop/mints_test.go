//go:build interop

package interop

import (
	"fmt"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/e2e/harness"
)

func TestOurMintWorksOnTheSignatoryOfCDK(t *testing.T) {
	t.Parallel()
	cdk := harness.FindCDK(t, *cdkDir)
	s := harness.NewStackOfWords(t, programs, newWords(t))
	s.StartCDKSignatory(cdk)
	// It starts without a keyset, and only a client can make one: in CDK the
	// mint does, here the operator, because our mints never rotate.
	s.Rotate("--max-order", "32")
	s.StartMintd()
	w := s.Wallet()
	first := w.Keyset
	coins := tradeCoins(t, w)

	s.Rotate("--fee-ppk", "100")
	t.Logf("a rotation in CDK's signatory reaches our mint after %v", waitForKeyset(t, w, first.ID))
	if w.Keyset.InputFeePPK != 100 {
		t.Errorf("the new keyset has a fee of %d, want 100", w.Keyset.InputFeePPK)
	}
	exchange(t, w, coins, 0) // the old keyset takes no fee
	tradeCoins(t, w)

	// An older kind of id.
	second := w.Keyset.ID
	s.Rotate("--fee-ppk", "0", "--id-version", "1")
	waitForKeyset(t, w, second)
	if w.Keyset.ID.Version() != cashu.V1 {
		t.Errorf("asked for an id of version 1, got %s", w.Keyset.ID)
	}
	coins = tradeCoins(t, w)

	// Away and back: writes are refused with 503 and nothing is lost.
	s.Signatory.Kill()
	outputs := w.Outputs(64)
	away, err := w.Post("/v1/swap", cashu.SwapRequest{Inputs: coins, Outputs: harness.Messages(outputs)})
	if err != nil || away.Status != 503 {
		t.Errorf("a swap without signatory: %v, %v; want 503", away, err)
	}
	s.StartCDKSignatory(cdk)
	s.Rotate()
	third := w.Keyset.ID
	t.Logf("a rotation after a restart of CDK's signatory reaches our mint after %v", waitForKeyset(t, w, third))
	exchange(t, w, coins, 0)
}

func TestTheMintOfCDKWorksOnOurSignatory(t *testing.T) {
	t.Parallel()
	cdk := harness.FindCDK(t, *cdkDir)
	s := harness.NewStackOfWords(t, programs, newWords(t))
	s.StartSignatory()
	// The first keyset of our init has no fee: CDK's mint rotates at its start.
	s.StartCDKMintd(cdk, 100)
	w := s.Wallet()
	first := w.Keyset
	if first.InputFeePPK != 100 || len(w.Keysets()) != 2 {
		t.Errorf("CDK's mint asked for a fee of 100; the active keyset has %d, and there are %d keysets", first.InputFeePPK, len(w.Keysets()))
	}
	coins := tradeCoins(t, w)

	s.Rotate()
	t.Logf("a rotation in our signatory reaches CDK's mint after %v", waitForKeyset(t, w, first.ID))
	exchange(t, w, coins, 1)
	coins = tradeCoins(t, w)

	// Its stream ends with our signatory, and comes back by itself.
	s.Signatory.Stop()
	s.StartSignatory()
	second := w.Keyset.ID
	s.Rotate("--id-version", "1")
	t.Logf("a rotation after a restart of our signatory reaches CDK's mint after %v", waitForKeyset(t, w, second))
	if w.Keyset.ID.Version() != cashu.V1 {
		t.Errorf("asked for an id of version 1, got %s", w.Keyset.ID)
	}
	exchange(t, w, coins, 1)
	tradeCoins(t, w)
}

// A mint made with CDK asks for a rotation whenever it starts with another
// configuration than the active keyset has. What it may is up to the signatory.
func TestTheMintOfCDKObeysThePolicyOfOurSignatory(t *testing.T) {
	t.Parallel()
	cdk := harness.FindCDK(t, *cdkDir)
	s := harness.NewStackOfWords(t, programs, newWords(t))
	const clients = `
[[client]]
name = "cdk"
roles = ["mint"]
san = ["dns:mint"]
rotate = %q
[[client.budget]]
unit = "sat"
hour_value = 1000
`
	s.Clients = fmt.Sprintf(clients, "deny")
	s.StartSignatory()
	if said := s.FailToStartCDKMintd(cdk, 100); !strings.Contains(said, "may not rotate") || !strings.Contains(said, "in the clients file") {
		t.Errorf("a mint that may not rotate is not told which option it needs:\n%s", said)
	}
	s.Signatory.Stop()

	s.Clients = fmt.Sprintf(clients, "same")
	s.StartSignatory()
	s.StartCDKMintd(cdk, 0)
	w := s.Wallet()
	if got := len(w.Keysets()); got != 1 {
		t.Errorf("the mint lists %d keysets, want 1: nothing was rotated", got)
	}
	tradeCoins(t, w)

	// 100 minted, 100 swapped, 64 minted: the budget has 736 left.
	coins := w.Mint(512)
	over, err := w.Post("/v1/swap", cashu.SwapRequest{Inputs: coins, Outputs: harness.Messages(w.Outputs(512))})
	if err != nil || over.Status == 200 {
		t.Errorf("a swap beyond the budget: %v, %v", over, err)
	}
	if !w.AllIn("UNSPENT", coins) {
		t.Error("the coins of a swap that was refused are not unspent")
	}
	if !s.Mintd.Running() {
		t.Error("CDK's mint died of a refusal")
	}
}
