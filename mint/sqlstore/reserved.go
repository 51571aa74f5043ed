package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

var stmtReservedProofs = sqldb.Stmt{Name: "proofs.reserved", SQL: `
		SELECT p.y, p.amount, p.keyset, p.witness FROM pending_proofs AS d CROSS JOIN proofs AS p
		WHERE d.operation = $1 AND p.y = d.y ORDER BY d.y {lock d}`}

func (t *tx) ReservedProofs(ctx context.Context, ref mint.OperationRef) ([]mint.SpentProof, error) {
	var list []mint.SpentProof
	var numbers []int64
	err := t.db.Query(ctx, stmtReservedProofs, func(scan sqldb.Scan) error {
		var (
			y, witness []byte
			amount     uint64
			keyset     int64
		)
		if err := scan(&y, &amount, &keyset, &witness); err != nil {
			return err
		}
		point, err := parseYKey(y)
		list = append(list, mint.SpentProof{Y: point, Amount: cashu.Amount(amount), Witness: string(witness)})
		numbers = append(numbers, keyset)
		return err
	}, int64(ref))
	if err != nil {
		return nil, fmt.Errorf("reading reserved proofs: %w", err)
	}
	for i := range list {
		if list[i].KeysetID, err = t.keysetID(ctx, numbers[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// parseYKey is the reverse of yKey.
func parseYKey(b []byte) (bdhke.Point, error) {
	if len(b) == bdhke.PointSize-1 {
		b = append([]byte{2}, b...)
	}
	return parsePoint(b)
}

func (t *tx) ReservedOutputs(ctx context.Context, ref mint.OperationRef) ([]cashu.BlindedMessage, error) {
	reserved, err := t.unsigned(ctx, ref)
	if err != nil {
		return nil, err
	}
	type placed struct {
		position int
		cashu.BlindedMessage
	}
	list := make([]placed, 0, len(reserved))
	for key, u := range reserved {
		b, err := parsePoint(key[:])
		if err != nil {
			return nil, err
		}
		id, err := t.keysetID(ctx, u.keyset)
		if err != nil {
			return nil, err
		}
		list = append(list, placed{u.position, cashu.BlindedMessage{Amount: cashu.Amount(u.amount), ID: id, B: b}})
	}
	slices.SortFunc(list, func(a, b placed) int { return cmp.Compare(a.position, b.position) })
	messages := make([]cashu.BlindedMessage, len(list))
	for i, p := range list {
		messages[i] = p.BlindedMessage
	}
	return messages, nil
}
