package cashu

import (
	"fmt"
	"log/slog"

	"github.com/go-json-experiment/json/jsontext"

	"mintmark/bdhke"
)

// BlindedMessage is an output: what a wallet asks the mint to sign (NUT-00).
type BlindedMessage struct {
	Amount Amount      `json:"amount"`
	ID     KeysetID    `json:"id"`
	B      bdhke.Point `json:"B_"`
}

// UnmarshalJSONFrom reads {"amount","id","B_"}; all three are required.
func (m *BlindedMessage) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v BlindedMessage
	var hasAmount bool
	err := readObject(d, "output", func(name string) (err error) {
		switch name {
		case "amount":
			v.Amount, hasAmount, err = readAmount(d)
		case "id":
			v.ID, err = readKeysetID(d)
		case "B_":
			v.B, err = readPoint(d, "B_", CodeMalformed)
		default:
			err = d.SkipValue()
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !hasAmount:
		return Errorf(CodeMalformed, "output has no amount")
	case v.ID.IsZero():
		return Errorf(CodeKeysetUnknown, "output has no keyset id")
	case v.B.IsZero():
		return Errorf(CodeMalformed, "output has no B_")
	}
	*m = v
	return nil
}

// Proof is an input: a coin (NUT-00). Secret is the exact string that the wallet
// sent; it is hashed as it is and never normalised.
type Proof struct {
	Amount  Amount      `json:"amount"`
	ID      KeysetID    `json:"id"`
	Secret  string      `json:"secret"`
	C       bdhke.Point `json:"C"`
	Witness string      `json:"witness,omitzero"` // JSON text; empty: none
}

// Format shows amount and keyset only, under every verb: until it is spent, the
// rest of a proof is money.
func (p Proof) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "proof of %d under %v [redacted]", p.Amount, p.ID)
}

// LogValue shows the same.
func (p Proof) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// Y is the proof's public name, hash_to_curve(secret): what is spent once.
func (p Proof) Y() (bdhke.Point, error) { return bdhke.HashToCurve([]byte(p.Secret)) }

// UnmarshalJSONFrom reads {"amount","id","secret","C","witness"}, the last
// optional. The witness is a string; an object is kept as its text. The dleq of a
// proof and p2pk_e are the wallet's business and skipped.
func (p *Proof) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v Proof
	var hasAmount, hasSecret bool
	err := readObject(d, "input", func(name string) (err error) {
		switch name {
		case "amount":
			v.Amount, hasAmount, err = readAmount(d)
		case "id":
			v.ID, err = readKeysetID(d)
		case "secret":
			v.Secret, hasSecret, err = readString(d, "secret")
		case "C":
			v.C, err = readPoint(d, "C", CodeProofInvalid)
		case "witness":
			v.Witness, err = readWitness(d)
		default:
			err = d.SkipValue()
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !hasAmount:
		return Errorf(CodeMalformed, "input has no amount")
	case v.ID.IsZero():
		return Errorf(CodeKeysetUnknown, "input has no keyset id")
	case !hasSecret:
		return Errorf(CodeMalformed, "input has no secret")
	case v.C.IsZero():
		return Errorf(CodeMalformed, "input has no C")
	}
	*p = v
	return nil
}

func readWitness(d *jsontext.Decoder) (string, error) {
	if d.PeekKind() == '{' {
		v, err := d.ReadValue()
		return string(v), err
	}
	s, _, err := readString(d, "witness")
	return s, err
}
