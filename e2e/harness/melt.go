package harness

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/fake"
)

// MeltQuote is an offer to pay.
type MeltQuote struct {
	Method     string      `json:"method"`
	Quote      string      `json:"quote"`
	Request    string      `json:"request"`
	Unit       string      `json:"unit"`
	Amount     uint64      `json:"amount"`
	FeeReserve uint64      `json:"fee_reserve"`
	State      string      `json:"state"`
	Expiry     int64       `json:"expiry"`
	Preimage   *string     `json:"payment_preimage"`
	Change     []Signature `json:"change"`
	FeeOptions []struct {  // NUT-30
		FeeReserve uint64 `json:"fee_reserve"`
	} `json:"fee_options"`
}

// Reserve is the fee reserve, or the first to choose from.
func (q MeltQuote) Reserve() uint64 {
	if len(q.FeeOptions) > 0 {
		return q.FeeOptions[0].FeeReserve
	}
	return q.FeeReserve
}

// DebtOf is what the ledger of the fake node calls a request that is no invoice.
func DebtOf(request string) string {
	sum := sha256.Sum256([]byte(request))
	return hex.EncodeToString(sum[:])
}

// MeltRequest is the body of /v1/melt/{method}.
type MeltRequest struct {
	Quote       string    `json:"quote"`
	Inputs      []Proof   `json:"inputs"`
	Outputs     []Message `json:"outputs,omitempty"`
	PreferAsync bool      `json:"prefer_async,omitempty"`
	FeeIndex    *uint32   `json:"fee_index,omitempty"` // NUT-30
}

// Invoice is what somebody outside wants to be paid, in sat. The fake backend of
// the mint takes the description as an order how the payment shall end.
func (w *Wallet) Invoice(sat uint64, description string) (request, hash string) {
	w.t.Helper()
	key, err := bolt11.GenerateKey()
	if err != nil {
		w.t.Fatal(err)
	}
	v := bolt11.Invoice{
		Network: bolt11.Mainnet, AmountMsat: 1000 * sat, Timestamp: time.Now(), Description: description,
		Features: []int{bolt11.FeatureOnionRequired, bolt11.FeaturePaymentSecretRequired},
	}
	_, _ = rand.Read(v.PaymentHash[:])
	_, _ = rand.Read(v.PaymentSecret[:])
	if request, err = bolt11.Encode(v, key); err != nil {
		w.t.Fatal(err)
	}
	return request, hex.EncodeToString(v.PaymentHash[:])
}

// Blanks are outputs for change.
func (w *Wallet) Blanks(n int) []Output {
	w.t.Helper()
	list := make([]Output, n)
	for i := range list {
		list[i] = w.Output(1)
	}
	return list
}

// OpenChange makes coins of change: the amounts are the mint's, the order is that
// of the blanks.
func (w *Wallet) OpenChange(blanks []Output, change []Signature) []Proof {
	w.t.Helper()
	if len(change) > len(blanks) {
		w.t.Fatalf("%d signatures for %d blanks", len(change), len(blanks))
	}
	used := append([]Output(nil), blanks[:len(change)]...)
	for i := range used {
		used[i].Amount = change[i].Amount
	}
	return w.Open(used, change)
}

// ReadMelt asks for a melt quote over bolt11.
func (w *Wallet) ReadMelt(id string) MeltQuote {
	w.t.Helper()
	return w.ReadMeltOf("bolt11", id)
}

// ReadMeltOf asks for a melt quote.
func (w *Wallet) ReadMeltOf(method, id string) (q MeltQuote) {
	w.t.Helper()
	w.MustGet("/v1/melt/quote/"+method+"/"+id, &q)
	return q
}

// Payments is the ledger of the mint's fake node: what it was ordered to pay, as
// the payees saw it. It trusts nothing that the mint says.
func (s *Stack) Payments() []fake.Entry {
	s.t.Helper()
	list, err := fake.Ledger(context.Background(), s.nodeFile())
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// Received is what the fake node has got for its invoices, or is about to get, by
// payment hash.
func (s *Stack) Received() map[string]cashu.Amount {
	s.t.Helper()
	amounts, err := fake.Received(context.Background(), s.nodeFile())
	if err != nil {
		s.t.Fatal(err)
	}
	return amounts
}

// ShareNode gives this mintd and the replicas that are made of it later one fake
// node, as they would have one real node.
func (s *Stack) ShareNode() { s.node = filepath.Join(s.dir, "node.db") }

func (s *Stack) nodeFile() string {
	return cmp.Or(s.node, filepath.Join(s.mintData(), "fake-lightning.db"))
}
