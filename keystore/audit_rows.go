package keystore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
)

const (
	// maxAuditDetail bounds a record: it is a note, not an archive.
	maxAuditDetail = 4096
	maxAuditName   = 256
)

// auditSchema: the head is stored apart from the records, so that a record that
// is missing at the end shows.
const auditSchema = `
CREATE TABLE audit (
	seq    BIGINT NOT NULL PRIMARY KEY CHECK (seq > 0),
	at     BIGINT NOT NULL,
	kind   TEXT   NOT NULL,
	client TEXT   NOT NULL,
	detail TEXT   NOT NULL,
	prev   BLOB   NOT NULL UNIQUE CHECK (length(prev) = 32),
	hash   BLOB   NOT NULL UNIQUE CHECK (length(hash) = 32),
	seal   BLOB   NOT NULL CHECK (length(seal) = 32)
);
CREATE TABLE audit_head (
	one  INTEGER PRIMARY KEY CHECK (one = 1),
	seq  BIGINT NOT NULL,
	hash BLOB   NOT NULL CHECK (length(hash) = 32)
);`

func stmtAuditHead() sqldb.Stmt {
	return sqldb.Stmt{Name: "audit.head", SQL: `SELECT seq, hash FROM audit_head WHERE one = 1`}
}

func stmtAddAuditHead() sqldb.Stmt {
	return sqldb.Stmt{Name: "audit.first_head", SQL: `INSERT INTO audit_head (one, seq, hash) VALUES (1, $1, $2)`}
}

func stmtSetAuditHead() sqldb.Stmt {
	return sqldb.Stmt{Name: "audit.set_head", SQL: `UPDATE audit_head SET seq = $2, hash = $3 WHERE one = 1 AND seq = $1`}
}

func stmtAddAudit() sqldb.Stmt {
	return sqldb.Stmt{Name: "audit.add", SQL: `
INSERT INTO audit (seq, at, kind, client, detail, prev, hash, seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`}
}

func stmtAuditFrom() sqldb.Stmt {
	return sqldb.Stmt{Name: "audit.from", SQL: `
SELECT seq, at, kind, client, detail, prev, hash, seal FROM audit WHERE seq >= $1 ORDER BY seq`}
}

// readAuditHead is the head as stored; before the first record, where it begins.
func readAuditHead(ctx context.Context, tx sqldb.Tx, identity bdhke.Point) (AuditHead, error) {
	h := AuditHead{Hash: auditOrigin(identity)}
	var hash []byte
	switch err := tx.QueryRow(ctx, stmtAuditHead()).Scan(&h.Seq, &hash); {
	case errors.Is(err, sqldb.ErrNoRows):
		return h, nil
	case err != nil:
		return AuditHead{}, fmt.Errorf("reading the head of the audit log: %w", err)
	case len(hash) != len(h.Hash):
		return AuditHead{}, fmt.Errorf("%w: the head has %d bytes", ErrAudit, len(hash))
	}
	copy(h.Hash[:], hash)
	return h, nil
}

func addAuditRecord(ctx context.Context, tx sqldb.Tx, head AuditHead, r AuditRecord, seal []byte) error {
	_, err := tx.Exec(ctx, stmtAddAudit(), r.Seq, r.At.UnixMicro(), string(r.Kind), r.Client, r.Detail, r.Prev[:], r.Hash[:], seal)
	if err != nil {
		return fmt.Errorf("storing audit record %d: %w", r.Seq, err)
	}
	var n int64
	if head.Seq == 0 {
		n, err = tx.Exec(ctx, stmtAddAuditHead(), r.Seq, r.Hash[:])
	} else {
		n, err = tx.Exec(ctx, stmtSetAuditHead(), head.Seq, r.Seq, r.Hash[:])
	}
	if err == nil && n != 1 {
		err = errors.New("somebody else was quicker")
	}
	if err != nil {
		return fmt.Errorf("advancing the head of the audit log to %d: %w", r.Seq, err)
	}
	return nil
}

// eachAuditRecord reads the records from the given number on, in order.
func eachAuditRecord(ctx context.Context, tx sqldb.Tx, from uint64, each func(r AuditRecord, seal []byte) error) error {
	return tx.Query(ctx, stmtAuditFrom(), func(scan sqldb.Scan) error {
		var (
			r                AuditRecord
			at               int64
			kind             string
			prev, hash, seal []byte
		)
		if err := scan(&r.Seq, &at, &kind, &r.Client, &r.Detail, &prev, &hash, &seal); err != nil {
			return fmt.Errorf("%w: a record after %d cannot be read", ErrAudit, r.Seq)
		}
		if len(prev) != len(r.Prev) || len(hash) != len(r.Hash) {
			return fmt.Errorf("%w: record %d has a hash of another length", ErrAudit, r.Seq)
		}
		r.At, r.Kind = time.UnixMicro(at).UTC(), AuditKind(kind)
		copy(r.Prev[:], prev)
		copy(r.Hash[:], hash)
		return each(r, seal)
	}, from)
}

// canonicalDetail writes the detail of a record in its one form.
func canonicalDetail(detail map[string]any) (string, error) {
	plain := make(map[string]any, len(detail))
	for key, value := range detail {
		switch v := value.(type) {
		case string:
			if !utf8.ValidString(v) {
				return "", fmt.Errorf("%s is not UTF-8", key)
			}
			plain[key] = v
		case bool, int, int64, uint32, uint64, []string:
			plain[key] = v
		case cashu.Amount:
			plain[key] = uint64(v)
		case cashu.Unit:
			plain[key] = string(v)
		case cashu.KeysetID:
			plain[key] = v.String()
		default:
			return "", fmt.Errorf("%s is a %T, which does not belong into an audit log", key, value)
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(plain); err != nil { // keys of maps are sorted
		return "", err
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if len(text) > maxAuditDetail {
		return "", fmt.Errorf("%d bytes of detail are more than %d", len(text), maxAuditDetail)
	}
	return string(text), nil
}

func checkAuditText(kind AuditKind, client string) error {
	if kind == "" || len(kind) > maxAuditName || len(client) > maxAuditName || !utf8.ValidString(string(kind)+client) {
		return fmt.Errorf("audit record %.32q of %.32q: kind and client are UTF-8 of at most %d bytes", kind, client, maxAuditName)
	}
	return nil
}
