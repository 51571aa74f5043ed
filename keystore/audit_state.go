package keystore

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"mintmark/internal/sqldb"
)

// stateField of an audit record is the hash of what a change has left behind. The
// id of a keyset says nothing about whether it may sign, and a row that is gone
// says nothing at all; this does.
const stateField = "state"

// stateHash covers every keyset with its stage and what is scheduled for it, the epoch and the lowest index
// that may be given out.
func stateHash(epoch uint64, floor uint32, rows []row) string {
	b := []byte("Mintmark keysets 1")
	for _, n := range []uint64{epoch, uint64(floor), uint64(len(rows))} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	for _, r := range rows {
		for _, field := range [][]byte{r.id.Bytes(), []byte(r.unit)} {
			b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
			b = append(b, field...)
		}
		active := uint64(0)
		if r.active {
			active = 1
		}
		for _, n := range []uint64{r.epoch, uint64(r.index), active, uint64(r.activated), uint64(r.retired)} {
			b = binary.BigEndian.AppendUint64(b, n)
		}
	}
	// Only where there is one: earlier records know nothing of schedules.
	for _, r := range rows {
		if r.activateAt != 0 {
			keep := uint64(0)
			if r.keepOthers {
				keep = 1
			}
			for _, n := range []uint64{r.epoch, uint64(r.activateAt), keep} {
				b = binary.BigEndian.AppendUint64(b, n)
			}
		}
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// currentState is the hash of what the database holds now.
func currentState(ctx context.Context, tx sqldb.Tx) (string, error) {
	head, err := readHeader(ctx, tx)
	if err != nil {
		return "", err
	}
	rows, err := readRows(ctx, tx)
	if err != nil {
		return "", err
	}
	var floor uint32
	if err := tx.QueryRow(ctx, stmtIndexFloor()).Scan(&floor); err != nil {
		return "", fmt.Errorf("reading the lowest index: %w", err)
	}
	return stateHash(head.epoch, floor, rows), nil
}

func stmtLastChange() sqldb.Stmt {
	return sqldb.Stmt{Name: "audit.last_change", SQL: `
SELECT COALESCE(MAX(seq), 0) FROM audit WHERE kind IN ('rotate', 'prepare', 'activate', 'retire', 'restore', 'schedule')`}
}

// errFound ends a query after its first row.
var errFound = errors.New("found")

// checkState compares the keysets with what the last audit record of a change says
// about them. Records of earlier versions say nothing, and pass.
func (ks *Keystore) checkState(ctx context.Context, tx sqldb.Tx) error {
	var seq uint64
	if err := tx.QueryRow(ctx, stmtLastChange()).Scan(&seq); err != nil || seq == 0 {
		return err
	}
	var last AuditRecord
	var seal []byte
	err := eachAuditRecord(ctx, tx, seq, func(r AuditRecord, s []byte) error {
		last, seal = r, s
		return errFound
	})
	if !errors.Is(err, errFound) {
		return err
	}
	// It may be older than the tail that was checked.
	if last.Hash != last.digest() || !hmac.Equal(seal, ks.sealAudit(last.Hash)) {
		return fmt.Errorf("%w: record %d was altered", ErrAudit, last.Seq)
	}
	var detail struct {
		State string `json:"state"`
	}
	if err := json.Unmarshal([]byte(last.Detail), &detail); err != nil {
		return fmt.Errorf("%w: record %d cannot be read", ErrAudit, last.Seq)
	}
	now, err := currentState(ctx, tx)
	if err != nil {
		return err
	}
	if detail.State != "" && detail.State != now {
		return fmt.Errorf("%w: the keysets or their stages are not those that audit record %d left behind", ErrMismatch, last.Seq)
	}
	return nil
}
