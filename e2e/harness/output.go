package harness

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"mintmark/bdhke"
)

// Output is a blinded message with what opens it.
type Output struct {
	Message
	Secret string
	r      bdhke.Scalar
}

// Outputs prepares blinded messages over amount, in powers of two, ascending.
func (w *Wallet) Outputs(amount uint64) []Output {
	w.t.Helper()
	var outputs []Output
	for bit := range 64 {
		if part := amount & (1 << bit); part != 0 {
			outputs = append(outputs, w.Output(part))
		}
	}
	return outputs
}

// Output prepares one blinded message on the wallet's keyset.
func (w *Wallet) Output(amount uint64) Output {
	w.t.Helper()
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	return w.OutputOf(amount, hex.EncodeToString(random))
}

// OutputOf prepares one blinded message of this secret.
func (w *Wallet) OutputOf(amount uint64, secret string) Output {
	w.t.Helper()
	r, err := bdhke.RandomScalar(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := bdhke.Blind([]byte(secret), r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.secrets.Hide(secret)
	return Output{Message: Message{Amount: amount, ID: w.Keyset.ID, B: b}, Secret: secret, r: r}
}

// Messages is the part of outputs that the mint sees.
func Messages(outputs []Output) []Message {
	messages := make([]Message, len(outputs))
	for i, o := range outputs {
		messages[i] = o.Message
	}
	return messages
}

// Open checks every signature against its output and turns it into a coin: the
// same amount, keyset and order, and a valid DLEQ proof.
func (w *Wallet) Open(outputs []Output, signatures []Signature) []Proof {
	w.t.Helper()
	if len(signatures) != len(outputs) {
		w.t.Fatalf("got %d signatures for %d outputs", len(signatures), len(outputs))
	}
	proofs := make([]Proof, len(outputs))
	for i, o := range outputs {
		proofs[i] = w.open(o, signatures[i])
	}
	return proofs
}

func (w *Wallet) open(o Output, sig Signature) Proof {
	w.t.Helper()
	keyset := w.Keyset
	if keyset.ID != o.ID {
		keyset = w.KeysOf(o.ID)
	}
	proof, err := keyset.Open(o, sig)
	if err != nil {
		w.t.Fatal(err)
	}
	return proof
}

// Open checks a signature against its output and turns it into a coin: the same
// amount and keyset, and a valid DLEQ proof.
func (k Keyset) Open(o Output, sig Signature) (Proof, error) {
	if sig.Amount != o.Amount || sig.ID != o.ID {
		return Proof{}, fmt.Errorf("asked for %d of %s, got a signature for %d of %s", o.Amount, o.ID, sig.Amount, sig.ID)
	}
	key, known := k.Keys[o.Amount]
	if !known || k.ID != o.ID || sig.DLEQ == nil {
		return Proof{}, fmt.Errorf("signature for %d of %s: key known %v, proof of equality %v", o.Amount, o.ID, known, sig.DLEQ)
	}
	var dleq bdhke.DLEQ
	e, errE := hex.DecodeString(sig.DLEQ.E)
	s, errS := hex.DecodeString(sig.DLEQ.S)
	if errE != nil || errS != nil || copy(dleq.E[:], e) != 32 || copy(dleq.S[:], s) != 32 {
		return Proof{}, fmt.Errorf("malformed proof of equality %v", *sig.DLEQ)
	}
	if !bdhke.VerifyDLEQ(key, o.B, sig.C, dleq) {
		return Proof{}, fmt.Errorf("the signature for %d of %s was not made with the published key", o.Amount, o.ID)
	}
	c, err := bdhke.Unblind(sig.C, o.r, key)
	if err != nil {
		return Proof{}, fmt.Errorf("unblinding: %w", err)
	}
	return Proof{Amount: o.Amount, ID: o.ID, Secret: o.Secret, C: c}, nil
}

// Total adds proofs up.
func Total(proofs []Proof) uint64 {
	var sum uint64
	for _, p := range proofs {
		sum += p.Amount
	}
	return sum
}

// ParseSignatures reads the body of a successful swap or mint.
func ParseSignatures(t testing.TB, reply Reply) []Signature {
	t.Helper()
	var got Signatures
	if reply.Status != http.StatusOK {
		t.Fatalf("want signatures, got %v", reply)
	}
	if err := json.Unmarshal([]byte(reply.Body), &got); err != nil {
		t.Fatalf("reading signatures: %v", err)
	}
	return got.Signatures
}
