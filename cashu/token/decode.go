package token

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// ErrNotAToken: the text is no token in any form that is known.
var ErrNotAToken = errors.New("this is not a token")

// errDamaged never repeats what it is about.
var errDamaged = fmt.Errorf("%w: it is damaged or cut off", ErrNotAToken)

// defaultUnit is that of tokens which do not name one.
const defaultUnit cashu.Unit = "sat"

// Parse reads a token from text: V4 or V3, with or without "cashu:" in front and
// padding behind.
func Parse(text string) (Token, error) {
	list, err := ParseAll(text)
	if err != nil {
		return Token{}, err
	}
	if len(list) != 1 {
		return Token{}, fmt.Errorf("the token is of %d mints", len(list))
	}
	return list[0], nil
}

// ParseAll reads a token that may be of several mints, as V3 allows: one Token
// for each.
func ParseAll(text string) ([]Token, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxText {
		return nil, fmt.Errorf("%w: it is too long", ErrNotAToken)
	}
	if len(text) > 6 && strings.EqualFold(text[:6], "cashu:") {
		text = strings.TrimPrefix(text[6:], "//")
	}
	switch {
	case strings.HasPrefix(text, prefixV4):
		b, err := decode64(text[len(prefixV4):])
		if err != nil {
			return nil, err
		}
		t, err := parseCBOR(b)
		return []Token{t}, err
	case strings.HasPrefix(text, prefixV3):
		b, err := decode64(text[len(prefixV3):])
		if err != nil {
			return nil, err
		}
		return parseJSON(b)
	}
	return nil, ErrNotAToken
}

// ParseRaw reads V4 bytes.
func ParseRaw(b []byte) (Token, error) {
	if len(b) > maxText || !bytes.HasPrefix(b, []byte(prefixRaw)) {
		return Token{}, ErrNotAToken
	}
	return parseCBOR(b[len(prefixRaw):])
}

// decode64 takes both alphabets, padded or not.
func decode64(text string) ([]byte, error) {
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, errDamaged
	}
	return b, nil
}

// strict are the options with which tokens are read: whatever two readers could
// read differently is refused.
var strict = cbor.DecOptions{
	DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxNestedLevels: 8, MaxArrayElements: maxCoins + 1, MaxMapPairs: 64,
	FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
}

func parseCBOR(b []byte) (Token, error) {
	mode, err := strict.DecMode()
	if err != nil {
		return Token{}, fmt.Errorf("reading a token: %w", err)
	}
	var v cborToken
	if err := mode.Unmarshal(b, &v); err != nil {
		return Token{}, errDamaged
	}
	t, err := shell(v.M, v.U, v.D)
	if err != nil {
		return t, err
	}
	for _, w := range v.T {
		g := group{id: w.I}
		for _, p := range w.P {
			c, err := p.coin()
			if err != nil {
				return Token{}, err
			}
			g.coins = append(g.coins, c)
		}
		t.groups = append(t.groups, g)
	}
	return t, t.check()
}

func (p cborCoin) coin() (c Coin, err error) {
	c.Amount, c.Secret, c.Witness = cashu.Amount(p.A), p.S, p.W
	if c.C, err = bdhke.ParsePoint(p.C); err != nil {
		return c, errDamaged
	}
	if p.D != nil && len(p.D.R) > 0 {
		if len(p.D.E) != 32 || len(p.D.S) != 32 {
			return c, errDamaged
		}
		r, err := bdhke.NewScalar(p.D.R)
		if err != nil {
			return c, errDamaged
		}
		c.DLEQ = &DLEQ{DLEQ: bdhke.DLEQ{E: [32]byte(p.D.E), S: [32]byte(p.D.S)}, R: r}
	}
	if len(p.E) > 0 {
		if c.E, err = bdhke.ParsePoint(p.E); err != nil {
			return c, errDamaged
		}
	}
	return c, nil
}

// shell is a token without coins.
func shell(mintURL, unit, memo string) (Token, error) {
	t := Token{Mint: strings.TrimRight(mintURL, "/"), Unit: defaultUnit, Memo: memo}
	if unit == "" {
		return t, nil
	}
	var err error
	t.Unit, err = cashu.ParseUnit(unit)
	return t, err
}

func parseJSON(b []byte) ([]Token, error) {
	var v jsonToken
	// Wallets in use write witnesses as objects, and fields of their own.
	if err := json.Unmarshal(b, &v, json.WithUnmarshalers(json.UnmarshalFromFunc(witnessText))); err != nil {
		return nil, errDamaged
	}
	var list []Token
	for _, m := range v.Token {
		t, err := shell(m.Mint, v.Unit, v.Memo)
		if err != nil {
			return nil, err
		}
		at := map[string]int{}
		for _, p := range m.Proofs {
			c, id, err := p.coin()
			if err != nil {
				return nil, err
			}
			i, ok := at[string(id)]
			if !ok {
				i = len(t.groups)
				at[string(id)] = i
				t.groups = append(t.groups, group{id: id})
			}
			t.groups[i].coins = append(t.groups[i].coins, c)
		}
		if err := t.check(); err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	if len(list) == 0 {
		return nil, errDamaged
	}
	return list, nil
}

func (p jsonCoin) coin() (c Coin, id []byte, err error) {
	c.Amount, c.Secret, c.Witness = p.Amount, p.Secret, string(p.Witness)
	if c.C, err = bdhke.ParsePointHex(p.C); err != nil {
		return c, nil, errDamaged
	}
	if id, err = hex.DecodeString(p.ID); err != nil {
		return c, nil, cashu.Errorf(cashu.CodeKeysetUnknown, "a token has a keyset id that is not hexadecimal")
	}
	if p.DLEQ != nil && p.DLEQ.R != "" {
		if c.DLEQ, err = parseDLEQ(p.DLEQ.E, p.DLEQ.S, p.DLEQ.R); err != nil {
			return c, nil, err
		}
	}
	if p.E != "" {
		if c.E, err = bdhke.ParsePointHex(p.E); err != nil {
			return c, nil, errDamaged
		}
	}
	return c, id, nil
}

// witness is the text of a witness, which some write as the object itself.
type witness string

func witnessText(d *jsontext.Decoder, w *witness) error {
	if d.PeekKind() == '{' {
		v, err := d.ReadValue()
		*w = witness(v)
		return err
	}
	var s string
	if err := json.UnmarshalDecode(d, &s); err != nil {
		return err
	}
	*w = witness(s)
	return nil
}
