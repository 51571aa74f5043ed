package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/internal/lntest"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/lnd"
	"mintmark/wallet/mintclient"
)

// lnNetwork is a real Lightning network: the mint's node A, and B and C for everybody
// else. Tests that kill a node have one of their own.
var lnNetwork lntest.Shared

// lnConfig is a mint on node A that has no more rights than it needs.
func lnConfig(t *testing.T, net *lntest.Network) string {
	t.Helper()
	quick := strings.Replace(harness.Quick("10s"), "[quotes]\n", "[quotes]\npay_timeout = \"2s\"\n", 1)
	return quick + fmt.Sprintf(`
[lightning]
backend = "lnd"
network = "regtest"
[lightning.lnd]
url = %q
tls_cert = %q
macaroon = %q
doubt = "1s"
`, net.A.URL(), net.A.TLSCert(), net.A.Bake(t, lnd.Permissions))
}

// newLNStack is a running mint on a Lightning node.
func newLNStack(t *testing.T, net *lntest.Network) *harness.Stack {
	t.Helper()
	s := harness.NewStack(t, crashing, harness.Unix)
	s.Config = lnConfig(t, net)
	s.Start()
	return s
}

// mintByLN mints coins that somebody pays from C.
func mintByLN(t *testing.T, net *lntest.Network, w *harness.Wallet, amount cashu.Amount) []cashu.Proof {
	t.Helper()
	q := w.MintQuote("bolt11", mintclient.MintQuoteRequest{Amount: amount})
	if err := net.C.Pay(q.Request, 0); err != nil {
		t.Fatalf("a customer could not pay: %v", err)
	}
	return mintPaid(w, w.WaitPaid(q.Quote), amount)
}

func mintPaid(w *harness.Wallet, q mintclient.MintQuote, amount cashu.Amount) []cashu.Proof {
	return w.MintOn(q.Quote, amount)
}

// lnMelt is a melt of an invoice on the network, and its witnesses: the payee and the
// mint's node, which are asked behind the mint's back.
type lnMelt struct {
	meltAttempt
	net *lntest.Network
	id  [32]byte
}

func newLNMelt(t *testing.T, net *lntest.Network, w *harness.Wallet, request string, options *mintclient.MeltOptions) lnMelt {
	t.Helper()
	v, err := bolt11.Decode(request)
	if err != nil {
		t.Fatal(err)
	}
	m := lnMelt{net: net, id: v.PaymentHash}
	m.quote = w.MeltQuote("bolt11", mintclient.MeltQuoteRequest{Request: request, Options: options})
	m.blanks = w.Blanks(8)
	m.inputs = mintByLN(t, net, w, m.quote.Amount+m.quote.FeeReserve)
	m.body = mintclient.MeltRequest{Quote: m.quote.Quote, Inputs: m.inputs, Outputs: harness.Messages(m.blanks)}
	return m
}

// wantTrue checks a melt that is not pending against its witnesses: ecash is gone if
// and only if money is, and just as much of it.
func (m lnMelt) wantTrue(t *testing.T, w *harness.Wallet, q mintclient.MeltQuote) {
	t.Helper()
	state, received := "", uint64(0)
	if m.net.C.Ask(http.MethodGet, fmt.Sprintf("/v1/invoice/%x", m.id), nil, nil) == nil {
		state, received = m.net.C.Lookup(t, m.id)
	}
	status, cost := m.net.A.Paid(t, m.id)
	switch q.State {
	case "UNPAID":
		if status != "" && status != "FAILED" || received != 0 {
			t.Errorf("RELEASED WHILE PAID: the quote is unpaid; the node's payment is %q, the payee's invoice %s with %d msat", status, state, received)
		}
		if !w.AllIn("UNSPENT", m.inputs) {
			t.Errorf("LOST: the quote is unpaid, and the coins are %v", w.States(m.inputs))
		}
	case "PAID":
		if status != "SUCCEEDED" || received == 0 {
			t.Errorf("LOST: the quote is paid; the node's payment is %q, the payee's invoice %s with %d msat", status, state, received)
		}
		if len(q.Preimage) != 64 {
			t.Errorf("there is no proof of the payment: %+v", q)
		}
		if !w.AllIn("SPENT", m.inputs) {
			t.Errorf("the quote is paid, and the coins are %v", w.States(m.inputs))
		}
		change := w.OpenChange(m.blanks, q.Change)
		if got, want := harness.Total(change), harness.Total(m.inputs)-cashu.Amount(cost+999)/1000; got != want {
			t.Errorf("the change of a payment of %d msat is %d, want %d", cost, got, want)
		}
	default:
		t.Errorf("the quote is %+v", q)
	}
}

// lnBooks are what the mint's node had and should have: nothing may be paid that no
// melt knows of.
type lnBooks struct {
	net    *lntest.Network
	before uint64
	in     uint64
	melts  []lnMelt
}

func openBooks(t *testing.T, net *lntest.Network) *lnBooks {
	t.Helper()
	return &lnBooks{net: net, before: net.A.Local(t)}
}

// wantBalanced checks that the balance of the node is what was paid in less what the
// melts did cost, to the last thousandth of a satoshi.
func (b *lnBooks) wantBalanced(t *testing.T) {
	t.Helper()
	want := b.before + b.in
	for _, m := range b.melts {
		_, cost := b.net.A.Paid(t, m.id)
		want -= cost
	}
	if got := b.net.A.Local(t); got != want {
		t.Errorf("PAID TWICE OR LOST: the node has %d msat, want %d", got, want)
	}
}

// add notes a melt, whose inputs somebody has paid for.
func (b *lnBooks) add(m lnMelt) {
	b.melts = append(b.melts, m)
	b.in += 1000 * uint64(harness.Total(m.inputs))
}
