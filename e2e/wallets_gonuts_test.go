package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/internal/pgtest"
)

// gonutsState is what the wallet of gonuts has after an operation.
type gonutsState struct {
	Balance uint64 `json:"balance"`
	Pending uint64 `json:"pending"`
	Amount  uint64 `json:"amount"`
	Token   string `json:"token"`
}

type gonutsMelt struct {
	Quote      string            `json:"quote"`
	Amount     uint64            `json:"amount"`
	FeeReserve uint64            `json:"fee_reserve"`
	State      string            `json:"state"`
	Change     []json.RawMessage `json:"change"`
}

// gonuts is a wallet of gonuts in a directory of its own.
type gonuts struct {
	*harness.PeerWallet
	t      *testing.T
	s      *harness.Stack
	dir    string
	words  string
	pubkey string
}

func loadGonuts(t *testing.T, s *harness.Stack, dir string) *gonuts {
	t.Helper()
	w := &gonuts{PeerWallet: harness.StartGonuts(t), t: t, s: s, dir: dir}
	var loaded struct{ Words, Pubkey string }
	w.Must("load", map[string]any{"dir": dir, "url": s.URL()}, &loaded)
	w.words, w.pubkey = loaded.Words, loaded.Pubkey
	s.Secrets.Hide(w.words)
	return w
}

// do is an operation that must succeed and leave this balance.
func (w *gonuts) do(op string, args map[string]any, balance uint64) (got gonutsState) {
	w.t.Helper()
	w.Must(op, args, &got)
	if got.Balance != balance {
		w.t.Errorf("%s: the balance is %d, want %d", op, got.Balance, balance)
	}
	return got
}

// mint pays a quote and mints it.
func (w *gonuts) mint(amount, balance uint64) {
	w.t.Helper()
	var q struct{ Quote, State string }
	w.Must("quote", map[string]any{"amount": amount}, &q)
	for deadline := time.Now().Add(20 * time.Second); q.State != "PAID"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("the quote is still %+v", q)
		}
		w.Must("checkQuote", map[string]any{"quote": q.Quote}, &q)
	}
	w.do("mint", map[string]any{"quote": q.Quote}, balance)
}

// pay asks for a quote over an invoice of somebody outside, and pays it.
func (w *gonuts) pay(amount uint64, description string) (got gonutsMelt, err error) {
	w.t.Helper()
	request, _ := w.s.Wallet().Invoice(cashu.Amount(amount), description)
	w.Must("meltQuote", map[string]any{"request": request}, &got)
	if got.Amount != amount || got.State != "UNPAID" {
		w.t.Errorf("the quote over %d is %+v", amount, got)
	}
	return got, w.Call("melt", map[string]any{"quote": got.Quote}, &got)
}

// restored is what a wallet that has nothing but the words of this one finds.
func (w *gonuts) restored() (*gonuts, uint64) {
	w.t.Helper()
	dir := filepath.Join(w.t.TempDir(), "restored")
	again := harness.StartGonuts(w.t)
	var got gonutsState
	again.Must("restore", map[string]any{"dir": dir, "words": w.words, "url": w.s.URL()}, &got)
	again.End() // its database is closed, but it was another wallet's process
	return loadGonuts(w.t, w.s, dir), got.Amount
}

func TestGonutsMintsSendsReceivesMeltsAndRestores(t *testing.T) {
	t.Parallel()
	for _, on := range []string{"SQLite", "PostgreSQL"} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			s := harness.NewOldStack(t, programs)
			if on == "PostgreSQL" {
				s.Database = pgtest.Start(t, pgtest.Options{}).Database(t)
			}
			s.Start()
			alice, bob := loadGonuts(t, s, t.TempDir()), loadGonuts(t, s, t.TempDir())
			alice.mint(300, 300)

			sent := alice.do("send", map[string]any{"amount": 50}, 250)
			if sent.Pending != 50 || sent.Amount != 50 {
				t.Errorf("alice has sent %+v, want 50", sent)
			}
			bob.do("receive", map[string]any{"token": sent.Token}, 50)
			wantCode(t, "receiving a token twice", bob.Call("receive", map[string]any{"token": sent.Token}, nil), 11001)
			alice.Must("forgetSpent", nil, nil)
			if got := alice.do("state", nil, 250); got.Pending != 0 {
				t.Errorf("the mint says that the token is spent, and alice waits for %d", got.Pending)
			}
			alice.do("send", map[string]any{"amount": 20}, 230)
			alice.do("reclaim", nil, 250) // nobody came for it

			// 100 and a fee of 1 are paid; the reserve of 2 was 1 too much. The second
			// time, its blank outputs are in part those of the first.
			for _, balance := range []uint64{149, 48} {
				got, err := alice.pay(100, "lunch")
				if err != nil || got.State != "PAID" || len(got.Change) != 1 {
					t.Errorf("paying is answered %+v, %v", got, err)
				}
				alice.do("state", nil, balance)
			}
			if payments := s.Payments(); len(payments) != 2 || !payments[0].Paid || !payments[1].Paid {
				t.Errorf("the node has made the payments %+v", payments)
			}
			_, err := alice.pay(10, "fail the payment")
			wantCode(t, "a payment that fails", err, 20004)
			alice.do("state", nil, 48)

			for who, want := range map[*gonuts]uint64{alice: 48, bob: 50} {
				again, found := who.restored()
				if found != want {
					t.Errorf("%d restored from the words, want %d", found, want)
				}
				again.do("send", map[string]any{"amount": 1}, want-1) // they are good
			}
		})
	}
}

// This wallet drops the change of a payment that took longer than the mint waits. The
// mint has it, so a restore finds it.
func TestGonutsRestoresTheChangeOfAPaymentThatWasPending(t *testing.T) {
	t.Parallel()
	s := harness.NewOldStack(t, programs)
	s.Config = strings.Replace(s.Config, "[quotes]\n", "[quotes]\npay_timeout = \""+payTimeout+"\"\n", 1)
	s.Start()
	w := loadGonuts(t, s, t.TempDir())
	w.mint(128, 128)
	got, err := w.pay(100, takesLong)
	if err != nil || got.State != "PENDING" {
		t.Fatalf("a slow payment is answered %+v, %v", got, err)
	}
	for deadline := time.Now().Add(20 * time.Second); got.State != "PAID"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the payment is still %s", got.State)
		}
		w.Must("checkMelt", map[string]any{"quote": got.Quote}, &got)
	}
	w.do("state", nil, 26) // without 102, the amount and the reserve
	if _, found := w.restored(); found != 27 {
		t.Errorf("%d restored from the words, want 27: the fee was 1", found)
	}
}

func TestGonutsGoesOnAfterARotation(t *testing.T) {
	t.Parallel()
	s := harness.NewOldStack(t, programs)
	s.Start()
	alice, bob := loadGonuts(t, s, t.TempDir()), loadGonuts(t, s, t.TempDir())
	alice.mint(64, 64)
	made := s.Rotate("--fee-ppk", "100") // takes over the version of the id
	s.Mintd.WaitLog(`msg="new keyset" keyset=` + strings.Fields(made)[1])

	// The coins are of the keyset before, which has no fee. This wallet checks their
	// DLEQ proofs with the keys of the active keyset, so it takes them only without.
	sent := alice.do("send", map[string]any{"amount": 20}, 44)
	refusedByTheWallet(t, "a token of the keyset before", bob.Call("receive", map[string]any{"token": sent.Token}, nil))
	sent = alice.do("send", map[string]any{"amount": 20, "noDLEQ": true}, 24)
	bob.do("receive", map[string]any{"token": sent.Token}, 20)
	wantCode(t, "outputs of the keyset before", alice.Call("reclaim", nil, nil), 12002)
	alice.mint(36, 60) // it asks for the keysets now
	alice.do("reclaim", nil, 80)
	again, found := alice.restored()
	if found != 80 {
		t.Errorf("%d restored from both keysets, want 80", found)
	}
	again.do("state", nil, 80)
}

func TestGonutsLocksAndUnlocks(t *testing.T) {
	t.Parallel()
	s := harness.NewOldStack(t, programs)
	s.Start()
	alice, bob, eve := loadGonuts(t, s, t.TempDir()), loadGonuts(t, s, t.TempDir()), loadGonuts(t, s, t.TempDir())
	alice.mint(256, 256)
	preimage := sha256.Sum256([]byte(freshSeed(t, s)))
	image := hex.EncodeToString(preimage[:])
	s.Secrets.Hide(image)
	type args = map[string]any

	locked := alice.do("lock", args{"amount": 10, "pubkey": bob.pubkey}, 246)
	refusedByTheWallet(t, "eve with the coins of bob", eve.Call("receive", args{"token": locked.Token}, nil))
	bob.do("receive", args{"token": locked.Token}, 10)
	wantCode(t, "unlocking twice", bob.Call("receive", args{"token": locked.Token}, nil), 11001)

	hashed := alice.do("hashlock", args{"amount": 20, "preimage": image}, 226)
	wantCode(t, "a wrong preimage", bob.Call("receiveHTLC", args{"token": hashed.Token, "preimage": image[2:] + "00"}, nil), 10001)
	bob.do("receiveHTLC", args{"token": hashed.Token, "preimage": image}, 30)

	both := args{"sigs": 1, "pubkeys": []string{bob.pubkey}, "locktime": time.Now().Add(time.Hour).Unix(), "refund": []string{alice.pubkey}}
	hashed = alice.do("hashlock", args{"amount": 5, "preimage": image, "lock": both}, 221)
	refusedByTheWallet(t, "eve with the preimage", eve.Call("receiveHTLC", args{"token": hashed.Token, "preimage": image}, nil))
	bob.do("receiveHTLC", args{"token": hashed.Token, "preimage": image}, 35)

	// This wallet signs the outputs of SIG_ALL in a way that was given up since.
	all := alice.do("lock", args{"amount": 3, "pubkey": bob.pubkey, "lock": args{"sigAll": true}}, 218)
	wantCode(t, "SIG_ALL as it was", bob.Call("receive", args{"token": all.Token}, nil), 10001)
}

// refusedByTheWallet fails unless the wallet itself saw that it cannot succeed.
func refusedByTheWallet(t *testing.T, what string, err error) {
	t.Helper()
	var refused *harness.WalletError
	if !errors.As(err, &refused) || refused.Code != 0 || refused.Status != 0 {
		t.Errorf("%s: got %v", what, err)
	}
}

func TestGonutsHearsOverAWebSocketThatItsQuoteIsPaid(t *testing.T) {
	t.Parallel()
	s := harness.NewOldStack(t, programs)
	s.Start()
	w := loadGonuts(t, s, t.TempDir())
	var q struct{ Quote string }
	w.Must("quote", map[string]any{"amount": 8}, &q)
	watching := watch(w.PeerWallet, "watchMintQuote", map[string]any{"quote": q.Quote})
	wantLast(t, w.PeerWallet, watching, "PAID", 1)
	w.do("mint", map[string]any{"quote": q.Quote}, 8)
	wantLast(t, w.PeerWallet, watching, "ISSUED", 1)
}
