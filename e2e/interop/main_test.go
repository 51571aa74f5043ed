//go:build interop

package interop

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
)

var cdkDir = flag.String("cdk", "", "directory of the programs of CDK")

// Ours, built once by TestMain.
var (
	programs         harness.Programs
	exampleProcessor string
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "mminterop")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if programs, err = harness.Build(context.Background(), dir, ""); err != nil {
		return 1, err
	}
	if exampleProcessor, err = harness.BuildProcessor(context.Background(), dir); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// waitForKeyset waits until the mint shows another active keyset than old, loads
// it into the wallet, and returns how long that took.
func waitForKeyset(t *testing.T, w *harness.Wallet, old cashu.KeysetID) time.Duration {
	t.Helper()
	start := time.Now()
	for w.LoadKeyset().ID == old {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("the mint did not take up the new keyset")
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(start)
}

// tradeCoins mints, swaps and tries to spend twice; the wallet verifies the DLEQ
// proof of every signature. It returns coins of the wallet's keyset over 64.
func tradeCoins(t *testing.T, w *harness.Wallet) []cashu.Proof {
	t.Helper()
	minted := w.Mint(100)
	fee := cashu.InputFee(w.Keyset.InputFeePPK * uint64(len(minted)))
	outputs := w.Outputs(100 - fee)
	swapped := w.Swap(minted, outputs)
	if got := harness.Total(swapped); got != 100-fee {
		t.Errorf("swapped 100 into %d, want %d", got, 100-fee)
	}
	if !w.AllIn("SPENT", minted) || !w.AllIn("UNSPENT", swapped) {
		t.Error("after the swap the old coins are not spent, or the new ones are")
	}
	again, err := w.Post("/v1/swap", cashu.SwapRequest{Inputs: minted, Outputs: harness.Messages(w.Outputs(100 - fee))})
	if err != nil || again.Status == 200 || again.Code != 11001 {
		t.Errorf("spending twice: %v, %v; want code 11001", again, err)
	}
	forged := swapped[:1:1]
	forged[0].Secret += "0"
	refused, err := w.Post("/v1/swap", cashu.SwapRequest{Inputs: forged, Outputs: harness.Messages(w.Outputs(forged[0].Amount))})
	if err != nil || refused.Status == 200 {
		t.Errorf("a forged coin: %v, %v", refused, err)
	}
	if found, _ := w.Restore(outputs); len(found) != len(outputs) {
		t.Errorf("restored %d of %d signatures", len(found), len(outputs))
	}
	return w.Mint(64)
}

// exchange swaps coins of any keyset for new ones of the wallet's.
func exchange(t *testing.T, w *harness.Wallet, coins []cashu.Proof, fee cashu.Amount) {
	t.Helper()
	got := w.Swap(coins, w.Outputs(harness.Total(coins)-fee))
	if got[0].ID != w.Keyset.ID {
		t.Errorf("the new coins are of %s, want %s", got[0].ID, w.Keyset.ID)
	}
}
