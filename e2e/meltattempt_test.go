package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/wallet/mintclient"
)

// meltAttempt is a melt with all that is needed to find out later what became of
// it. Each witness is asked: the quote, the coins, and the ledger of the node.
type meltAttempt struct {
	quote  mintclient.MeltQuote
	hash   string // of the invoice, or of the request that is none
	inputs []cashu.Proof
	blanks []harness.Output
	body   mintclient.MeltRequest
}

// overpaid is what the inputs of a melt are more than the amount.
const overpaid = 13

// newMelt prepares the melt of an invoice.
func newMelt(w *harness.Wallet, sat cashu.Amount, description string) meltAttempt {
	request, hash := w.Invoice(sat, description)
	return newMeltOf(w, request, hash, sat)
}

func newMeltOf(w *harness.Wallet, request, hash string, sat cashu.Amount) meltAttempt {
	a := prepareMelt(w, "bolt11", mintclient.MeltQuoteRequest{Request: request}, sat)
	a.hash = hash
	return a
}

// newMeltBy prepares a melt by any method. What is not bolt11 is paid to a quote of
// this very mint, which is a payment as any other for its node.
func newMeltBy(w *harness.Wallet, method string, sat cashu.Amount, description string) (a meltAttempt) {
	if method == "bolt11" {
		return newMelt(w, sat, description)
	}
	payee := w.MintQuote(method, mintclient.MintQuoteRequest{Pubkey: openPubkey, Description: description})
	return newMeltTo(w, method, payee.Request, sat)
}

// newMeltTo prepares a melt to an offer or an address.
func newMeltTo(w *harness.Wallet, method, request string, sat cashu.Amount) (a meltAttempt) {
	a = prepareMelt(w, method, askToPay(method, request, sat), sat)
	a.hash = harness.DebtOf(request)
	if method == "onchain" {
		a.body.FeeIndex = new(uint32)
	}
	return a
}

// askToPay is the request for a melt quote over sat, by a method whose requests leave the
// amount open.
func askToPay(method, request string, sat cashu.Amount) mintclient.MeltQuoteRequest {
	ask := mintclient.MeltQuoteRequest{Request: request, Unit: cashu.UnitSat}
	switch method {
	case "bolt12":
		ask.Options = &mintclient.MeltOptions{Amountless: &mintclient.AmountlessOption{AmountMsat: 1000 * sat}}
	case "onchain":
		ask.Amount = sat
	}
	return ask
}

func prepareMelt(w *harness.Wallet, method string, ask mintclient.MeltQuoteRequest, sat cashu.Amount) meltAttempt {
	a := meltAttempt{inputs: w.Mint(sat + overpaid), blanks: w.Blanks(4)}
	a.quote = w.MeltQuote(method, ask)
	a.body = mintclient.MeltRequest{Quote: a.quote.Quote, Inputs: a.inputs, Outputs: harness.Messages(a.blanks)}
	return a
}

func (a meltAttempt) path() string { return "/v1/melt/" + a.quote.Method }

func (a meltAttempt) read(w *harness.Wallet) mintclient.MeltQuote {
	return w.ReadMeltOf(a.quote.Method, a.quote.Quote)
}

// settled waits until the quote is not pending any more.
func (a meltAttempt) settled(t *testing.T, w *harness.Wallet) mintclient.MeltQuote {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		q := a.read(w)
		if q.State != "PENDING" {
			return q
		}
		if time.Now().After(deadline) {
			t.Fatalf("the melt is still pending: %+v", q)
		}
	}
}

// proveWhole is the proof after a mishap: the melt happened entirely or not at
// all; put again, byte for byte the same, it is paid and stays so for ever; its
// change is exact and good once; the node has paid once.
func (a meltAttempt) proveWhole(t *testing.T, s *harness.Stack, w *harness.Wallet) {
	t.Helper()
	before := a.settled(t, w)
	a.wantWhole(t, s, w, before)
	first := a.put(t, w)
	var q mintclient.MeltQuote
	if err := cashu.Decode([]byte(first.Body), &q); err != nil || first.Status != http.StatusOK || q.State != "PAID" {
		t.Fatalf("put again it is %v", first)
	}
	second, err := w.Post(a.path(), a.body)
	if err != nil || second != first {
		t.Errorf("the same request gave two answers: %v\n%v\n%v", err, first, second)
	}
	if before.State == "PAID" && !sameSignatures(before.Change, q.Change) {
		t.Error("the request put again gave other change than the quote had")
	}
	a.wantWhole(t, s, w, a.read(w))
	change := w.OpenChange(a.blanks, q.Change)
	w.Swap(change, w.Outputs(harness.Total(change)))
	other := newMelt(w, 5, "")
	other.body.Inputs = a.inputs
	if reply, err := w.Post("/v1/melt/bolt11", other.body); err != nil || reply.Code != 11001 {
		t.Errorf("melting the same coins twice: %v, %v", reply, err)
	}
}

// wantWhole checks a melt that is not pending against all witnesses.
func (a meltAttempt) wantWhole(t *testing.T, s *harness.Stack, w *harness.Wallet, q mintclient.MeltQuote) {
	t.Helper()
	times, fee := a.paid(t, s)
	switch q.State {
	case "UNPAID":
		if times != 0 {
			t.Errorf("the quote is unpaid and the node paid %d times", times)
		}
		if !w.AllIn("UNSPENT", a.inputs) || len(q.Change) > 0 {
			t.Errorf("the quote is unpaid, but the coins are %v", w.States(a.inputs))
		}
		if outputs, _ := w.Restore(a.blanks); len(outputs) > 0 {
			t.Errorf("the quote is unpaid, and %d of its blanks are signed", len(outputs))
		}
	case "PAID":
		if times != 1 {
			t.Errorf("the quote is paid and the node paid %d times", times)
		}
		if !w.AllIn("SPENT", a.inputs) {
			t.Errorf("the quote is paid, but the coins are %v", w.States(a.inputs))
		}
		change := w.OpenChange(a.blanks, q.Change)
		if got, want := harness.Total(change), harness.Total(a.inputs)-a.quote.Amount-fee; got != want {
			t.Errorf("the change is %d, want %d", got, want)
		}
		if outputs, sigs := w.Restore(a.blanks); len(outputs) != len(change) || !sameSignatures(sigs, q.Change) {
			t.Errorf("%d of the blanks are signed, %d are change", len(outputs), len(change))
		}
	default:
		t.Errorf("the quote is %+v", q)
	}
}

// paid counts how often the node has paid this much of the debt, and what it cost.
func (a meltAttempt) paid(t *testing.T, s *harness.Stack) (times int, fee cashu.Amount) {
	t.Helper()
	for _, e := range s.Payments() {
		if e.Debt != a.hash || e.Amount != a.quote.Amount {
			continue
		}
		if e.Again {
			t.Errorf("the mint tried to pay %s again", a.hash)
		}
		if e.Paid {
			times++
			fee += e.Fee
		}
	}
	return times, fee
}

func (a meltAttempt) put(t *testing.T, w *harness.Wallet) harness.Reply {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		reply, err := w.Post(a.path(), a.body)
		if err != nil {
			t.Fatal(err)
		}
		pending := reply.Code == 20005 || reply.Status == http.StatusOK && strings.Contains(reply.Body, `"state":"PENDING"`)
		if reply.Status != http.StatusServiceUnavailable && !pending {
			return reply
		}
		if time.Now().After(deadline) {
			t.Fatalf("the mint still answers %v", reply)
		}
	}
}
