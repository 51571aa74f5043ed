package token

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// Coin is a proof with what lets its holder check it without the mint (NUT-12),
// and the key that a blinded lock needs (NUT-28). Mints are shown the Proof only.
type Coin struct {
	cashu.Proof
	DLEQ *DLEQ       // nil: none
	E    bdhke.Point // p2pk_e of NUT-28; zero: none
}

// DLEQ is the mint's proof together with the blinding factor, so that anyone
// can check it. With R the mint could link the coin to the moment it was issued:
// it is for the receiver alone.
type DLEQ struct {
	bdhke.DLEQ
	R bdhke.Scalar
}

// Format shows amount and keyset only, under every verb.
func (c Coin) Format(f fmt.State, verb rune) { c.Proof.Format(f, verb) }

// LogValue shows the same.
func (c Coin) LogValue() slog.Value { return c.Proof.LogValue() }

// Genuine checks the DLEQ proof against the mint's key of the amount. A coin
// without one is not known to be genuine.
func (c Coin) Genuine(key bdhke.Point) bool {
	return c.DLEQ != nil && bdhke.VerifyProofDLEQ(key, []byte(c.Secret), c.C, c.DLEQ.DLEQ, c.DLEQ.R)
}

// storedCoin is the JSON form, in which mints, tokens and payment requests agree.
type storedCoin struct {
	Amount  cashu.Amount   `json:"amount"`
	ID      cashu.KeysetID `json:"id"`
	Secret  string         `json:"secret"`
	C       bdhke.Point    `json:"C"`
	Witness string         `json:"witness,omitzero"`
	DLEQ    *storedDLEQ    `json:"dleq,omitzero"`
	E       bdhke.Point    `json:"p2pk_e,omitzero"`
}

type storedDLEQ struct {
	E string `json:"e"`
	S string `json:"s"`
	R string `json:"r"`
}

// MarshalJSONTo writes {"amount","id","secret","C","witness","dleq","p2pk_e"},
// the last three only if there.
func (c Coin) MarshalJSONTo(e *jsontext.Encoder) error {
	s := storedCoin{Amount: c.Amount, ID: c.ID, Secret: c.Secret, C: c.C, Witness: c.Witness, E: c.E}
	if c.DLEQ != nil {
		if c.DLEQ.R.IsZero() {
			return errors.New("a coin's proof has no blinding factor")
		}
		r := c.DLEQ.R.Bytes()
		s.DLEQ = &storedDLEQ{hex.EncodeToString(c.DLEQ.E[:]), hex.EncodeToString(c.DLEQ.S[:]), hex.EncodeToString(r[:])}
	}
	return json.MarshalEncode(e, s)
}

// UnmarshalJSONFrom reads the same. A DLEQ proof without blinding factor, as
// some wallets send it, proves nothing to a receiver and counts as none; a broken
// one is an error.
func (c *Coin) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	var v Coin
	if err := json.Unmarshal(raw, &v.Proof); err != nil {
		return err
	}
	var rest struct {
		DLEQ *storedDLEQ `json:"dleq"`
		E    *string     `json:"p2pk_e"`
	}
	if err := json.Unmarshal(raw, &rest); err != nil {
		return cashu.Errorf(cashu.CodeMalformed, "the proof of a coin is malformed")
	}
	if rest.DLEQ != nil && rest.DLEQ.R != "" {
		if v.DLEQ, err = parseDLEQ(rest.DLEQ.E, rest.DLEQ.S, rest.DLEQ.R); err != nil {
			return err
		}
	}
	if rest.E != nil && *rest.E != "" {
		if v.E, err = bdhke.ParsePointHex(*rest.E); err != nil {
			return cashu.Errorf(cashu.CodeMalformed, "p2pk_e of a coin is not a valid point")
		}
	}
	*c = v
	return nil
}

func parseDLEQ(e, s, r string) (*DLEQ, error) {
	var v DLEQ
	var err error
	var scalar [32]byte
	for _, f := range []struct {
		hex  string
		into *[32]byte
	}{{e, &v.E}, {s, &v.S}, {r, &scalar}} {
		if len(f.hex) != 64 {
			return nil, cashu.Errorf(cashu.CodeMalformed, "the proof of a coin is malformed")
		}
		if _, err = hex.Decode(f.into[:], []byte(f.hex)); err != nil {
			return nil, cashu.Errorf(cashu.CodeMalformed, "the proof of a coin is malformed")
		}
	}
	if v.R, err = bdhke.NewScalar(scalar[:]); err != nil {
		return nil, cashu.Errorf(cashu.CodeMalformed, "the proof of a coin is malformed")
	}
	return &v, nil
}
