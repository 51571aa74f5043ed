package e2e

import (
	"testing"

	"mintmark/e2e/harness"
)

// cocoAnswer is what coco-core has after an operation.
type cocoAnswer struct {
	Balance uint64 `json:"balance"`
	Token   string `json:"token"`
	State   string `json:"state"`
}

func loadCoco(t *testing.T, s *harness.Stack, seed string) *harness.PeerWallet {
	t.Helper()
	w := harness.StartCoco(t)
	w.Must("load", map[string]any{"url": s.URL(), "seed": seed}, nil)
	return w
}

func TestCocoMintsSendsReceivesMeltsAndRestores(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	aliceSeed, bobSeed := freshSeed(t, s), freshSeed(t, s)
	alice, bob := loadCoco(t, s, aliceSeed), loadCoco(t, s, bobSeed)

	var minted, sent, received, paid cocoAnswer
	alice.Must("mint", map[string]any{"amount": 200}, &minted)
	if minted.Balance != 200 {
		t.Errorf("alice minted 200 and has %d", minted.Balance)
	}
	alice.Must("send", map[string]any{"amount": 30}, &sent)
	bob.Must("receive", map[string]any{"token": sent.Token}, &received)
	if sent.Balance != 170 || received.Balance != 30 {
		t.Errorf("after a token over 30 of 200, alice has %d and bob %d", sent.Balance, received.Balance)
	}

	// 100 and a fee of 1 are paid; the reserve of 2 was 1 too much.
	request, hash := s.Wallet().Invoice(100, "lunch")
	alice.Must("melt", map[string]any{"request": request}, &paid)
	if paid.State != "finalized" || paid.Balance != 69 {
		t.Errorf("alice paid 100 of 170 and has %+v", paid)
	}
	if payments := s.Payments(); len(payments) != 1 || payments[0].Debt != hash || !payments[0].Paid {
		t.Errorf("the node has made the payments %+v", payments)
	}

	for _, who := range []struct {
		name, seed string
		want       uint64
	}{{"alice", aliceSeed, 69}, {"bob", bobSeed, 30}} {
		var restored cocoAnswer
		again := loadCoco(t, s, who.seed)
		again.Must("restore", nil, &restored)
		if restored.Balance != who.want {
			t.Errorf("%s restored %d from the seed, want %d", who.name, restored.Balance, who.want)
		}
		// A wallet that has forgotten the token leaves it to the mint to refuse it.
		wantCode(t, who.name+" receiving the token again", again.Call("receive", map[string]any{"token": sent.Token}, nil), 11001)
	}
}
