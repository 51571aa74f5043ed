package harness

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// Output is a blinded message with what opens it.
type Output struct {
	cashu.BlindedMessage
	Secret string
	r      bdhke.Scalar
}

// Outputs prepares blinded messages over amount, in powers of two, ascending.
func (w *Wallet) Outputs(amount cashu.Amount) []Output {
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
func (w *Wallet) Output(amount cashu.Amount) Output {
	w.t.Helper()
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	return w.OutputOf(amount, hex.EncodeToString(random))
}

// OutputOf prepares one blinded message of this secret.
func (w *Wallet) OutputOf(amount cashu.Amount, secret string) Output {
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
	return Output{BlindedMessage: cashu.BlindedMessage{Amount: amount, ID: w.Keyset.ID, B: b}, Secret: secret, r: r}
}

// Messages is the part of outputs that the mint sees.
func Messages(outputs []Output) []cashu.BlindedMessage {
	messages := make([]cashu.BlindedMessage, len(outputs))
	for i, o := range outputs {
		messages[i] = o.BlindedMessage
	}
	return messages
}

// Open checks every signature against its output and turns it into a coin: the
// same amount, keyset and order, and a valid DLEQ proof.
func (w *Wallet) Open(outputs []Output, signatures []cashu.BlindSignature) []cashu.Proof {
	w.t.Helper()
	if len(signatures) != len(outputs) {
		w.t.Fatalf("got %d signatures for %d outputs", len(signatures), len(outputs))
	}
	proofs := make([]cashu.Proof, len(outputs))
	for i, o := range outputs {
		proofs[i] = w.open(o, signatures[i])
	}
	return proofs
}

func (w *Wallet) open(o Output, sig cashu.BlindSignature) cashu.Proof {
	w.t.Helper()
	keyset := w.Keyset
	if keyset.ID != o.ID {
		keyset = w.KeysOf(o.ID)
	}
	proof, err := OpenOne(keyset, o, sig)
	if err != nil {
		w.t.Fatal(err)
	}
	return proof
}

// OpenOne checks a signature against its output and turns it into a coin: the same
// amount and keyset, and a valid DLEQ proof.
func OpenOne(k cashu.Keyset, o Output, sig cashu.BlindSignature) (cashu.Proof, error) {
	if sig.Amount != o.Amount || sig.ID != o.ID {
		return cashu.Proof{}, fmt.Errorf("asked for %d of %v, got a signature for %d of %v", o.Amount, o.ID, sig.Amount, sig.ID)
	}
	key, known := k.Keys.Get(o.Amount)
	if !known || k.ID != o.ID || sig.DLEQ == nil {
		return cashu.Proof{}, fmt.Errorf("signature for %d of %v: key known %v, proof of equality %v", o.Amount, o.ID, known, sig.DLEQ)
	}
	if !bdhke.VerifyDLEQ(key, o.B, sig.C, *sig.DLEQ) {
		return cashu.Proof{}, fmt.Errorf("the signature for %d of %v was not made with the published key", o.Amount, o.ID)
	}
	c, err := bdhke.Unblind(sig.C, o.r, key)
	if err != nil {
		return cashu.Proof{}, fmt.Errorf("unblinding: %w", err)
	}
	return cashu.Proof{Amount: o.Amount, ID: o.ID, Secret: o.Secret, C: c}, nil
}

// Total adds proofs up.
func Total(proofs []cashu.Proof) cashu.Amount {
	var sum cashu.Amount
	for _, p := range proofs {
		sum += p.Amount
	}
	return sum
}

// ParseSignatures reads the body of a successful swap or mint.
func ParseSignatures(t testing.TB, reply Reply) []cashu.BlindSignature {
	t.Helper()
	var got cashu.SwapResponse
	if reply.Status != http.StatusOK {
		t.Fatalf("want signatures, got %v", reply)
	}
	if err := cashu.Decode([]byte(reply.Body), &got); err != nil {
		t.Fatalf("reading signatures: %v: %s", err, reply.Body)
	}
	return got.Signatures
}
