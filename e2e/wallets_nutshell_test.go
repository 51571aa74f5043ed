package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mintmark/e2e/harness"
	"mintmark/internal/pgtest"
)

// nutshell is a wallet of nutshell at the mint of a test.
type nutshell struct {
	*harness.Nutshell
	t *testing.T
	s *harness.Stack
}

func newNutshell(t *testing.T, s *harness.Stack, env ...string) *nutshell {
	t.Helper()
	return &nutshell{Nutshell: harness.NewNutshell(t, s.URL(), env...), t: t, s: s}
}

// do runs a command that must succeed and leave this balance, which it tells last.
func (n *nutshell) do(balance string, args ...string) string {
	n.t.Helper()
	out := n.Must(args...)
	if !strings.HasSuffix(strings.TrimSpace(out), "Balance: "+balance+" sat") {
		n.t.Errorf("after %s the balance is not %s: %s", strings.Join(args, " "), balance, out)
	}
	return out
}

var (
	nutshellToken = regexp.MustCompile(`cashu[AB][A-Za-z0-9_=-]+`)
	nutshellLock  = regexp.MustCompile(`P2PK:([0-9a-f]{66})`)
	nutshellWords = regexp.MustCompile(`(?m)^ - ((?:[a-z]+ ){11}[a-z]+)$`)
	nutshellID    = regexp.MustCompile(`--id ([0-9a-f-]{36})`)
)

// mint gets coins and leaves this balance. It does not let the command wait for the
// payment: where that takes less than the command takes to listen, it never hears of
// it.
func (n *nutshell) mint(amount int, balance string) {
	n.t.Helper()
	sat := strconv.Itoa(amount)
	id := n.find(nutshellID, n.Must("invoice", sat, "--no-check"))
	n.s.Wallet().WaitPaid(id)
	n.do(balance, "invoice", sat, "--id", id)
}

// send makes a token; the arguments after the amount are those of the command.
func (n *nutshell) send(balance string, args ...string) string {
	n.t.Helper()
	return n.find(nutshellToken, n.do(balance, append([]string{"send"}, args...)...))
}

// key is the public key to which others lock coins for this wallet.
func (n *nutshell) key() string {
	n.t.Helper()
	return n.find(nutshellLock, n.Must("locks"))
}

// find is the last group of the pattern in what a command said.
func (n *nutshell) find(pattern *regexp.Regexp, out string) string {
	n.t.Helper()
	found := pattern.FindStringSubmatch(out)
	if found == nil {
		n.t.Fatalf("there is no %v in what the wallet said: %s", pattern, out)
	}
	return found[len(found)-1]
}

// restored is a wallet that has nothing but the words of this one.
func (n *nutshell) restored() *nutshell {
	n.t.Helper()
	words := n.find(nutshellWords, n.Must("info", "--mnemonic"))
	n.s.Secrets.Hide(words)
	again := newNutshell(n.t, n.s)
	if out, err := again.Answer(words+"\n\n\n", "restore"); err != nil {
		n.t.Fatalf("restoring: %v: %s", err, out)
	}
	return again
}

func TestNutshellMintsSendsReceivesPaysAndRestores(t *testing.T) {
	t.Parallel()
	for _, on := range []string{"SQLite", "PostgreSQL"} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			s := harness.NewStack(t, programs, harness.Unix)
			if on == "PostgreSQL" {
				s.Database = pgtest.Start(t, pgtest.Options{}).Database(t)
			}
			s.Start()
			alice, bob := newNutshell(t, s), newNutshell(t, s)
			alice.mint(300, "300")
			token := alice.send("270", "30", "--dleq")
			bob.do("30", "receive", token)
			_, err := bob.Run("receive", token)
			wantCode(t, "receiving a token twice", err, 11001)

			// 100 and a fee of 1 are paid; the reserve of 2 was 1 too much.
			request, hash := s.Wallet().Invoice(100, "lunch")
			alice.do("169", "pay", request)
			if payments := s.Payments(); len(payments) != 1 || payments[0].Debt != hash || !payments[0].Paid {
				t.Errorf("the node has made the payments %+v", payments)
			}
			alice.restored().do("169", "balance")
		})
	}
}

func TestNutshellLearnsFromTheMint(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Config = strings.Replace(s.Config, `incoming_delay = "20ms"`, `incoming_delay = "6s"`, 1)
	s.Start()
	alice := newNutshell(t, s)

	alice.do("200", "invoice", "200")
	s.Mintd.WaitLog(`route="GET /v1/ws" status=101`) // where the wallet has waited
	id := alice.find(nutshellID, alice.Must("invoice", "100", "--no-check"))
	s.Wallet().WaitPaid(id)
	alice.do("300", "invoice", "100", "--id", id)
	_, err := alice.Run("invoice", "100", "--id", id)
	wantCode(t, "minting a quote twice", err, 20002)

	alice.send("280", "20", "--legacy")
	if out := alice.Must("pending"); !strings.Contains(out, "Amount: 20 sat") {
		t.Errorf("nobody has come for the token, and pending is %s", out)
	}
	alice.do("300", "receive", "--all")
	if out := alice.Must("pending"); strings.Contains(out, "Amount:") {
		t.Errorf("the coins are back, and pending is %s", out)
	}

	request, _ := s.Wallet().Invoice(100, "fail the payment")
	_, err = alice.Run("pay", request)
	wantCode(t, "a payment that fails", err, 20004)
	request, _ = s.Wallet().Invoice(100, "lunch")
	alice.do("199", "pay", request)
	_, err = alice.Run("pay", request)
	wantCode(t, "paying twice", err, 20006)
	alice.do("199", "balance")
}

func TestNutshellGoesOnAfterARotation(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	alice, bob := newNutshell(t, s), newNutshell(t, s)
	alice.mint(64, "64")
	made := s.Rotate("--fee-ppk", "100")
	s.Mintd.WaitLog(`msg="new keyset" keyset=` + strings.Fields(made)[1])
	bob.do("20", "receive", alice.send("44", "20"))
	alice.mint(36, "80")
	alice.restored().do("80", "balance")
}

func TestNutshellLocksAndUnlocks(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	alice, bob, eve := newNutshell(t, s, "LOCKTIME_DELTA_SECONDS=3600"), newNutshell(t, s), newNutshell(t, s)
	alice.mint(256, "256")
	forBob := "P2PK:" + bob.key()

	token := alice.send("246", "10", "--lock", forBob)
	_, err := eve.Run("receive", token)
	wantCode(t, "eve with the coins of bob", err, 10001)
	_, err = alice.Run("receive", token)
	wantCode(t, "alice before the time", err, 10001)
	bob.do("10", "receive", token)
	_, err = bob.Run("receive", token)
	wantCode(t, "unlocking twice", err, 11001)

	// This wallet signs for SIG_ALL what was to be signed before the specification
	// changed, so its own coins do not unlock. They are not lost.
	token = alice.send("239", "7", "--lock", "P2PK-SIGALL:"+bob.key(), "--refund", alice.key())
	_, err = bob.Run("receive", token)
	wantCode(t, "SIG_ALL as it was", err, 10001)
}

func TestNutshellTakesBackWhatNobodyUnlockedInTime(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	alice, bob := newNutshell(t, s, "LOCKTIME_DELTA_SECONDS=1"), newNutshell(t, s)
	alice.mint(64, "64")
	token := alice.send("54", "10", "--lock", "P2PK:"+bob.key(), "--refund", alice.key())
	time.Sleep(3 * time.Second)
	alice.do("64", "receive", token)
}

func TestNutshellLocksToAHash(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	type args = map[string]any
	type state struct {
		Pubkey  string `json:"pubkey"`
		Token   string `json:"token"`
		Balance uint64 `json:"balance"`
	}
	payer := newNutshell(t, s)
	payer.mint(64, "64")
	alice, bob, eve := payer.Library(), newNutshell(t, s).Library(), newNutshell(t, s).Library()
	var a, b, got state
	alice.Must("load", nil, &a)
	bob.Must("load", nil, &b)
	eve.Must("load", nil, nil)
	preimage := sha256.Sum256([]byte(freshSeed(t, s)))
	image := hex.EncodeToString(preimage[:])
	s.Secrets.Hide(image)

	alice.Must("hashlock", args{"amount": 10, "preimage": image}, &got)
	wrong := bob.Call("receive", args{"token": got.Token, "preimage": image[2:] + "00"}, nil)
	wantCode(t, "a wrong preimage", wrong, 10001)
	bob.Must("receive", args{"token": got.Token, "preimage": image}, &got)
	if got.Balance != 10 {
		t.Errorf("bob has %d, want 10", got.Balance)
	}

	alice.Must("hashlock", args{"amount": 5, "preimage": image, "pubkeys": []string{b.Pubkey}, "locktime": 3600, "refund": []string{a.Pubkey}}, &got)
	token := got.Token
	if err := eve.Call("receive", args{"token": token, "preimage": image}, nil); err == nil {
		t.Error("eve unlocks with the preimage alone")
	}
	wantCode(t, "the key alone", bob.Call("receive", args{"token": token}, nil), 10001)
	wantCode(t, "the refund before the time", alice.Call("receive", args{"token": token}, nil), 10001)
	bob.Must("receive", args{"token": token, "preimage": image}, &got)
	if got.Balance != 15 {
		t.Errorf("bob has %d, want 15", got.Balance)
	}
}

func TestNutshellHearsOverAWebSocketThatItsCoinsAreSpent(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	n := newNutshell(t, s)
	n.mint(8, "8")
	w := n.Library()
	w.Must("load", nil, nil)
	var coins int
	w.Must("watch", nil, &coins)
	w.Must("spend_all", nil, nil)
	var heard []string
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		w.Must("told", nil, &heard)
		spent := 0
		for _, state := range heard {
			if state == "SPENT" {
				spent++
			}
		}
		if coins > 0 && spent == coins {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("of %d coins the wallet heard %v", coins, heard)
		}
	}
}

func TestNutshellWaitsForAPaymentThatIsPending(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	n := newNutshell(t, s)
	n.mint(256, "256")
	request, _ := s.Wallet().Invoice(100, `{"pay_invoice_state":"PENDING","check_payment_state":"PENDING","pay_err":false,"check_err":false}`)
	if out := n.do("154", "pay", request); !strings.Contains(out, "Invoice pending") {
		t.Errorf("the payment is answered: %s", out)
	}
	_, err := n.Run("pay", request)
	wantCode(t, "paying it with other coins", err, 20005)
	n.do("154", "balance")
}
