package conditions

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/schnorr"
)

// Errors of meeting a condition. They are the wallet's own mistakes.
var (
	// ErrPlain: the coin has no spending condition.
	ErrPlain = errors.New("the coin has no spending condition")
	// ErrNotThisKey: the condition does not ask for a signature of this key.
	ErrNotThisKey = errors.New("the spending condition does not name this key")
	// ErrNotThisFlag: SIG_ALL where one input was to be signed, or the other
	// way round.
	ErrNotThisFlag = errors.New("the spending condition asks for another kind of signature")
	// ErrNotThisPreimage: the condition has another hash, or none.
	ErrNotThisPreimage = errors.New("the spending condition does not ask for this preimage")
)

// SignInput adds a signature of the key to the witness of a coin that is not
// SIG_ALL. Random bytes, nil for the system's, strengthen the signature's nonce.
func SignInput(p *cashu.Proof, key bdhke.Scalar, random io.Reader) error {
	c, err := lockOf(p)
	switch {
	case err != nil:
		return err
	case c.sigAll:
		return ErrNotThisFlag
	}
	return c.sign(p, []byte(p.Secret), key, random)
}

// SignAll adds a signature of the key over the whole transaction to the witness
// of its first input. Nothing of the transaction may change afterwards.
func SignAll(t Transaction, key bdhke.Scalar, random io.Reader) error {
	if len(t.Inputs) == 0 {
		return ErrPlain
	}
	c, err := lockOf(&t.Inputs[0])
	switch {
	case err != nil:
		return err
	case !c.sigAll:
		return ErrNotThisFlag
	}
	return c.sign(&t.Inputs[0], t.Message(), key, random)
}

// AddPreimage puts the preimage of an HTLC into the witness of a coin. Under
// SIG_ALL the first input of the transaction is the one that needs it.
func AddPreimage(p *cashu.Proof, preimage [32]byte) error {
	c, err := lockOf(p)
	switch {
	case err != nil:
		return err
	case c.kind != KindHTLC || sha256.Sum256(preimage[:]) != c.hash:
		return ErrNotThisPreimage
	}
	return c.amend(p, func(w *Witness) { w.Preimage = hex.EncodeToString(preimage[:]) })
}

func lockOf(p *cashu.Proof) (*Condition, error) {
	c, err := Parse(p.Secret)
	if err == nil && c == nil {
		err = ErrPlain
	}
	return c, err
}

func (c *Condition) sign(p *cashu.Proof, message []byte, key bdhke.Scalar, random io.Reader) error {
	public := key.Public()
	if public.IsZero() || !c.main.holds(public) && !c.refund.holds(public) {
		return ErrNotThisKey
	}
	sig, err := schnorr.Sign(key, sha256.Sum256(message), random)
	if err != nil {
		return err
	}
	return c.amend(p, func(w *Witness) { w.Signatures = append(w.Signatures, sig.String()) })
}

func (c *Condition) amend(p *cashu.Proof, change func(*Witness)) error {
	w, err := ParseWitness(p.Witness)
	if err != nil {
		return err
	}
	change(&w)
	text, err := w.text(c.kind)
	if err != nil {
		return err
	}
	p.Witness = text
	return nil
}
