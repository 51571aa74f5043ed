package e2e

import (
	"math/rand/v2"
	"sync"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/e2e/verdict"
	"mintmark/wallet/mintclient"
)

// worker is one wallet that never tires: it mints, swaps all it has, and now and
// then cheats by putting two requests for the same money at once. What gets no
// answer, or none that decides anything, it puts again, byte for byte the same.
type worker struct {
	f     *force
	front int // index of the replica that it talks to

	purse []cashu.Proof
	open  []*request // put, and not decided; more than one are rivals
	quote string     // asked for and not minted
	polls int
}

const retryPause = 20 * time.Millisecond

func (w *worker) wallet() *harness.Wallet { return w.f.fronts[w.front%len(w.f.fronts)] }

// step does one thing.
func (w *worker) step() {
	switch {
	case len(w.open) > 0:
		w.putOpen()
	case w.quote != "":
		w.mint()
	case harness.Total(w.purse) < 4 || rand.IntN(10) == 0:
		w.ask("") // what is in the purse stays unspent for ever
	case !w.f.noMelts && harness.Total(w.purse) >= 8 && rand.IntN(5) == 0:
		w.melt()
	default:
		w.swap()
	}
}

// ask gets a quote, over any amount, and tells the invoice.
func (w *worker) ask(description string) (invoice string) {
	return w.askFor(16+rand.Uint64N(16), description)
}

func (w *worker) askFor(amount uint64, description string) (invoice string) {
	var q mintclient.MintQuote
	if !w.get("/v1/mint/quote/bolt11", map[string]any{"amount": amount, "unit": "sat", "description": description}, &q) {
		return ""
	}
	w.quote, w.polls = q.Quote, 0
	w.f.mu.Lock()
	w.f.quotes[q.Quote] = true
	w.f.mu.Unlock()
	return q.Request
}

// get asks for something that the wallet can do without.
func (w *worker) get(path string, body, out any) bool {
	reply, err := w.wallet().Post(path, body)
	switch {
	case err != nil:
		w.turn()
		return false
	case reply.Status != 200 || cashu.Decode([]byte(reply.Body), out) != nil:
		w.f.count(reply.Status, reply.Code)
		time.Sleep(retryPause)
		return false
	}
	return true
}

// mint waits for the payment of the quote and asks for its coins.
func (w *worker) mint() {
	var q mintclient.MintQuote
	if !fetch(w.wallet(), "/v1/mint/quote/bolt11/"+w.quote, &q) {
		w.turn()
		return
	}
	if q.State == "UNPAID" {
		time.Sleep(retryPause)
		if w.polls++; w.polls > 500 {
			w.quote = "" // its replica is gone for long, or it has expired
		}
		return
	}
	w.begin("issue", nil, w.quote, uint64(q.Amount))
}

// worth is what is in the purse, and what the mint takes for spending it.
func (w *worker) worth() (total, fee uint64) {
	var ppk uint64
	w.f.mu.Lock()
	defer w.f.mu.Unlock()
	for _, p := range w.purse {
		ppk += w.f.keysets[p.ID].InputFeePPK
	}
	return uint64(harness.Total(w.purse)), (ppk + 999) / 1000
}

// swap spends the purse.
func (w *worker) swap() {
	total, fee := w.worth()
	if total <= fee {
		w.purse = nil
		return
	}
	w.begin("swap", w.purse, "", total-fee)
}

// begin prepares a request, or two rivals, and puts them.
func (w *worker) begin(kind string, inputs []cashu.Proof, quote string, amount uint64) {
	n := 1
	if rand.IntN(8) == 0 {
		n, kind = 2, kind+" with a rival"
	}
	for range n {
		w.open = append(w.open, w.f.prepare(kind, inputs, quote, w.outputs(amount)))
	}
	w.purse, w.quote = nil, ""
	w.putOpen()
}

// outputs over amount, in as few pieces as can be or in one more.
func (w *worker) outputs(amount uint64) []harness.Output {
	maker := harness.Wallet{Client: w.wallet().Client, Keyset: w.f.keyset()}
	outputs := maker.Outputs(cashu.Amount(amount))
	if last := outputs[len(outputs)-1]; last.Amount > 1 && rand.IntN(2) == 0 {
		outputs[len(outputs)-1] = maker.Output(last.Amount / 2)
		outputs = append(outputs, maker.Output(last.Amount/2))
	}
	return outputs
}

// putOpen puts what is open, rivals at the same moment.
func (w *worker) putOpen() {
	front, silent := w.wallet(), false
	var group sync.WaitGroup
	for _, r := range w.open {
		if decided(r.Replies) {
			continue
		}
		group.Go(func() { r.Replies = append(r.Replies, w.f.put(front, r)) })
	}
	group.Wait()
	for _, r := range w.open {
		if last := r.Replies[len(r.Replies)-1]; !last.Decided() {
			silent = silent || last.Status == 0
			defer time.Sleep(retryPause / 2)
		}
	}
	if silent {
		w.turn()
	}
	w.resolve()
}

func decided(replies []verdict.Reply) bool {
	return len(replies) > 0 && replies[len(replies)-1].Decided()
}

// resolve takes the coins, once all that is open is decided.
func (w *worker) resolve() {
	for _, r := range w.open {
		if !decided(r.Replies) && !decided(r.Repeats) {
			return
		}
	}
	open := w.open
	w.open = nil
	for _, r := range open {
		if r.done {
			w.purse, w.quote, w.polls = w.f.coins(r), r.payee, 0
			return
		}
	}
	// Nobody got it. If it was refused for a reason that passes, the money is
	// still there; if not, the judge will ask where it went.
	last := open[0].Replies
	if len(open[0].Repeats) > 0 {
		last = open[0].Repeats
	}
	switch code := last[len(last)-1].Code; {
	case code == 20006: // somebody was faster, and the payee has the money
		w.purse, w.quote = open[0].inputs, open[0].payee
	case code/1000 == 12, open[0].Melt != nil && (code == 20004 || code == 20007):
		w.purse, w.quote = open[0].inputs, open[0].Quote
		w.f.refresh(w.wallet())
		time.Sleep(retryPause)
	}
}

// turn tries the next replica, after a moment.
func (w *worker) turn() {
	w.front++
	time.Sleep(retryPause)
}
