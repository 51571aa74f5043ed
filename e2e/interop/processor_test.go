//go:build interop

package interop

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/wallet/mintclient"
)

// melt pays an invoice of 100 with this description and returns the quote as it is in
// the end, the coins, and the change.
func melt(t *testing.T, w *harness.Wallet, description string) (q mintclient.MeltQuote, coins []cashu.Proof, change cashu.Amount) {
	t.Helper()
	request, _ := w.Invoice(100, description)
	q = w.MeltQuote("bolt11", mintclient.MeltQuoteRequest{Request: request})
	coins = w.Mint(q.Amount + q.FeeReserve + 9)
	blanks := w.Blanks(4)
	if _, err := w.Post("/v1/melt/bolt11", mintclient.MeltRequest{Quote: q.Quote, Inputs: coins, Outputs: harness.Messages(blanks)}); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "the melt does not end", func() error {
		if q = w.ReadMelt(q.Quote); q.State == "PENDING" {
			return errors.New(q.State)
		}
		return nil
	})
	return q, coins, harness.Total(w.OpenChange(blanks, q.Change))
}

func TestOurMintWorksOnThePaymentProcessorOfCDK(t *testing.T) {
	t.Parallel()
	cdk := harness.FindCDK(t, *cdkDir)
	s := harness.NewStack(t, programs, harness.MTLS)
	s.Config = fmt.Sprintf(`
[lightning]
backend = "processor"
[lightning.processor]
address = %q
tls_dir = %q
doubt = "1s"
[quotes]
poll_interval = "50ms"
`, s.StartCDKProcessor(cdk), s.TLSDir())
	s.Start()
	w := s.Wallet()
	var info struct {
		Nuts map[string]json.RawMessage `json:"nuts"`
	}
	w.MustGet("/v1/info", &info)
	t.Logf("it can receive %s, and pay %s", info.Nuts["4"], info.Nuts["5"])
	tradeCoins(t, w)

	q, coins, change := melt(t, w, "tea")
	if q.State != "PAID" || !w.AllIn("SPENT", coins) || change != q.FeeReserve+9-1 {
		t.Errorf("it is %+v, the change %d", q, change)
	}
	q, coins, _ = melt(t, w, `{"pay_invoice_state":"FAILED","check_payment_state":"FAILED","pay_err":false,"check_err":false}`)
	if q.State != "UNPAID" || !w.AllIn("UNSPENT", coins) {
		t.Errorf("a payment that failed is %+v", q)
	}
	q, coins, _ = melt(t, w, `{"pay_invoice_state":"PAID","check_payment_state":"PAID","pay_err":true,"check_err":false}`)
	if q.State != "PAID" || !w.AllIn("SPENT", coins) {
		t.Errorf("a payment of which only the answer was lost is %+v", q)
	}
	for _, description := range []string{
		`{"pay_invoice_state":"FAILED","check_payment_state":"UNKNOWN","pay_err":false,"check_err":false}`,
		`{"pay_invoice_state":"UNKNOWN","check_payment_state":"UNPAID","pay_err":true,"check_err":true}`,
	} {
		request, _ := w.Invoice(100, description)
		q = w.MeltQuote("bolt11", mintclient.MeltQuoteRequest{Request: request})
		coins := w.Mint(q.Amount + q.FeeReserve)
		reply, err := w.Post("/v1/melt/bolt11", mintclient.MeltRequest{Quote: q.Quote, Inputs: coins, PreferAsync: true})
		if err != nil || reply.Status != http.StatusOK {
			t.Fatalf("%v, %v", reply, err)
		}
		w.Mint(1) // two seconds later
		if q := w.ReadMelt(q.Quote); q.State != "PENDING" || !w.AllIn("PENDING", coins) {
			t.Errorf("a payment whose end is not known is %+v", q)
		}
	}
	for method, ask := range map[string]mintclient.MintQuoteRequest{
		"bolt12":  {Amount: 21, Pubkey: openPubkey},
		"onchain": {Pubkey: openPubkey},
	} {
		quote := w.WaitPaidOf(method, w.MintQuote(method, ask).Quote, 1)
		paid, _ := quote.Totals(0)
		t.Logf("%s: %s was paid with %d", method, quote.Request, paid)
	}
}

// openPubkey is a key that nobody hides.
const openPubkey = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

func TestTheMintOfCDKWorksOnTheExampleProcessor(t *testing.T) {
	t.Parallel()
	cdk := harness.FindCDK(t, *cdkDir)
	s := harness.NewStackOfWords(t, programs, newWords(t))
	p := harness.StartProcessor(t, exampleProcessor, t.TempDir(), "-autopay", "500ms", "-delay", "200ms", "-tls", s.TLSDir())
	s.StartCDKSignatory(cdk)
	s.StartCDKMintdOn(cdk, p)
	w := s.Wallet()
	tradeCoins(t, w)
	q, coins, change := melt(t, w, "take")
	sums, err := p.Paid()
	if err != nil || q.State != "PAID" || !w.AllIn("SPENT", coins) || change != q.FeeReserve+9-1 || sums[q.Request] != 100_000 {
		t.Errorf("it is %+v, the change %d, the payee got %d, %v", q, change, sums[q.Request], err)
	}
	q, coins, _ = melt(t, w, "fail")
	if q.State != "UNPAID" || !w.AllIn("UNSPENT", coins) {
		t.Errorf("a payment that failed is %+v", q)
	}
}
