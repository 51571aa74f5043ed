package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

// slotSize is the room of one signature in operations.signatures: C_, e and s.
// Statements know the number, too.
const slotSize = bdhke.PointSize + 32 + 32

var (
	stmtUnsigned = sqldb.Stmt{Name: "outputs.unsigned", SQL: `
		SELECT u.position, u.b, o.amount, o.keyset FROM unsigned_outputs AS u CROSS JOIN outputs AS o
		WHERE u.operation = $1 AND o.b = u.b`}
	stmtDropOneUnsigned = sqldb.Stmt{Name: "outputs.drop_one_unsigned", SQL: `
		DELETE FROM unsigned_outputs WHERE operation = $1 AND position = $2`}
	stmtGetSignatures = sqldb.Stmt{Name: "signatures.get", SQL: `
		SELECT signatures FROM operations WHERE ref = $1`}
	stmtSetSignatures = sqldb.Stmt{Name: "signatures.set", SQL: `
		UPDATE operations SET signatures = $3 WHERE ref = $1 AND signatures = $2`}
	stmtSetOutput = sqldb.Stmt{Name: "outputs.set", SQL: `
		UPDATE outputs SET amount = $2, keyset = $3 WHERE b = $1`}
)

// unsignedOutput is a reserved message.
type unsignedOutput struct {
	position int
	amount   uint64
	keyset   int64
}

// SignOutputs fills the slots of the messages and takes away the marks that they
// are unsigned.
func (t *tx) SignOutputs(ctx context.Context, ref mint.OperationRef, outputs []cashu.BlindedMessage, sigs []cashu.BlindSignature) error {
	if len(outputs) != len(sigs) {
		return fmt.Errorf("%d signatures for %d outputs: %w", len(sigs), len(outputs), mint.ErrForbiddenState)
	}
	if len(outputs) == 0 {
		return nil
	}
	places, all, err := t.places(ctx, ref, outputs)
	if err != nil {
		return err
	}
	positions := make([]int, len(outputs))
	for i, o := range outputs {
		positions[i] = places[i].position
		if err := t.settleOutput(ctx, o.B, places[i], sigs[i]); err != nil {
			return err
		}
	}
	if err := t.fillSlots(ctx, ref, all, positions, sigs); err != nil {
		return err
	}
	return t.dropMarks(ctx, ref, all, positions)
}

// places finds the messages among those that the operation has reserved, and
// tells whether they are all of them. What this process has reserved itself it
// need not read: that the messages still are unsigned, the statements check that
// sign them.
func (t *tx) places(ctx context.Context, ref mint.OperationRef, outputs []cashu.BlindedMessage) (places []unsignedOutput, all bool, err error) {
	if places := t.store.reserved.take(ref, outputs); places != nil {
		return places, true, nil
	}
	reserved, err := t.unsigned(ctx, ref)
	if err != nil {
		return nil, false, err
	}
	all = len(outputs) == len(reserved)
	for _, o := range outputs {
		u, ok := reserved[o.B.Key()]
		if !ok {
			return nil, false, fmt.Errorf("an output is not reserved by the operation, or signed: %w", mint.ErrForbiddenState)
		}
		delete(reserved, o.B.Key()) // it cannot be signed twice in one call either
		places = append(places, u)
	}
	return places, all, nil
}

// unsigned reads the messages that the operation has reserved.
func (t *tx) unsigned(ctx context.Context, ref mint.OperationRef) (map[[bdhke.PointSize]byte]unsignedOutput, error) {
	reserved := map[[bdhke.PointSize]byte]unsignedOutput{}
	err := t.db.Query(ctx, stmtUnsigned, func(scan sqldb.Scan) error {
		var u unsignedOutput
		var b []byte
		if err := scan(&u.position, &b, &u.amount, &u.keyset); err != nil {
			return err
		}
		if len(b) != bdhke.PointSize {
			return errors.New("a blinded message in the database is no point")
		}
		reserved[[bdhke.PointSize]byte(b)] = u
		return nil
	}, int64(ref))
	if err != nil {
		return nil, fmt.Errorf("reading unsigned outputs: %w", err)
	}
	return reserved, nil
}

// settleOutput corrects the amount and keyset of a message that was reserved
// before they were known.
func (t *tx) settleOutput(ctx context.Context, b bdhke.Point, u unsignedOutput, sig cashu.BlindSignature) error {
	keyset, err := t.keysetNumber(ctx, sig.ID)
	if err != nil || keyset == u.keyset && uint64(sig.Amount) == u.amount {
		return err
	}
	if _, err := t.db.Exec(ctx, stmtSetOutput, pointBytes(b), uint64(sig.Amount), keyset); err != nil {
		return fmt.Errorf("settling an output: %w", err)
	}
	return nil
}

// fillSlots writes the signatures, each into an empty slot. The usual call signs
// all outputs of an operation that has no signature yet; then what the slots held
// before is known without reading it.
func (t *tx) fillSlots(ctx context.Context, ref mint.OperationRef, all bool, positions []int, sigs []cashu.BlindSignature) error {
	if all {
		filled, err := t.swapSlots(ctx, ref, t.store.dialect.emptySlots(len(sigs)), positions, sigs)
		if err != nil || filled {
			return err
		}
	}
	var before []byte
	if err := t.db.QueryRow(ctx, stmtGetSignatures, int64(ref)).Scan(&before); err != nil {
		return fmt.Errorf("reading signatures: %w", found(err))
	}
	filled, err := t.swapSlots(ctx, ref, before, positions, sigs)
	if err == nil && !filled {
		err = fmt.Errorf("the signatures of the operation have changed: %w", mint.ErrForbiddenState)
	}
	return err
}

// swapSlots writes the signatures if the slots hold what they are thought to
// hold, and tells whether they did.
func (t *tx) swapSlots(ctx context.Context, ref mint.OperationRef, before []byte, positions []int, sigs []cashu.BlindSignature) (bool, error) {
	after := slices.Clone(before)
	for i, sig := range sigs {
		if end := (positions[i] + 1) * slotSize; end > len(after) {
			after = append(after, make([]byte, end-len(after))...)
		}
		if err := writeSlot(after[positions[i]*slotSize:][:slotSize], sig); err != nil {
			return false, err
		}
	}
	n, err := t.db.Assume(ctx, stmtSetSignatures, 1, int64(ref), before, after)
	if err != nil {
		return false, fmt.Errorf("storing signatures: %w", err)
	}
	return n == 1, nil
}

// dropMarks takes away the marks of what is signed now.
func (t *tx) dropMarks(ctx context.Context, ref mint.OperationRef, all bool, positions []int) error {
	if all {
		n, err := t.db.Assume(ctx, stmtDropUnsigned, int64(len(positions)), int64(ref))
		if err == nil && int(n) != len(positions) {
			err = mint.ErrForbiddenState
		}
		return err
	}
	rows := make([][]any, len(positions))
	for i, position := range positions {
		rows[i] = []any{int64(ref), position}
	}
	n, err := t.db.ExecMany(ctx, stmtDropOneUnsigned, rows)
	if err == nil && n != len(rows) {
		err = mint.ErrForbiddenState
	}
	return err
}

// writeSlot encodes a signature into an empty slot.
func writeSlot(slot []byte, sig cashu.BlindSignature) error {
	for _, b := range slot {
		if b != 0 {
			return fmt.Errorf("the output is signed already: %w", mint.ErrForbiddenState)
		}
	}
	if sig.C.IsZero() {
		return errors.New("storing a signature without C_")
	}
	sig.C.AppendBytes(slot[:0])
	if sig.DLEQ != nil {
		copy(slot[bdhke.PointSize:], sig.DLEQ.E[:])
		copy(slot[bdhke.PointSize+32:], sig.DLEQ.S[:])
	}
	return nil
}

// readSlot is the reverse of writeSlot. No valid DLEQ is all zeros.
func readSlot(slot []byte, sig *cashu.BlindSignature) (err error) {
	if len(slot) != slotSize {
		return errors.New("a signature in the database is cut short")
	}
	if sig.C, err = parsePoint(slot[:bdhke.PointSize]); err != nil {
		return err
	}
	dleq := bdhke.DLEQ{E: [32]byte(slot[bdhke.PointSize:]), S: [32]byte(slot[bdhke.PointSize+32:])}
	if dleq != (bdhke.DLEQ{}) {
		sig.DLEQ = &dleq
	}
	return nil
}
