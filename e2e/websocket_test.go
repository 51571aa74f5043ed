package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/internal/pgtest"
	"mintmark/wallet/mintclient"
)

// NUT-17 of every method, by the mint that does it and by another one on the same
// database: mint quotes as money comes in, melt quotes and coins as money leaves.
func TestWebSocketsTellOfEveryMethod(t *testing.T) {
	t.Parallel()
	t.Run("one mintd", func(t *testing.T) {
		t.Parallel()
		s := harness.NewStack(t, programs, harness.Unix)
		s.Config = slowPayments(s.Config, "300ms")
		s.Start()
		tellOfEveryMethod(t, s, s, false)
	})
	t.Run("two mintd on PostgreSQL", func(t *testing.T) {
		t.Parallel()
		s := harness.NewStack(t, programs, harness.Unix)
		s.Config = slowPayments(s.Config, "3s") // so that nobody misses what is pending
		s.Database = pgtest.Start(t, pgtest.Options{}).Database(t)
		s.ShareNode()
		s.Start()
		other := s.Replica()
		other.StartMintd()
		tellOfEveryMethod(t, s, other, true)
	})
}

// openQuoteOf asks for a quote that may be paid several times.
func openQuoteOf(w *harness.Wallet, method string) mintclient.MintQuote {
	return w.MintQuote(method, mintclient.MintQuoteRequest{Pubkey: openPubkey})
}

// tellOfEveryMethod does everything at one mint and listens at another. States
// between the first and the last may be left out between replicas, but never told
// in another order; here they last long enough.
func tellOfEveryMethod(t *testing.T, at, from *harness.Stack, replicas bool) {
	t.Helper()
	w := at.Wallet()
	socket := from.Listen()
	for _, method := range []string{"bolt11", "bolt12", "onchain"} {
		var mint mintclient.MintQuote
		request, amount := "", cashu.Amount(100)
		if method == "bolt11" {
			mint = w.MintQuote("bolt11", mintclient.MintQuoteRequest{Amount: 500})
			request, _ = w.Invoice(amount, "")
		} else {
			mint = openQuoteOf(w, method)
			request = mint.Request
		}
		incoming := socket.Subscribe(method+"_mint_quote", mint.Quote)
		paid := incoming.Until("the "+method+" quote is paid", func(n harness.News) bool { return n.AmountPaid > 0 })
		if last := paid[len(paid)-1]; last.Quote != mint.Quote || last.Method != method || last.State != "PAID" {
			t.Errorf("%s: the quote is paid: %+v", method, last)
		}
		if method == "bolt11" {
			w.MintOn(mint.Quote, 500)
			incoming.Until("what is minted", func(n harness.News) bool { return n.AmountIssued == 500 && n.State == "ISSUED" })
		}
		incoming.Unsubscribe()

		coins := w.Mint(255)
		melt := w.MeltQuote(method, askToPay(method, request, amount))
		outgoing := socket.Subscribe(method+"_melt_quote", melt.Quote)
		spending := socket.Subscribe("proof_state", harness.Ys(t, coins)...)
		outgoing.States("UNPAID")
		body := mintclient.MeltRequest{Quote: melt.Quote, Inputs: coins, Outputs: harness.Messages(w.Blanks(8)), PreferAsync: true}
		if method == "onchain" {
			body.FeeIndex = new(uint32(1))
		}
		begun := w.Melt(method, body)
		if begun.State != "PENDING" {
			t.Errorf("%s: not waited for, the melt is answered %s", method, begun.State)
		}
		outgoing.States("UNPAID", "PENDING", "PAID")
		heard := outgoing.Heard()
		asked := w.ReadMeltOf(method, melt.Quote)
		last := heard[len(heard)-1]
		if !slices.EqualFunc(last.Change, asked.Change, func(a, b cashu.BlindSignature) bool { return a.C == b.C && a.Amount == b.Amount }) {
			t.Errorf("%s: the change told is %v, asked for it is %v", method, last.Change, asked.Change)
		}
		if method == "onchain" && last.Outpoint == "" {
			t.Errorf("onchain: no outpoint in %+v", last)
		}
		spending.Until("all coins are spent", func(harness.News) bool { return true })
		wantEachState(t, spending, len(coins), "UNSPENT", "PENDING", "SPENT")
	}
}

// wantEachState waits until each of n coins went through these states.
func wantEachState(t *testing.T, sub *harness.Subscribed, n int, states ...string) {
	t.Helper()
	var of map[string][]string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		of = map[string][]string{}
		for _, news := range sub.Heard() {
			of[news.Y] = append(of[news.Y], news.State)
		}
		done := len(of) == n
		for _, got := range of {
			done = done && slices.Equal(got, states)
		}
		if done {
			return
		}
	}
	t.Errorf("of %d coins each was to be %v, told was %v", n, states, of)
}

// A wallet that reads nothing is not waited for: when it looks again, it is told that
// it fell behind, and that is the end. Others hear all.
func TestAWalletThatDoesNotReadItsWebSocketIsToldAndClosed(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.OpenMetrics()
	s.Start()
	w := s.Wallet()
	coins := w.Mint(63)
	quick, deaf := s.Listen(), s.Deaf(4096)
	told := quick.Subscribe("proof_state", harness.Ys(t, coins)...)
	nobodys := make([]cashu.Proof, 1000)
	for i := range nobodys {
		nobodys[i].Secret = fmt.Sprint("nobody's coin ", i)
	}
	ys := harness.Ys(t, nobodys)
	// What the system keeps for the connection is filled first, some megabytes; then
	// the mint keeps some; then it has enough.
	for rounds := 0; s.ReadMetric("mintmark_websockets_slow_total") == 0; rounds++ {
		if rounds > 20 {
			t.Fatal("there is no end to what the mint keeps for one that does not read")
		}
		var subs []*harness.Subscribed
		for range 5 {
			subs = append(subs, deaf.Ask("proof_state", ys...))
		}
		for _, sub := range subs {
			sub.AskToEnd()
		}
	}
	deaf.Hear()
	if code, reason := deaf.WaitEnd(); code != websocket.StatusTryAgainLater {
		t.Errorf("goodbye is %d %q", code, reason)
	}
	w.Swap(coins, w.Outputs(63))
	wantEachState(t, told, len(coins), "UNSPENT", "PENDING", "SPENT")
	s.WaitMetric("mintmark_websockets", 1)
	s.WaitMetric("mintmark_subscriptions", 1)
}

// What cannot be subscribed is refused, and the connection goes on.
func TestAWebSocketRefusesWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	socket := s.Listen()
	y := harness.Ys(t, []cashu.Proof{{Secret: "nobody's"}})[0]
	for _, tc := range []struct{ kind, filter, want string }{
		{"bolt11_mint_quote", "01a21d99-644d-7440-b8e8-379c57b82046", "-32602"},
		{"bolt12_melt_quote", "01a21d99-644d-7440-b8e8-379c57b82046", "-32602"},
		{"bolt11_quote", "x", "-32602"},
		{"proof_state", "02", "-32602"},
		{"bolt12_mint_quote", w.PaidQuote(1).Quote, "-32602"}, // it is of bolt11
	} {
		if got := socket.Ask(tc.kind, tc.filter).Answer(); len(got) < 6 || got[:6] != tc.want {
			t.Errorf("%s of %s is answered %q, want %s", tc.kind, tc.filter, got, tc.want)
		}
	}
	socket.Subscribe("proof_state", y).States("UNSPENT") // of a coin that nobody has seen
	s.Mintd.Stop()
	if code, _ := socket.WaitEnd(); code != websocket.StatusGoingAway {
		t.Errorf("a mint that stops says goodbye with %d", code)
	}
}
