package e2e

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/wallet/mintclient"
)

// attempt is one request that changes something, with all that is needed to find
// out later what became of it: the coins that it spends or the quote that it
// draws on, and the outputs that it wants signed.
type attempt struct {
	path    string
	body    any
	inputs  []cashu.Proof    // of a swap
	quote   string           // of an issue
	batch   []string         // of an issue from several quotes of one amount
	outputs []harness.Output // never empty
}

// newSwap prepares a swap of coins for fresh ones, in fewer and larger or more
// and smaller pieces, so that inputs and outputs are never alike.
func newSwap(w *harness.Wallet, inputs []cashu.Proof) attempt {
	var outputs []harness.Output
	for rest := harness.Total(inputs); rest > 0; {
		part := min(rest, 16)
		outputs = append(outputs, w.Outputs(part)...)
		rest -= part
	}
	return attempt{
		path: "/v1/swap", inputs: inputs, outputs: outputs,
		body: cashu.SwapRequest{Inputs: inputs, Outputs: harness.Messages(outputs)},
	}
}

// newWideSwap prepares a swap for coins of 1, which takes long to sign.
func newWideSwap(w *harness.Wallet, inputs []cashu.Proof) attempt {
	var outputs []harness.Output
	for range harness.Total(inputs) {
		outputs = append(outputs, w.Output(1))
	}
	return attempt{
		path: "/v1/swap", inputs: inputs, outputs: outputs,
		body: cashu.SwapRequest{Inputs: inputs, Outputs: harness.Messages(outputs)},
	}
}

// newIssue prepares the minting of a paid quote.
func newIssue(w *harness.Wallet, amount cashu.Amount) attempt {
	quote := w.PaidQuote(amount).Quote
	outputs := w.Outputs(amount)
	return attempt{
		path: "/v1/mint/bolt11", quote: quote, outputs: outputs,
		body: cashu.MintRequest{Quote: quote, Outputs: harness.Messages(outputs)},
	}
}

// newBatch prepares the minting of several paid quotes at once.
func newBatch(w *harness.Wallet, amounts ...cashu.Amount) attempt {
	var a attempt
	for _, amount := range amounts {
		a.batch = append(a.batch, w.PaidQuote(amount).Quote)
		a.outputs = append(a.outputs, w.Outputs(amount)...)
	}
	a.path = "/v1/mint/bolt11/batch"
	a.body = map[string]any{"quotes": a.batch, "quote_amounts": amounts, "outputs": harness.Messages(a.outputs)}
	return a
}

func (a attempt) amount() cashu.Amount {
	var sum cashu.Amount
	for _, o := range a.outputs {
		sum += o.Amount
	}
	return sum
}

// outcome waits until nothing of the attempt is pending, then tells whether it
// happened. It fails the test if it happened in part.
func (a attempt) outcome(t *testing.T, w *harness.Wallet) (happened bool) {
	t.Helper()
	restored, signatures := w.Restore(a.outputs)
	coins := w.Open(restored, signatures)
	switch {
	case len(coins) == 0:
	case len(coins) == len(a.outputs) && harness.Total(coins) == a.amount():
		happened = true
	default:
		t.Fatalf("%d of %d outputs are signed, over %d of %d", len(coins), len(a.outputs), harness.Total(coins), a.amount())
	}
	switch {
	case a.quote != "":
		a.checkQuote(t, w, happened)
	case len(a.batch) > 0:
		a.checkBatch(t, w, happened)
	default:
		a.checkInputs(t, w, happened)
	}
	return happened
}

func (a attempt) checkInputs(t *testing.T, w *harness.Wallet, happened bool) {
	t.Helper()
	want := map[bool]string{true: "SPENT", false: "UNSPENT"}[happened]
	if states := w.States(a.inputs); slices.ContainsFunc(states, func(s string) bool { return s != want }) {
		t.Fatalf("outputs signed: %v, but the inputs are %v", happened, states)
	}
}

func (a attempt) checkQuote(t *testing.T, w *harness.Wallet, happened bool) {
	t.Helper()
	q := w.ReadMint(a.quote)
	paid, issued := q.Totals(0)
	wantState, wantIssued := "PAID", cashu.Amount(0)
	if happened {
		wantState, wantIssued = "ISSUED", a.amount()
	}
	if q.State != wantState || issued != wantIssued || paid != a.amount() {
		t.Fatalf("outputs signed: %v, but the quote is %+v", happened, q)
	}
}

func (a attempt) checkBatch(t *testing.T, w *harness.Wallet, happened bool) {
	t.Helper()
	reply, err := w.Post("/v1/mint/quote/bolt11/check", map[string]any{"quotes": a.batch})
	var quotes []mintclient.MintQuote
	if err == nil {
		err = cashu.Decode([]byte(reply.Body), &quotes)
	}
	if err != nil || len(quotes) != len(a.batch) {
		t.Fatalf("asking about %d quotes: %v, %v", len(a.batch), reply, err)
	}
	for i, q := range quotes {
		paid, issued := q.Totals(0)
		want := cashu.Amount(0)
		if happened {
			want = paid
		}
		if q.Quote != a.batch[i] || paid == 0 || issued != want {
			t.Fatalf("outputs signed: %v, but quote %d is %+v", happened, i, q)
		}
	}
}

// waitSettled waits until no input is pending any more.
func (a attempt) waitSettled(t *testing.T, w *harness.Wallet) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); len(a.inputs) > 0; time.Sleep(50 * time.Millisecond) {
		states := w.States(a.inputs)
		if !slices.Contains(states, "PENDING") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("inputs are still pending: %v", states)
		}
	}
}

// proveWhole is the whole proof after a mishap: the attempt happened entirely or
// not at all; put again, byte for byte the same, it succeeds and stays the same
// for ever; its coins are good, exactly once, and the inputs are gone.
func (a attempt) proveWhole(t *testing.T, w *harness.Wallet) {
	t.Helper()
	a.waitSettled(t, w)
	happened := a.outcome(t, w)
	_, before := w.Restore(a.outputs)

	first := a.put(t, w)
	signatures := harness.ParseSignatures(t, first)
	coins := w.Open(a.outputs, signatures)
	if happened && !sameSignatures(before, signatures) {
		t.Error("the request put again gave other signatures than those that restore had")
	}
	second, err := w.Post(a.path, a.body)
	if err != nil {
		t.Fatal(err)
	}
	if second != first {
		t.Errorf("the same request gave two answers:\n%v\n%v", first, second)
	}
	if !a.outcome(t, w) {
		t.Error("the request succeeded and left no trace")
	}

	w.Swap(coins, w.Outputs(a.amount()))
	again, err := w.Post("/v1/swap", cashu.SwapRequest{Inputs: coins, Outputs: harness.Messages(w.Outputs(a.amount()))})
	if err != nil {
		t.Fatal(err)
	}
	if again.Status != 400 || again.Code != 11001 {
		t.Errorf("spending the new coins twice: got %v, want code 11001", again)
	}
}

// put sends the attempt, again and again while the mint says that it is
// unavailable, as it may not have found its signatory yet, or that the quote is
// pending, as recovery may be at work.
func (a attempt) put(t *testing.T, w *harness.Wallet) harness.Reply {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		reply, err := w.Post(a.path, a.body)
		if err != nil {
			t.Fatal(err)
		}
		if reply.Status != http.StatusServiceUnavailable && reply.Code != 20005 {
			return reply
		}
		if time.Now().After(deadline) {
			t.Fatalf("the mint still answers %v", reply)
		}
	}
}

func sameSignatures(a, b []cashu.BlindSignature) bool {
	return slices.EqualFunc(a, b, func(x, y cashu.BlindSignature) bool {
		return x.C == y.C && x.Amount == y.Amount && x.ID == y.ID && x.DLEQ != nil && y.DLEQ != nil && *x.DLEQ == *y.DLEQ
	})
}
