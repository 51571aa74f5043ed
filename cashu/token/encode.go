package token

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-json-experiment/json"

	"mintmark/cashu"
)

// The forms of a token: V4 as text and as bytes, and the older V3.
const (
	prefixV3  = "cashuA"
	prefixV4  = "cashuB"
	prefixRaw = "crawB"
)

// cborToken and what is in it have their fields in the order in which they are
// written; readers must not depend on it.
type cborToken struct {
	T []cborGroup `cbor:"t"`
	D string      `cbor:"d,omitempty"`
	M string      `cbor:"m"`
	U string      `cbor:"u"`
}

type cborGroup struct {
	I []byte     `cbor:"i"`
	P []cborCoin `cbor:"p"`
}

type cborCoin struct {
	A uint64    `cbor:"a"`
	S string    `cbor:"s"`
	C []byte    `cbor:"c"`
	D *cborDLEQ `cbor:"d,omitempty"`
	W string    `cbor:"w,omitempty"`
	E []byte    `cbor:"pe,omitempty"`
}

type cborDLEQ struct {
	E []byte `cbor:"e"`
	S []byte `cbor:"s"`
	R []byte `cbor:"r"`
}

// Encode writes the token as V4 text, "cashuB…", with long keyset ids cut to
// their first 8 bytes, as the wallets in use do.
func (t Token) Encode() (string, error) {
	b, err := t.cbor()
	if err != nil {
		return "", err
	}
	return prefixV4 + base64.RawURLEncoding.EncodeToString(b), nil
}

// EncodeRaw writes the token as V4 bytes, for carriers that take them.
func (t Token) EncodeRaw() ([]byte, error) {
	b, err := t.cbor()
	if err != nil {
		return nil, err
	}
	return append([]byte(prefixRaw), b...), nil
}

func (t Token) cbor() ([]byte, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	v := cborToken{D: t.Memo, M: t.Mint, U: string(t.Unit)}
	for _, g := range t.groups {
		w := cborGroup{I: g.id[:8]}
		for _, c := range g.coins {
			w.P = append(w.P, cborCoinOf(c))
		}
		v.T = append(v.T, w)
	}
	b, err := cbor.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding a token: %w", err)
	}
	return b, nil
}

func cborCoinOf(c Coin) cborCoin {
	point := c.C.Bytes()
	v := cborCoin{A: uint64(c.Amount), S: c.Secret, C: point[:], W: c.Witness}
	if c.DLEQ != nil {
		r := c.DLEQ.R.Bytes()
		v.D = &cborDLEQ{E: c.DLEQ.E[:], S: c.DLEQ.S[:], R: r[:]}
	}
	if !c.E.IsZero() {
		e := c.E.Bytes()
		v.E = e[:]
	}
	return v
}

// jsonToken is the older form. Its coins are written out here because a short id
// is no KeysetID.
type jsonToken struct {
	Token []jsonMint `json:"token"`
	Unit  string     `json:"unit,omitzero"`
	Memo  string     `json:"memo,omitzero"`
}

type jsonMint struct {
	Mint   string     `json:"mint"`
	Proofs []jsonCoin `json:"proofs"`
}

type jsonCoin struct {
	Amount  cashu.Amount `json:"amount"`
	ID      string       `json:"id"`
	Secret  string       `json:"secret"`
	C       string       `json:"C"`
	Witness witness      `json:"witness,omitzero"`
	DLEQ    *storedDLEQ  `json:"dleq,omitzero"`
	E       string       `json:"p2pk_e,omitzero"`
}

// EncodeV3 writes the token as V3 text, "cashuA…", for wallets that know nothing
// newer.
func (t Token) EncodeV3() (string, error) {
	if err := t.check(); err != nil {
		return "", err
	}
	m := jsonMint{Mint: t.Mint}
	for _, g := range t.groups {
		for _, c := range g.coins {
			v := jsonCoin{Amount: c.Amount, ID: hex.EncodeToString(g.id), Secret: c.Secret, C: c.C.String(), Witness: witness(c.Witness), E: c.E.String()}
			if c.DLEQ != nil {
				r := c.DLEQ.R.Bytes()
				v.DLEQ = &storedDLEQ{hex.EncodeToString(c.DLEQ.E[:]), hex.EncodeToString(c.DLEQ.S[:]), hex.EncodeToString(r[:])}
			}
			m.Proofs = append(m.Proofs, v)
		}
	}
	b, err := json.Marshal(jsonToken{Token: []jsonMint{m}, Unit: string(t.Unit), Memo: t.Memo})
	if err != nil {
		return "", fmt.Errorf("encoding a token: %w", err)
	}
	return prefixV3 + base64.RawURLEncoding.EncodeToString(b), nil
}
