package cashu

import (
	"encoding/hex"

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

// BlindSignature is the mint's answer to a BlindedMessage (NUT-00, NUT-12).
type BlindSignature struct {
	Amount Amount
	ID     KeysetID
	C      bdhke.Point // C_
	DLEQ   *bdhke.DLEQ // nil: none
}

// MarshalJSONTo writes {"amount","id","C_","dleq"}, the last only if there.
func (s BlindSignature) MarshalJSONTo(e *jsontext.Encoder) error {
	w := objectWriter{e: e}
	w.token(jsontext.BeginObject)
	w.token(jsontext.String("amount"))
	w.token(jsontext.Uint(uint64(s.Amount)))
	w.text("id", s.ID.String())
	w.text("C_", s.C.String())
	if s.DLEQ != nil {
		w.token(jsontext.String("dleq"))
		w.token(jsontext.BeginObject)
		w.text("e", hex.EncodeToString(s.DLEQ.E[:]))
		w.text("s", hex.EncodeToString(s.DLEQ.S[:]))
		w.token(jsontext.EndObject)
	}
	w.token(jsontext.EndObject)
	return w.err
}

// UnmarshalJSONFrom reads the same; dleq is optional.
func (s *BlindSignature) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v BlindSignature
	var hasAmount bool
	err := readObject(d, "signature", func(name string) (err error) {
		switch name {
		case "amount":
			v.Amount, hasAmount, err = readAmount(d)
		case "id":
			v.ID, err = readKeysetID(d)
		case "C_":
			v.C, err = readPoint(d, "C_", CodeMalformed)
		case "dleq":
			v.DLEQ, err = readDLEQ(d)
		default:
			err = d.SkipValue()
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !hasAmount || v.ID.IsZero() || v.C.IsZero():
		return Errorf(CodeMalformed, "signature is incomplete")
	}
	*s = v
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

func readAmount(d *jsontext.Decoder) (Amount, bool, error) {
	n, ok, err := readUint(d, "amount")
	return Amount(n), ok, err
}

func readKeysetID(d *jsontext.Decoder) (KeysetID, error) {
	s, ok, err := readString(d, "id")
	if err != nil || !ok {
		return KeysetID{}, err
	}
	return ParseKeysetID(s)
}

func readPoint(d *jsontext.Decoder, what string, code Code) (bdhke.Point, error) {
	s, ok, err := readString(d, what)
	if err != nil || !ok {
		return bdhke.Point{}, err
	}
	p, err := bdhke.ParsePointHex(s)
	switch {
	case err == nil:
		return p, nil
	case code == CodeProofInvalid:
		return bdhke.Point{}, ErrProofInvalid
	}
	return bdhke.Point{}, Errorf(code, "%s is not a valid point", what)
}

func readWitness(d *jsontext.Decoder) (string, error) {
	if d.PeekKind() == '{' {
		v, err := d.ReadValue()
		return string(v), err
	}
	s, _, err := readString(d, "witness")
	return s, err
}

func readDLEQ(d *jsontext.Decoder) (*bdhke.DLEQ, error) {
	if d.PeekKind() == 'n' {
		_, err := d.ReadToken()
		return nil, err
	}
	var v bdhke.DLEQ
	var hasE, hasS bool
	err := readObject(d, "dleq", func(name string) (err error) {
		switch name {
		case "e":
			hasE, err = readHex32(d, &v.E)
		case "s":
			hasS, err = readHex32(d, &v.S)
		default:
			err = d.SkipValue()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if !hasE || !hasS {
		return nil, Errorf(CodeMalformed, "dleq is incomplete")
	}
	return &v, nil
}

func readHex32(d *jsontext.Decoder, dst *[32]byte) (bool, error) {
	s, ok, err := readString(d, "dleq")
	if err != nil || !ok {
		return false, err
	}
	if len(s) != 64 {
		return false, Errorf(CodeMalformed, "dleq is not 32 bytes of hex")
	}
	if _, err := hex.Decode(dst[:], []byte(s)); err != nil {
		return false, Errorf(CodeMalformed, "dleq is not 32 bytes of hex")
	}
	return true, nil
}

// objectWriter writes tokens until the first error.
type objectWriter struct {
	e   *jsontext.Encoder
	err error
}

func (w *objectWriter) token(t jsontext.Token) {
	if w.err == nil {
		w.err = w.e.WriteToken(t)
	}
}

func (w *objectWriter) text(name, value string) {
	w.token(jsontext.String(name))
	w.token(jsontext.String(value))
}
