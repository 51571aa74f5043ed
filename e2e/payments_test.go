package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mintmark/e2e/harness"
	"mintmark/internal/pgtest"
	"mintmark/wallet/mintclient"
)

// refusesSoon asks for a quote until it is refused with this code.
func refusesSoon(t *testing.T, c *harness.Client, path, code string, body map[string]any) {
	t.Helper()
	var reply harness.Reply
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		var err error
		if reply, err = c.Post(path, body); err == nil && strings.Contains(reply.Body, code) {
			return
		}
	}
	t.Fatalf("%s was never refused with %s: %v", path, code, reply)
}

// worksSoon asks for a quote until there is one.
func worksSoon(t *testing.T, c *harness.Client, path string, body map[string]any) {
	t.Helper()
	var reply harness.Reply
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		var err error
		if reply, err = c.Post(path, body); err == nil && reply.Status == 200 {
			return
		}
	}
	t.Fatalf("%s never worked: %v", path, reply)
}

// A node that has lost money stops the melts that would pay the first and leave nothing
// to the last.
func TestTheWatchdogStopsPaymentsOfANodeThatHasLostMoney(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Config += "[watchdog]\ninterval = \"1s\"\nstop_melt_below = 0.75\n"
	s.Start()
	w := s.Wallet()
	coins := w.Mint(100)
	melt := func() map[string]any {
		request, _ := w.Invoice(10, "")
		return map[string]any{"request": request, "unit": "sat"}
	}
	w.MustPost("/v1/melt/quote/bolt11", melt(), new(mintclient.MeltQuote))

	s.Mintd.Stop()
	whole := s.Config
	s.Config = strings.Replace(s.Config, "[lightning.fake]\n", "[lightning.fake]\nfunds = -50\n", 1)
	s.StartMintd()
	s.Mintd.WaitLog("ALARM")
	refusesSoon(t, w.Client, "/v1/melt/quote/bolt11", "40003", melt())
	status, err := s.Operate("lightning", "status")
	if err != nil || !strings.Contains(status, "ALARM, MELTING STOPPED") {
		t.Errorf("the operator reads %v\n%s", err, status)
	}
	if reply, err := w.Get("/health"); err != nil || reply.Status != 200 || !strings.Contains(reply.Body, "degraded") {
		t.Errorf("the health is %v, %v", reply, err)
	}
	w.Mint(4) // everything else goes on
	w.Swap(coins, w.Outputs(100))

	s.Mintd.Stop()
	s.Config = whole
	s.StartMintd()
	worksSoon(t, w.Client, "/v1/melt/quote/bolt11", melt())
}

// dollarsToo is a second backend, for dollars.
const dollarsToo = `
[lightning.backends.dollars]
type = "fake"
methods = ["bolt11"]
units = ["usd"]
fake.incoming_delay = "20ms"
`

// Two backends serve one mint, and then one of them is taken away.
func TestAMintOfTwoBackendsLosesOneAndKeepsItsWord(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	before, rest, _ := strings.Cut(s.Config, "[lightning.fake]\n")
	fake, after, _ := strings.Cut(rest, "[quotes]\n")
	sats := "[lightning.backends.sats]\ntype = \"fake\"\nmethods = [\"bolt11\", \"bolt12\"]\nunits = [\"sat\"]\n[lightning.backends.sats.fake]\n" + fake
	s.Config = before + sats + dollarsToo + "[quotes]\n" + after
	s.StartSignatory()
	s.Rotate("--unit", "usd", "--amounts", "1,2,4,8,16")
	s.StartMintd()
	w := s.Wallet()
	paid := w.MintQuote("bolt11", mintclient.MintQuoteRequest{Amount: 8, Unit: "usd"})
	paid = w.WaitPaid(paid.Quote)
	w.Mint(100) // sat
	if reply, err := w.Post("/v1/mint/quote/bolt12", map[string]any{"amount": 8, "unit": "usd"}); err != nil || !strings.Contains(reply.Body, "11013") {
		t.Errorf("an offer in dollars: %v, %v", reply, err)
	}

	s.Mintd.Stop()
	s.Config = strings.Replace(s.Config, dollarsToo, "", 1)
	s.StartMintd()
	if reply, err := w.Post("/v1/mint/quote/bolt11", map[string]any{"amount": 8, "unit": "usd"}); err != nil || !strings.Contains(reply.Body, "11013") {
		t.Errorf("new dollars: %v, %v", reply, err)
	}
	for _, k := range w.Keysets() {
		if k.Active && k.Unit == "usd" {
			w.Keyset = w.KeysOf(k.ID)
		}
	}
	mintPaid(w, paid, 8)
	if w.LoadKeyset(); len(w.Mint(4)) == 0 {
		t.Error("no more sat")
	}
}

// What the operator sets through one of two mintd on a database holds for the other, too.
func TestWhatIsSwitchedOffIsOffOnEveryReplica(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Database = pgtest.Start(t, pgtest.Options{}).Database(t)
	s.ShareNode()
	s.Start()
	other := s.Replica()
	other.StartMintd()
	first, second := s.Wallet(), other.Wallet()
	quote := map[string]any{"amount": 8, "unit": "sat"}
	paid := second.PaidQuote(8)
	if out, err := s.Operate("lightning", "disable", "mint", "--unit", "sat"); err != nil {
		t.Fatal(err, out)
	}
	if out, err := s.Operate("lightning", "terms", "set", "--max-melt", "5"); err != nil {
		t.Fatal(err, out)
	}
	for _, w := range []*harness.Wallet{first, second} {
		refusesSoon(t, w.Client, "/v1/mint/quote/bolt11", "20003", quote)
		request, _ := w.Invoice(6, "")
		refusesSoon(t, w.Client, "/v1/melt/quote/bolt11", "11006", map[string]any{"request": request, "unit": "sat"})
	}
	mintPaid(second, paid, 8)
	if out, err := s.Operate("lightning", "enable", "mint"); err != nil {
		t.Fatal(err, out)
	}
	for i, w := range []*harness.Wallet{first, second} {
		worksSoon(t, w.Client, "/v1/mint/quote/bolt11", quote)
		if len(w.Mint(1)) != 1 {
			t.Error(fmt.Sprint("nothing from replica ", i))
		}
	}
}
