package harness

import (
	"slices"
	"testing"
	"time"

	"mintmark/bdhke"
)

// Wallet is just enough of a wallet to put exact requests to a mint: it prepares
// blinded messages beforehand, keeps what opens them, and checks every
// signature. It remembers no balance.
type Wallet struct {
	*Client
	Keyset Keyset // the active keyset that outputs are made for
}

// LoadKeyset fetches the active sat keyset with its keys.
func (w *Wallet) LoadKeyset() Keyset {
	w.t.Helper()
	for _, k := range w.Keysets() {
		if k.Active && k.Unit == "sat" {
			w.Keyset = w.KeysOf(k.ID)
			return w.Keyset
		}
	}
	w.t.Fatal("the mint has no active keyset for sat")
	return Keyset{}
}

// Keysets lists the mint's keysets, without keys.
func (w *Wallet) Keysets() []Keyset {
	w.t.Helper()
	var all struct {
		Keysets []Keyset `json:"keysets"`
	}
	w.MustGet("/v1/keysets", &all)
	return all.Keysets
}

// KeysOf fetches one keyset with its keys.
func (w *Wallet) KeysOf(id string) Keyset {
	w.t.Helper()
	var one struct {
		Keysets []Keyset `json:"keysets"`
	}
	w.MustGet("/v1/keys/"+id, &one)
	if len(one.Keysets) != 1 || one.Keysets[0].ID != id || len(one.Keysets[0].Keys) == 0 {
		w.t.Fatalf("keys of %s: got %d keysets", id, len(one.Keysets))
	}
	return one.Keysets[0]
}

// PaidQuote asks for a quote and waits until the fake backend has paid it.
func (w *Wallet) PaidQuote(amount uint64) Quote {
	w.t.Helper()
	var q Quote
	w.MustPost("/v1/mint/quote/bolt11", map[string]any{"amount": amount, "unit": "sat"}, &q)
	return w.WaitPaid(q.Quote)
}

// WaitPaid waits until a quote is no longer unpaid.
func (w *Wallet) WaitPaid(id string) Quote {
	w.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		var q Quote
		w.MustGet("/v1/mint/quote/bolt11/"+id, &q)
		if q.State != "UNPAID" {
			return q
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("quote is still unpaid after %v: %+v", patience, q)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Mint gets new coins over amount.
func (w *Wallet) Mint(amount uint64) []Proof {
	w.t.Helper()
	q := w.PaidQuote(amount)
	outputs := w.Outputs(amount)
	var got Signatures
	w.MustPost("/v1/mint/bolt11", MintRequest{Quote: q.Quote, Outputs: Messages(outputs)}, &got)
	return w.Open(outputs, got.Signatures)
}

// Swap puts a swap that must succeed.
func (w *Wallet) Swap(inputs []Proof, outputs []Output) []Proof {
	w.t.Helper()
	var got Signatures
	w.MustPost("/v1/swap", SwapRequest{Inputs: inputs, Outputs: Messages(outputs)}, &got)
	return w.Open(outputs, got.Signatures)
}

// Ys are the names of coins in state checks and subscriptions.
func Ys(t testing.TB, proofs []Proof) []string {
	t.Helper()
	ys := make([]string, len(proofs))
	for i, p := range proofs {
		y, err := bdhke.HashToCurve([]byte(p.Secret))
		if err != nil {
			t.Fatal(err)
		}
		ys[i] = y.String()
	}
	return ys
}

// States asks for the states of proofs, in their order.
func (w *Wallet) States(proofs []Proof) []string {
	w.t.Helper()
	ys := Ys(w.t, proofs)
	var got struct {
		States []struct {
			Y     string
			State string `json:"state"`
		} `json:"states"`
	}
	w.MustPost("/v1/checkstate", map[string]any{"Ys": ys}, &got)
	states := make([]string, len(got.States))
	for i, s := range got.States {
		if i < len(ys) && s.Y != ys[i] {
			w.t.Fatalf("state %d is of another Y", i)
		}
		states[i] = s.State
	}
	if len(states) != len(ys) {
		w.t.Fatalf("got %d states for %d proofs", len(states), len(ys))
	}
	return states
}

// AllIn tells whether every proof has this state.
func (w *Wallet) AllIn(state string, proofs []Proof) bool {
	w.t.Helper()
	return !slices.ContainsFunc(w.States(proofs), func(s string) bool { return s != state })
}

// Restore asks for the signatures of outputs and returns those that exist, with
// their outputs.
func (w *Wallet) Restore(outputs []Output) ([]Output, []Signature) {
	w.t.Helper()
	var got struct {
		Outputs    []Message   `json:"outputs"`
		Signatures []Signature `json:"signatures"`
	}
	w.MustPost("/v1/restore", map[string]any{"outputs": Messages(outputs)}, &got)
	if len(got.Outputs) != len(got.Signatures) {
		w.t.Fatalf("restore gave %d outputs and %d signatures", len(got.Outputs), len(got.Signatures))
	}
	found := make([]Output, len(got.Outputs))
	for i, m := range got.Outputs {
		at := slices.IndexFunc(outputs, func(o Output) bool { return o.B == m.B })
		if at < 0 {
			w.t.Fatalf("restore gave an output that nobody asked for: %v", m.B)
		}
		found[i] = outputs[at]
	}
	return found, got.Signatures
}
