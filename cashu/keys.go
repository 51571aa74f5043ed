package cashu

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"mintmark/bdhke"
)

// Keys is the public keys of a keyset by amount, ascending (NUT-01). It is
// immutable and cheap to copy. The zero value has no keys.
type Keys struct {
	amounts []Amount
	points  []bdhke.Point
}

// NewKeys takes at least one key. Zero amounts are refused, and a point under
// two amounts: with it the smaller coin would pass as the larger one.
func NewKeys(m map[Amount]bdhke.Point) (Keys, error) {
	if len(m) == 0 {
		return Keys{}, errors.New("a keyset needs at least one key")
	}
	k := Keys{amounts: slices.Sorted(maps.Keys(m)), points: make([]bdhke.Point, 0, len(m))}
	seen := make(map[bdhke.Point]Amount, len(m))
	for _, a := range k.amounts {
		p := m[a]
		if a == 0 {
			return Keys{}, errors.New("a keyset has no key for amount 0")
		}
		if p.IsZero() {
			return Keys{}, fmt.Errorf("the key of amount %d is missing", a)
		}
		if other, ok := seen[p]; ok {
			return Keys{}, fmt.Errorf("amounts %d and %d have the same key", other, a)
		}
		seen[p] = a
		k.points = append(k.points, p)
	}
	return k, nil
}

// Get finds the key of an amount.
func (k Keys) Get(a Amount) (bdhke.Point, bool) {
	i, ok := slices.BinarySearch(k.amounts, a)
	if !ok {
		return bdhke.Point{}, false
	}
	return k.points[i], true
}

// Len counts the keys.
func (k Keys) Len() int { return len(k.amounts) }

// Amounts lists the denominations, ascending. The caller must not modify it.
func (k Keys) Amounts() []Amount { return k.amounts }

// All goes through the keys, ascending by amount.
func (k Keys) All() iter.Seq2[Amount, bdhke.Point] {
	return func(yield func(Amount, bdhke.Point) bool) {
		for i, a := range k.amounts {
			if !yield(a, k.points[i]) {
				return
			}
		}
	}
}

// Equal tells whether both have the same keys.
func (k Keys) Equal(o Keys) bool {
	return slices.Equal(k.amounts, o.amounts) && slices.Equal(k.points, o.points)
}

// MarshalJSONTo writes {"1":"02...","2":"03..."} in numeric order.
func (k Keys) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for a, p := range k.All() {
		if err := e.WriteToken(jsontext.String(a.String())); err != nil {
			return err
		}
		if err := e.WriteToken(jsontext.String(p.String())); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

// UnmarshalJSONFrom reads the same, in any order.
func (k *Keys) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	m := map[Amount]bdhke.Point{}
	err := readObject(d, "keys", func(name string) error {
		a, err := strconv.ParseUint(name, 10, 64)
		if err != nil || strconv.FormatUint(a, 10) != name {
			return Errorf(CodeMalformed, "amount of a key is not a decimal number")
		}
		s, ok, err := readString(d, "key")
		if err != nil {
			return err
		}
		p, err := bdhke.ParsePointHex(s)
		if !ok || err != nil {
			return Errorf(CodeMalformed, "key of amount %d is not a valid point", a)
		}
		m[Amount(a)] = p
		return nil
	})
	if err != nil {
		return err
	}
	keys, err := NewKeys(m)
	if err != nil {
		return Errorf(CodeMalformed, "%v", err)
	}
	*k = keys
	return nil
}
