package harness

import (
	"errors"
	"slices"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// Wallet is just enough of a wallet to put exact requests to a mint: it prepares
// blinded messages beforehand, keeps what opens them, and checks every
// signature. It remembers no balance.
type Wallet struct {
	*Client
	Keyset cashu.Keyset // the active keyset that outputs are made for
}

// LoadKeyset fetches the active sat keyset with its keys.
func (w *Wallet) LoadKeyset() cashu.Keyset {
	w.t.Helper()
	k, err := w.ActiveKeyset()
	w.check(err)
	w.Keyset = k
	return k
}

// ActiveKeyset is LoadKeyset for a mint that may be in no good state; the wallet
// stays with the keyset that it has.
func (w *Wallet) ActiveKeyset() (cashu.Keyset, error) {
	all, err := w.mint.Keysets(w.t.Context())
	if err != nil {
		return cashu.Keyset{}, err
	}
	for _, k := range all {
		if k.Active && k.Unit == cashu.UnitSat {
			return w.mint.Keys(w.t.Context(), k)
		}
	}
	return cashu.Keyset{}, errors.New("the mint has no active keyset for sat")
}

// Keysets lists the mint's keysets, without keys.
func (w *Wallet) Keysets() []cashu.KeysetInfo {
	w.t.Helper()
	all, err := w.mint.Keysets(w.t.Context())
	w.check(err)
	return all
}

// KeysOf fetches one keyset with its keys, which must belong to its id.
func (w *Wallet) KeysOf(id cashu.KeysetID) cashu.Keyset {
	w.t.Helper()
	for _, k := range w.Keysets() {
		if k.ID == id {
			keyset, err := w.mint.Keys(w.t.Context(), k)
			w.check(err)
			return keyset
		}
	}
	w.t.Fatalf("the mint does not list the keyset %v", id)
	return cashu.Keyset{}
}

// Mint gets new coins over amount.
func (w *Wallet) Mint(amount cashu.Amount) []cashu.Proof {
	w.t.Helper()
	return w.MintOn(w.PaidQuote(amount).Quote, amount)
}

// MintOn gets the coins of a quote that is paid, over bolt11.
func (w *Wallet) MintOn(quote string, amount cashu.Amount) []cashu.Proof {
	w.t.Helper()
	outputs := w.Outputs(amount)
	signatures, err := w.mint.Mint(w.t.Context(), "bolt11", cashu.MintRequest{Quote: quote, Outputs: Messages(outputs)})
	w.check(err)
	return w.Open(outputs, signatures)
}

// Swap puts a swap that must succeed.
func (w *Wallet) Swap(inputs []cashu.Proof, outputs []Output) []cashu.Proof {
	w.t.Helper()
	signatures, err := w.mint.Swap(w.t.Context(), cashu.SwapRequest{Inputs: inputs, Outputs: Messages(outputs)})
	w.check(err)
	return w.Open(outputs, signatures)
}

// Melt puts a melt, which must be done or begun.
func (w *Wallet) Melt(method string, req mintclient.MeltRequest) mintclient.MeltQuote {
	w.t.Helper()
	q, err := w.mint.Melt(w.t.Context(), method, req, false)
	w.check(err)
	return q
}

// Ys are the names of coins in state checks and subscriptions.
func Ys(t testing.TB, proofs []cashu.Proof) []string {
	t.Helper()
	texts := make([]string, len(proofs))
	for i, y := range ysOf(t, proofs) {
		texts[i] = y.String()
	}
	return texts
}

func ysOf(t testing.TB, proofs []cashu.Proof) []bdhke.Point {
	t.Helper()
	ys := make([]bdhke.Point, len(proofs))
	for i, p := range proofs {
		var err error
		if ys[i], err = p.Y(); err != nil {
			t.Fatal(err)
		}
	}
	return ys
}

// States asks for the states of proofs, in their order.
func (w *Wallet) States(proofs []cashu.Proof) []string {
	w.t.Helper()
	ys := ysOf(w.t, proofs)
	got, err := w.mint.CheckState(w.t.Context(), ys)
	w.check(err)
	states := make([]string, len(got))
	for i, s := range got {
		states[i] = string(s.State)
	}
	return states
}

// AllIn tells whether every proof has this state.
func (w *Wallet) AllIn(state string, proofs []cashu.Proof) bool {
	w.t.Helper()
	return !slices.ContainsFunc(w.States(proofs), func(s string) bool { return s != state })
}

// Restore asks for the signatures of outputs and returns those that exist, with
// their outputs.
func (w *Wallet) Restore(outputs []Output) ([]Output, []cashu.BlindSignature) {
	w.t.Helper()
	messages, signatures, err := w.mint.Restore(w.t.Context(), Messages(outputs))
	w.check(err)
	found := make([]Output, len(messages))
	for i, m := range messages {
		at := slices.IndexFunc(outputs, func(o Output) bool { return o.B == m.B })
		if at < 0 {
			w.t.Fatalf("restore gave an output that nobody asked for: %v", m.B)
		}
		found[i] = outputs[at]
	}
	return found, signatures
}
