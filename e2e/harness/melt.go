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

// DebtOf is what the ledger of the fake node calls a request that is no invoice.
func DebtOf(request string) string {
	sum := sha256.Sum256([]byte(request))
	return hex.EncodeToString(sum[:])
}

// Invoice is what somebody outside wants to be paid, in sat. The fake backend of
// the mint takes the description as an order how the payment shall end.
func (w *Wallet) Invoice(sat cashu.Amount, description string) (request, hash string) {
	w.t.Helper()
	key, err := bolt11.GenerateKey()
	if err != nil {
		w.t.Fatal(err)
	}
	v := bolt11.Invoice{
		Network: bolt11.Mainnet, AmountMsat: 1000 * uint64(sat), Timestamp: time.Now(), Description: description,
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
func (w *Wallet) OpenChange(blanks []Output, change []cashu.BlindSignature) []cashu.Proof {
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
