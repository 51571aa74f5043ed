package e2e

import (
	"fmt"
	"testing"

	"mintmark/e2e/harness"
)

// otherMints are the mints of other projects that our wallet is tried on.
var otherMints = map[string]func(t testing.TB) *harness.PeerMint{
	"gonuts":   harness.StartGonutsMint,
	"nutshell": harness.StartNutshellMint,
}

// atOtherMints runs a test at each of them, with wallets that can be killed.
func atOtherMints(t *testing.T, test func(t *testing.T, m *harness.PeerMint, alice, bob *harness.MyWallet)) {
	t.Parallel()
	for name, start := range otherMints {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wallets := harness.NewWallets(t, crashing, "alice", "bob")
			test(t, start(t), wallets[0], wallets[1])
		})
	}
}

// invoice is one that a mint has made, for others to pay.
func invoice(w *harness.MyWallet, mint string, amount int) string {
	var q struct {
		Request string `json:"request"`
	}
	w.Must(&q, "mint", fmt.Sprint(amount), "--mint", mint, "--no-wait")
	return q.Request
}

// paid is what a payment came to.
type paid struct {
	Amount, Fee uint64
}

func wantMoney(t *testing.T, what string, w *harness.MyWallet, want harness.Money) {
	t.Helper()
	if got := w.Money(); got != want {
		t.Errorf("%s: the wallet has %+v, want %+v", what, got, want)
	}
}

func TestOurWalletAtOtherMints(t *testing.T) {
	atOtherMints(t, func(t *testing.T, m *harness.PeerMint, alice, bob *harness.MyWallet) {
		s := harness.NewStack(t, programs, harness.Unix)
		s.Start()
		alice.Must(nil, "mint", "300", "--mint", m.URL())
		wantMoney(t, "minted", alice, harness.Money{Available: 300})

		token := alice.Token("50", "--include-fee")
		bob.Must(nil, "receive", token)
		if got := bob.Money().Available; got < 50 || got > 51 {
			t.Errorf("bob has received %d", got)
		}
		held := bob.Money()
		bob.Must(nil, "receive", token) // it says that bob has it, and takes nothing twice
		wantMoney(t, "received again", bob, held)
		alice.Must(nil, "pending", "check")
		if got := alice.Money(); got.Sent != 0 || got.Pending != 0 {
			t.Errorf("the token was received, and alice has %+v", got)
		}
		alice.Token("20")
		alice.Must(nil, "pending", "revoke", "--all")

		// Locked coins open with the key only.
		var key struct{ Key string }
		bob.Must(&key, "keys", "new")
		locked := alice.Token("10", "--lock-to", key.Key)
		alice.Fails(1, "receive", locked)
		bob.Must(nil, "receive", locked)

		// Payments to our mint.
		before := alice.Money().Available
		var got paid
		alice.Must(&got, "pay", invoice(bob, s.URL(), 40), "--mint", m.URL())
		if got.Amount != 40 || before-alice.Money().Available != got.Amount+got.Fee {
			t.Errorf("paid %+v of %d, and %+v are left", got, before, alice.Money())
		}
		alice.Must(nil, "transfer", "30", "--mint", m.URL(), "--to", s.URL())

		// A rotation, and the way back from the words.
		m.Rotate()
		alice.Must(nil, "mint", "16", "--mint", m.URL())
		alice.Must(nil, "swap", "--mint", m.URL())
		bob.Must(nil, "receive", alice.Token("5", "--mint", m.URL()))
		alice.Must(nil, "pending", "check")
		for _, w := range []*harness.MyWallet{alice, bob} {
			again := w.Again()
			again.Must(nil, "restore", m.URL(), s.URL())
			wantMoney(t, "restored", again, w.Money())
		}
	})
}

// Wherever the wallet is killed in the middle of an operation at a mint of another
// project, the next one brings it to its end, and nothing is lost.
func TestOurWalletIsKilledAtOtherMints(t *testing.T) {
	atOtherMints(t, func(t *testing.T, m *harness.PeerMint, alice, bob *harness.MyWallet) {
		s := harness.NewStack(t, programs, harness.Unix)
		s.Start()
		alice.Must(nil, "mint", "256", "--mint", m.URL())
		bob.Must(nil, "mint", "64", "--mint", m.URL())
		var key struct{ Key string }
		bob.Must(&key, "keys", "new")
		settle := func(what string, w *harness.MyWallet) harness.Money {
			t.Helper()
			w.Must(nil, "ops", "recover")
			w.Must(nil, "pending", "revoke", "--all")
			got := w.Money()
			if got.Pending != 0 || got.Sent != 0 {
				t.Errorf("%s: %+v", what, got)
			}
			return got
		}
		have := alice.Money().Available
		for _, step := range []string{"sending", "answered"} {
			alice.Dies("wallet.mint."+step, "mint", "8", "--mint", m.URL())
			alice.Must(nil, "ops", "recover")
			alice.Must(nil, "quotes", "claim")
			have += 8
			if got := settle("mint "+step, alice); got.Available != have {
				t.Errorf("killed in mint, %s: %d, want %d", step, got.Available, have)
			}

			all := have + bob.Money().Available
			alice.Dies("wallet.swap."+step, "send", "11", "--lock-to", key.Key)
			alice.Must(nil, "ops", "recover")
			var out []struct{ Token string }
			alice.Must(&out, "pending", "list", "--tokens")
			if len(out) != 1 { // what was locked is of no use to alice: it goes forward
				t.Errorf("killed in send, %s: %d tokens are out", step, len(out))
			}
			for _, o := range out {
				bob.Must(nil, "receive", o.Token)
			}
			alice.Must(nil, "pending", "check")
			have = alice.Money().Available
			if now := have + bob.Money().Available; now > all || all-now > 3 { // the fees of the swaps
				t.Errorf("killed in send, %s: %d of %d", step, now, all)
			}

			token := alice.Token("20")
			all = have + bob.Money().Available
			bob.Dies("wallet.receive."+step, "receive", token)
			bob.Must(nil, "ops", "recover")
			alice.Must(nil, "pending", "check")
			have = alice.Money().Available
			if now := have + bob.Money().Available; now > all || all-now > 3 {
				t.Errorf("killed in receive, %s: %d of %d", step, now, all)
			}

			alice.Dies("wallet.melt."+step, "pay", invoice(bob, s.URL(), 20), "--mint", m.URL())
			if step == "sending" {
				// Nobody knows that it never left: it waits, or is taken back by hand.
				alice.Fails(4, "ops", "recover")
				var open []struct{ Operation string }
				alice.Must(&open, "ops", "list")
				for _, o := range open {
					alice.Must(nil, "ops", "reclaim", o.Operation)
				}
			}
			got := settle("pay "+step, alice)
			cost := have - got.Available
			if step == "sending" && cost > 3 || step == "answered" && (cost < 20 || cost > 24) {
				t.Errorf("killed in pay, %s: it cost %d", step, cost)
			}
			have = got.Available
		}
		again := alice.Again()
		again.Must(nil, "restore", m.URL())
		wantMoney(t, "restored", again, alice.Money())
	})
}
