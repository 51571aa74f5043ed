package e2e

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/e2e/verdict"
	"mintmark/mint/lightning/bolt11"
	"mintmark/wallet/mintclient"
)

// How wallets of the load melt.

// payTimeout is shorter than payments that take long, so that a melt of such a one
// is answered as pending.
const (
	payTimeout = "300ms"
	takesLong  = "take 600ms"
)

// endings are descriptions of invoices that say how the payment ends. An answer of
// the node that it takes back later, or an error, says nothing.
var endings = []struct {
	description string
	fails       bool
}{
	{"", false}, {"", false}, {"", false},
	{takesLong, false},
	{"fail the payment", true},
	{ending("PAID", "FAILED", true), true},
	{ending("PAID", "PAID", true), false},
	{ending("FAILED", "PAID", false), false},
}

// ending is the steering of the fake node: what it says when it is to pay, perhaps
// an error, and what it says later.
func ending(pay, check string, payErr bool) string {
	return fmt.Sprintf(`{"pay_invoice_state":%q,"check_payment_state":%q,"pay_err":%v,"check_err":false}`, pay, check, payErr)
}

// melt pays with the purse: an invoice of somebody outside, or one of this mint that
// nobody else pays, or that somebody else may just be paying; or an offer or an
// address, which are of this mint, too, but paid through the node.
func (w *worker) melt() {
	total, fee := w.worth()
	if total < fee+5 {
		w.swap()
		return
	}
	// There is always some change, by which the judge knows who has paid.
	melt := verdict.Melt{Method: "bolt11", Fee: fee, Amount: 1 + rand.Uint64N(total-fee-4)}
	var invoice, payee string
	switch rand.IntN(10) {
	case 0:
		invoice = w.askFor(melt.Amount, "leave this unpaid")
	case 1:
		invoice = w.askFor(melt.Amount, "")
	case 2:
		end := endings[rand.IntN(len(endings))]
		melt.Method, melt.Fails = "bolt12", end.fails
		invoice, melt.Debt = w.openRequest(melt.Method, end.description)
	case 3:
		melt.Method = "onchain"
		invoice, melt.Debt = w.openRequest(melt.Method, "")
	default:
		end := endings[rand.IntN(len(endings))]
		invoice, melt.Debt = w.wallet().Invoice(cashu.Amount(melt.Amount), end.description)
		melt.Fails = end.fails
	}
	payee, w.quote = w.quote, ""
	if melt.Method != "bolt11" && invoice == "" {
		return
	}
	if melt.Debt == "" {
		v, err := bolt11.Decode(invoice)
		if err != nil {
			return // there was no answer, or none that helps
		}
		melt.Debt, melt.Within = hex.EncodeToString(v.PaymentHash[:]), payee
	}
	var reserve uint64
	if melt.Quote, reserve = w.offer(invoice, melt); melt.Quote == "" || total < melt.Amount+reserve+fee+1 {
		return
	}
	w.beginMelt(melt, payee)
}

// openRequest makes an offer or an address that nobody else is going to pay.
func (w *worker) openRequest(method, description string) (request, debt string) {
	var q mintclient.MintQuote
	if !w.get("/v1/mint/quote/"+method, map[string]any{"unit": "sat", "pubkey": openPubkey, "description": description}, &q) {
		return "", ""
	}
	return q.Request, harness.DebtOf(q.Request)
}

// offer gets a melt quote. Sometimes two wallets ask for one of an invoice at once,
// and one at most may have it.
func (w *worker) offer(request string, melt verdict.Melt) (id string, reserve uint64) {
	var quotes [2]mintclient.MeltQuote
	n := 1
	if melt.Method == "bolt11" && rand.IntN(6) == 0 {
		n = 2
	}
	ask := askToPay(melt.Method, request, cashu.Amount(melt.Amount))
	var group sync.WaitGroup
	front := w.wallet()
	for i := range n {
		group.Go(func() {
			reply, err := front.Post("/v1/melt/quote/"+melt.Method, ask)
			if err == nil && reply.Status == 200 {
				err = cashu.Decode([]byte(reply.Body), &quotes[i])
			} else if err == nil {
				w.f.count(reply.Status, reply.Code)
			}
			if err != nil {
				time.Sleep(retryPause)
			}
		})
	}
	group.Wait()
	one, other := quotes[0], quotes[1]
	if one.Quote != "" && other.Quote != "" && max(one.Expiry-other.Expiry, other.Expiry-one.Expiry) < 300 {
		w.f.t.Errorf("CREATED: two melt quotes of one invoice are valid at once: %+v, %+v", one, other)
	}
	if one.Quote == "" {
		one = other
	}
	return one.Quote, uint64(harness.Reserve(one))
}

// beginMelt prepares a melt and puts it, sometimes with a rival: the same melt with
// other blanks, or a swap of the same coins. A melt that may fail has none, because
// its rival would get its turn later.
func (w *worker) beginMelt(melt verdict.Melt, payee string) {
	inputs := w.purse
	w.open = append(w.open, w.f.prepareMelt("melt", melt, payee, inputs, w.blanks()))
	if melt.Within == "" && !melt.Fails {
		switch total, fee := w.worth(); rand.IntN(8) {
		case 0:
			w.open = append(w.open, w.f.prepareMelt("rival melt", melt, payee, inputs, w.blanks()))
		case 1:
			w.open = append(w.open, w.f.prepare("swap against a melt", inputs, "", w.outputs(total-fee)))
		}
	}
	w.purse = nil
	w.putOpen()
}

func (w *worker) blanks() []harness.Output {
	maker := harness.Wallet{Client: w.wallet().Client, Keyset: w.f.keyset()}
	return maker.Blanks([]int{1, 6, 7}[rand.IntN(3)])
}

// prepareMelt is prepare for melts. The first time it is put, it may ask not to wait.
func (f *force) prepareMelt(kind string, melt verdict.Melt, payee string, inputs []cashu.Proof, blanks []harness.Output) *request {
	r := &request{path: "/v1/melt/" + melt.Method, inputs: inputs, outputs: blanks, payee: payee}
	r.Melt = &melt
	body := mintclient.MeltRequest{
		Quote: melt.Quote, Inputs: inputs, Outputs: harness.Messages(blanks), PreferAsync: rand.IntN(4) == 0,
	}
	if melt.Method == "onchain" {
		body.FeeIndex = new(uint32)
	}
	r.body = body
	f.enter(kind, r)
	for i := range r.Outputs {
		r.Outputs[i].Amount = 0
	}
	return r
}

// readMelted reads the answer to a melt.
func (f *force) readMelted(r *request, text string) ([]cashu.BlindSignature, string) {
	var q mintclient.MeltQuote
	if err := cashu.Decode([]byte(text), &q); err != nil {
		f.t.Errorf("%s: reading %s: %v", r.Name, text, err)
	}
	return q.Change, q.State
}

// hurry is for a melt that was put and is not decided: from now on its wallet waits
// for it, and a look at its quote makes the mint look at the payment.
func (f *force) hurry(w *harness.Wallet, r *request) {
	if body, ok := r.body.(mintclient.MeltRequest); ok {
		body.PreferAsync = false
		r.body = body
	}
	var q mintclient.MeltQuote
	fetch(w, "/v1/melt/quote/"+r.Melt.Method+"/"+r.Melt.Quote, &q)
}

// lookAtMelts adds what the melt quotes say.
func (f *force) lookAtMelts(requests []*request, sights []verdict.Sight) {
	f.t.Helper()
	for i, r := range requests {
		if r.Melt != nil {
			q := f.fronts[f.alive()].ReadMeltOf(r.Melt.Method, r.Melt.Quote)
			sights[i].Melt, sights[i].Change = q.State, asTexts(q.Change)
		}
	}
}

// payments are all that the payees' node knows.
func (f *force) payments() map[string]verdict.Payment {
	f.t.Helper()
	debts := map[string]verdict.Payment{}
	for _, e := range f.stack.Payments() {
		p := debts[e.Debt]
		if e.Paid {
			p.Times++
			p.Amount += uint64(e.Amount)
			p.Fee += uint64(e.Fee)
		}
		p.Again = p.Again || e.Again
		p.Open = p.Open || e.Open
		debts[e.Debt] = p
	}
	return debts
}
