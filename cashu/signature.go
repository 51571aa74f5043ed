package cashu

import (
	"encoding/hex"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"mintmark/bdhke"
)

// BlindSignature is the mint's answer to a BlindedMessage (NUT-00, NUT-12).
type BlindSignature struct {
	Amount Amount
	ID     KeysetID
	C      bdhke.Point // C_
	DLEQ   *bdhke.DLEQ // nil: none
}

// MarshalJSONTo writes {"amount","id","C_","dleq"}, the last only if there.
func (s BlindSignature) MarshalJSONTo(e *jsontext.Encoder) error {
	if s.ID.IsZero() || s.C.IsZero() {
		return errors.New("blind signature without keyset id or C_")
	}
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
