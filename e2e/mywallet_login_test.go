package e2e

import (
	"net"
	"strings"
	"testing"

	"mintmark/e2e/harness"
)

// standing is how our wallet stands with a mint that has users.
type standing struct {
	Auth *struct {
		LoggedIn bool     `json:"logged_in"`
		Renewed  bool     `json:"renewed"`
		Tokens   int      `json:"tokens"`
		Clear    []string `json:"clear"`
		Blind    []string `json:"blind"`
	} `json:"auth"`
}

// Our wallet at a mint where users log in: with a device and with a browser, with
// tokens that end all the time, killed between a token and its request, until the
// login ends.
func TestOurWalletLogsInWhereAMintWantsIt(t *testing.T) {
	t.Parallel()
	login := harness.StartLogin(t, "wallets=22") // good for two seconds, and then renewed
	s := harness.NewStack(t, programs, harness.Unix)
	s.Config = authConfig(login)
	s.Start()
	s.RotateAuth("--final-expiry", "24h")
	wallets := harness.NewWallets(t, crashing, "alice", "bob")
	alice, bob := wallets[0], wallets[1]

	if said := alice.Fails(7, "mint", "100", "--mint", s.URL()); !strings.Contains(said, "log in") {
		t.Errorf("a mint that wants a login: %s", said)
	}
	alice.LogIn("alice", s.URL())
	at := func(w *harness.MyWallet) standing {
		var v standing
		w.Must(&v, "mints", "info", s.URL())
		if v.Auth == nil {
			t.Fatal("the wallet knows nothing of users")
		}
		return v
	}
	if got := at(alice); !got.Auth.LoggedIn || !got.Auth.Renewed || got.Auth.Tokens != 20 || len(got.Auth.Clear) != 2 || len(got.Auth.Blind) != 2 {
		t.Errorf("alice stands at %+v", got.Auth)
	}
	alice.Must(nil, "mint", "200", "--mint", s.URL())
	token := alice.Token("50", "--include-fee")
	if got := at(alice).Auth.Tokens; got != 17 { // a quote, minting, a swap
		t.Errorf("%d tokens are left of 20", got)
	}

	// Bob's token waits until he has logged in.
	bob.Fails(7, "receive", token)
	bob.LogIn("bob", s.URL(), "--flow", "browser", "--port", freePort(t))
	bob.Must(nil, "ops", "recover")
	if got := bob.Money().Available; got < 50 {
		t.Errorf("bob has %d", got)
	}
	alice.Must(nil, "pending", "check")

	// Killed with a token in its hand, and with tokens that nobody has kept.
	have := alice.Money().Available
	alice.Dies("wallet.auth.taken", "send", "3")
	alice.Must(nil, "ops", "recover")
	alice.Must(nil, "pending", "revoke", "--all")
	for at(alice).Auth.Tokens > 0 {
		alice.Must(nil, "mint", "1", "--mint", s.URL(), "--no-wait")
	}
	alice.Dies("wallet.auth.signed", "mint", "1", "--mint", s.URL(), "--no-wait")
	alice.Must(nil, "mint", "1", "--mint", s.URL(), "--no-wait")
	if now := alice.Money(); now.Available+4 < have || now.Pending != 0 {
		t.Errorf("alice had %d and has %+v", have, now)
	}

	// Payments say who pays: the token has been renewed by then.
	var got paid
	other := harness.NewStack(t, programs, harness.Unix)
	other.Start()
	alice.Must(&got, "pay", invoice(bob, other.URL(), 20), "--mint", s.URL())
	if got.Amount != 20 {
		t.Errorf("paid %+v", got)
	}
	if files := alice.Files(); strings.Contains(files, "eyJ") { // how tokens of the provider begin
		t.Error("a token of the provider lies about")
	}

	// Words are enough for the coins, and the login is another one.
	again := alice.Again()
	again.Fails(7, "mint", "1", "--mint", s.URL())
	again.LogIn("alice", s.URL())
	again.Must(nil, "restore", s.URL())
	wantMoney(t, "restored", again, alice.Money())

	alice.Must(nil, "logout", s.URL())
	if got := at(alice); got.Auth.LoggedIn || got.Auth.Tokens != 0 {
		t.Errorf("after logging out alice stands at %+v", got.Auth)
	}
	var key struct{ Key string }
	alice.Must(&key, "keys", "new")
	before := alice.Money()
	alice.Fails(7, "send", "1", "--mint", s.URL(), "--lock-to", key.Key) // which takes a swap
	wantMoney(t, "after a send that the mint did not let in", alice, before)
}

func freePort(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(harness.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	return port
}
