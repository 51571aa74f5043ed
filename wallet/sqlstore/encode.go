package sqlstore

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/token"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// maybeID is an id that is NULL when there is none.
func maybeID(id uuid.UUID) []byte {
	if id == uuid.Nil {
		return nil
	}
	return id[:]
}

func parseID(b []byte) (uuid.UUID, error) {
	if b == nil {
		return uuid.Nil, nil
	}
	return uuid.FromBytes(b)
}

// maybe is text that is NULL when empty.
func maybe(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

// text is text that is never NULL.
func text[S ~string](s S) []byte { return append([]byte{}, s...) }

func pointBytes(p bdhke.Point) []byte {
	if p.IsZero() {
		return nil
	}
	b := p.Bytes()
	return b[:]
}

func parsePoint(b []byte) (bdhke.Point, error) {
	if b == nil {
		return bdhke.Point{}, nil
	}
	p, err := bdhke.ParsePoint(b)
	if err != nil {
		return bdhke.Point{}, fmt.Errorf("a point in the database: %w", err)
	}
	return p, nil
}

// number is a small number that may be missing: one more than it is, 0 for none,
// since a NULL cannot be told from 0 when it is read.
func number(n *uint32) int64 {
	if n == nil {
		return 0
	}
	return int64(*n) + 1
}

func parseNumber(n int64) *uint32 {
	if n == 0 {
		return nil
	}
	v := uint32(n - 1)
	return &v
}

// dleqBytes is e, s and r of a coin's proof.
func dleqBytes(d *token.DLEQ) []byte {
	if d == nil {
		return nil
	}
	r := d.R.Bytes()
	b := append(make([]byte, 0, 96), d.E[:]...)
	return append(append(b, d.S[:]...), r[:]...)
}

func parseDLEQ(b []byte) (*token.DLEQ, error) {
	if b == nil {
		return nil, nil
	}
	if len(b) != 96 {
		return nil, errors.New("a proof in the database has the wrong length")
	}
	r, err := bdhke.NewScalar(b[64:])
	if err != nil {
		return nil, errors.New("a proof in the database is damaged")
	}
	return &token.DLEQ{DLEQ: bdhke.DLEQ{E: [32]byte(b[:32]), S: [32]byte(b[32:64])}, R: r}, nil
}

const keySize = 8 + bdhke.PointSize

func keysBytes(keys cashu.Keys) []byte {
	b := make([]byte, 0, keys.Len()*keySize)
	for amount, p := range keys.All() {
		b = binary.BigEndian.AppendUint64(b, uint64(amount))
		b = p.AppendBytes(b)
	}
	return b
}

func parseKeys(b []byte) (cashu.Keys, error) {
	if len(b)%keySize != 0 {
		return cashu.Keys{}, errors.New("the keys of a keyset in the database are damaged")
	}
	m := make(map[cashu.Amount]bdhke.Point, len(b)/keySize)
	for ; len(b) > 0; b = b[keySize:] {
		p, err := bdhke.ParsePoint(b[8:keySize])
		if err != nil {
			return cashu.Keys{}, fmt.Errorf("a key in the database: %w", err)
		}
		m[cashu.Amount(binary.BigEndian.Uint64(b))] = p
	}
	return cashu.NewKeys(m)
}

// found turns "no rows" into the wallet's word for it.
func found(err error) error {
	if errors.Is(err, sqldb.ErrNoRows) {
		return wallet.ErrNotFound
	}
	return err
}
