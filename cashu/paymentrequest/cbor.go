package paymentrequest

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"mintmark/cashu"
)

const prefixCBOR = "creqA"

// cborRequest has its fields in the order in which they are written.
type cborRequest struct {
	T []cborTransport `cbor:"t,omitempty"`
	I string          `cbor:"i,omitempty"`
	A uint64          `cbor:"a,omitempty"`
	U string          `cbor:"u,omitempty"`
	M []string        `cbor:"m,omitempty"`
	D string          `cbor:"d,omitempty"`
	S bool            `cbor:"s,omitempty"`
	N *cborLock       `cbor:"nut10,omitempty"`
}

type cborTransport struct {
	T string     `cbor:"t"`
	A string     `cbor:"a"`
	G [][]string `cbor:"g,omitempty"`
}

type cborLock struct {
	K string     `cbor:"k"`
	D string     `cbor:"d"`
	T [][]string `cbor:"t,omitempty"`
}

// strict are the options with which requests are read: whatever two readers could
// read differently is refused.
var strict = cbor.DecOptions{
	DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxNestedLevels: 8, MaxArrayElements: 1000, MaxMapPairs: 64,
	FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
}

// Encode writes the request as "creqA…" (NUT-18).
func (r Request) Encode() (string, error) {
	if err := r.Validate(); err != nil {
		return "", err
	}
	v := cborRequest{I: r.ID, A: uint64(r.Amount), U: string(r.Unit), S: r.SingleUse, M: r.Mints, D: r.Description}
	for _, t := range r.Transports {
		v.T = append(v.T, cborTransport{string(t.Kind), t.Target, t.Tags})
	}
	if r.Lock != nil {
		v.N = &cborLock{r.Lock.Kind, r.Lock.Data, r.Lock.Tags}
	}
	b, err := cbor.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encoding a payment request: %w", err)
	}
	return prefixCBOR + base64.RawURLEncoding.EncodeToString(b), nil
}

func parseCBOR(text string) (Request, error) {
	// The published examples use the other alphabet.
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return Request{}, errDamaged
	}
	mode, err := strict.DecMode()
	if err != nil {
		return Request{}, fmt.Errorf("reading a payment request: %w", err)
	}
	var v cborRequest
	if err := mode.Unmarshal(b, &v); err != nil {
		return Request{}, errDamaged
	}
	r := Request{ID: v.I, Amount: cashu.Amount(v.A), SingleUse: v.S, Mints: v.M, Description: v.D}
	if v.U != "" {
		if r.Unit, err = cashu.ParseUnit(v.U); err != nil {
			return Request{}, err
		}
	}
	for _, t := range v.T {
		r.Transports = append(r.Transports, Transport{TransportKind(t.T), t.A, t.G})
	}
	if v.N != nil {
		r.Lock = &Lock{v.N.K, v.N.D, v.N.T}
	}
	return r, r.Validate()
}
