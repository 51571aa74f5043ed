package keystore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
)

// migrations is the schema. Applied ones are never edited.
func migrations() []sqldb.Migration {
	return []sqldb.Migration{
		{Name: "0001_keysets", SQL: keysetsSchema},
		{Name: "0002_audit", SQL: auditSchema},
		{Name: "0003_budgets", SQL: budgetSchema},
		{Name: "0004_freezes", SQL: freezeSchema},
		{Name: "0005_lifecycle", SQL: lifecycleSchema},
		{Name: "0006_schedule", SQL: scheduleSchema},
	}
}

const (
	// keysetsSchema: the epoch of a keyset is the epoch that its creation began, so it is
	// unique and in the order of creation. Times are unix seconds, 0 is
	// never; amounts are decimals with commas, ascending.
	keysetsSchema = `
CREATE TABLE keystore (
	one      INTEGER PRIMARY KEY CHECK (one = 1),
	identity BLOB    NOT NULL CHECK (length(identity) = 33),
	epoch    BIGINT  NOT NULL CHECK (epoch > 0)
);
CREATE TABLE keysets (
	epoch        BIGINT  NOT NULL PRIMARY KEY,
	id           BLOB    NOT NULL UNIQUE,
	contents     BLOB    NOT NULL,
	unit         TEXT    NOT NULL,
	unit_index   BIGINT  NOT NULL CHECK (unit_index BETWEEN 0 AND 2147483647),
	idx          BIGINT  NOT NULL CHECK (idx BETWEEN 0 AND 2147483647),
	id_version   INTEGER NOT NULL,
	active       INTEGER NOT NULL CHECK (active IN (0, 1)),
	fee_ppk      BIGINT  NOT NULL CHECK (fee_ppk >= 0),
	amounts      TEXT    NOT NULL,
	final_expiry BIGINT  NOT NULL CHECK (final_expiry >= 0),
	created      BIGINT  NOT NULL,
	issuer       TEXT    NOT NULL,
	UNIQUE (unit_index, idx)
);`

	// lifecycleSchema: when a keyset first became active and when it was
	// retired, unix seconds, 0 = not yet. Before this there were no others than
	// those that had been active. No index below index_floor is given out.
	lifecycleSchema = `
ALTER TABLE keysets ADD COLUMN activated BIGINT NOT NULL DEFAULT 0;
ALTER TABLE keysets ADD COLUMN retired BIGINT NOT NULL DEFAULT 0;
UPDATE keysets SET activated = created, retired = CASE active WHEN 1 THEN 0 ELSE created END;
ALTER TABLE keystore ADD COLUMN index_floor BIGINT NOT NULL DEFAULT 0 CHECK (index_floor BETWEEN 0 AND 2147483647);`
)

func stmtHeader() sqldb.Stmt {
	return sqldb.Stmt{Name: "keystore.header", SQL: `SELECT identity, epoch FROM keystore WHERE one = 1`}
}

func stmtAddHeader() sqldb.Stmt {
	return sqldb.Stmt{Name: "keystore.add_header", SQL: `INSERT INTO keystore (one, identity, epoch) VALUES (1, $1, 1)`}
}

func stmtSetEpoch() sqldb.Stmt {
	return sqldb.Stmt{Name: "keystore.set_epoch", SQL: `UPDATE keystore SET epoch = $2 WHERE one = 1 AND epoch = $1`}
}

func stmtKeysets() sqldb.Stmt {
	return sqldb.Stmt{Name: "keysets.all", SQL: `
SELECT epoch, id, contents, unit, unit_index, idx, id_version, active, fee_ppk, amounts, final_expiry, created, issuer, activated, retired,
	activate_at, keep_others, COALESCE((SELECT signatures FROM signed WHERE keyset = keysets.id), 0)
FROM keysets ORDER BY epoch`}
}

func stmtNextIndex() sqldb.Stmt {
	return sqldb.Stmt{Name: "keysets.next_index", SQL: `SELECT COALESCE(MAX(idx), 0) + 1 FROM keysets WHERE unit_index = $1`}
}

func stmtIndexFloor() sqldb.Stmt {
	return sqldb.Stmt{Name: "keysets.index_floor", SQL: `SELECT index_floor FROM keystore WHERE one = 1`}
}

func stmtRetire() sqldb.Stmt {
	return sqldb.Stmt{Name: "keysets.retire", SQL: `UPDATE keysets SET active = 0, retired = $2, activate_at = 0 WHERE id = $1`}
}

func stmtActivate() sqldb.Stmt {
	return sqldb.Stmt{Name: "keysets.activate", SQL: `UPDATE keysets SET active = 1, activated = $2, activate_at = 0 WHERE id = $1`}
}

func stmtAddKeyset() sqldb.Stmt {
	return sqldb.Stmt{Name: "keysets.add", SQL: `
INSERT INTO keysets (epoch, id, contents, unit, unit_index, idx, id_version, active, fee_ppk, amounts, final_expiry, created, issuer, activated, retired, activate_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15)`}
}

// stmtLockHeader is stmtHeader, and makes all who change the keystore wait for
// each other, also in other processes, until the transaction ends. It is the only
// lock of the keystore, so nobody can wait in a circle.
func stmtLockHeader() sqldb.Stmt {
	return sqldb.Stmt{Name: "keystore.lock", SQL: `SELECT identity, epoch FROM keystore WHERE one = 1 {lock keystore}`}
}

// header is the single row about the keystore itself.
type header struct {
	identity bdhke.Point
	epoch    uint64
}

// ensureHeader writes the first header. An existing one is left alone; in a
// database that others can use it is ErrInUse.
func (ks *Keystore) ensureHeader(ctx context.Context, tx sqldb.Tx) error {
	switch _, err := readHeader(ctx, tx); {
	case err == nil && ks.others.shared:
		return ErrInUse
	case !errors.Is(err, sqldb.ErrNoRows):
		return err
	}
	enc := ks.identity.Bytes()
	if _, err := tx.Exec(ctx, stmtAddHeader(), enc[:]); err != nil {
		return fmt.Errorf("writing the identity of the keystore: %w", err)
	}
	return nil
}

func readHeader(ctx context.Context, tx sqldb.Tx) (header, error) {
	return scanHeader(ctx, tx, stmtHeader())
}

// lockHeader comes first in every transaction that writes.
func lockHeader(ctx context.Context, tx sqldb.Tx) (header, error) {
	return scanHeader(ctx, tx, stmtLockHeader())
}

func scanHeader(ctx context.Context, tx sqldb.Tx, s sqldb.Stmt) (header, error) {
	var h header
	var enc []byte
	if err := tx.QueryRow(ctx, s).Scan(&enc, &h.epoch); err != nil {
		return header{}, fmt.Errorf("reading the identity of the keystore: %w", err)
	}
	var err error
	if h.identity, err = bdhke.ParsePoint(enc); err != nil {
		return header{}, fmt.Errorf("%w: the identity in the database is damaged", ErrMismatch)
	}
	return h, nil
}

// row is one keyset as the database knows it.
type row struct {
	epoch       uint64
	id          cashu.KeysetID
	contents    cashu.KeysetID // see keyset.contents
	unit        cashu.Unit
	unitIndex   uint32
	index       uint32
	version     cashu.KeysetVersion
	active      bool
	fee         uint64
	amounts     []cashu.Amount
	finalExpiry uint64
	created     time.Time
	issuer      string
	activated   int64 // unix seconds, 0 = never yet
	retired     int64 // unix seconds, 0 = not
	activateAt  int64 // unix seconds, 0 = nobody has said
	keepOthers  bool  // then
	signatures  uint64
}

func readRows(ctx context.Context, tx sqldb.Tx) ([]row, error) {
	var rows []row
	err := tx.Query(ctx, stmtKeysets(), func(scan sqldb.Scan) error {
		var (
			r                   row
			id, contents        []byte
			unit, amounts       string
			version             uint8
			created             int64
			idErr, cErr, amtErr error
		)
		err := scan(&r.epoch, &id, &contents, &unit, &r.unitIndex, &r.index, &version, &r.active, &r.fee,
			&amounts, &r.finalExpiry, &created, &r.issuer, &r.activated, &r.retired,
			&r.activateAt, &r.keepOthers, &r.signatures)
		if err != nil {
			return err
		}
		r.id, idErr = cashu.KeysetIDFromBytes(id)
		r.contents, cErr = cashu.KeysetIDFromBytes(contents)
		r.amounts, amtErr = parseAmounts(amounts)
		r.unit, r.version, r.created = cashu.Unit(unit), cashu.KeysetVersion(version), time.Unix(created, 0)
		if err := errors.Join(idErr, cErr, amtErr); err != nil {
			return fmt.Errorf("%w: the row of keyset %x (%s, index %d) is damaged: %w", ErrMismatch, id, unit, r.index, err)
		}
		rows = append(rows, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the keysets: %w", err)
	}
	return rows, nil
}

func addRow(ctx context.Context, tx sqldb.Tx, r row) error {
	_, err := tx.Exec(ctx, stmtAddKeyset(), r.epoch, r.id.Bytes(), r.contents.Bytes(), string(r.unit), r.unitIndex,
		r.index, uint8(r.version), number(r.active), r.fee, formatAmounts(r.amounts), r.finalExpiry, r.created.Unix(), r.issuer, r.activated, r.activateAt)
	if err != nil {
		return fmt.Errorf("storing keyset %d of %s: %w", r.index, r.unit, err)
	}
	return nil
}

// setState runs stmtRetire or stmtActivate for one keyset.
func setState(ctx context.Context, tx sqldb.Tx, s sqldb.Stmt, id cashu.KeysetID, now time.Time) error {
	n, err := tx.Exec(ctx, s, id.Bytes(), moment(now))
	if err == nil && n != 1 {
		err = fmt.Errorf("%d rows changed", n)
	}
	if err != nil {
		return fmt.Errorf("changing keyset %s: %w", id, err)
	}
	return nil
}

// number is a bool as rows keep it.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// moment is a time as rows keep it, in which 0 stands for never.
func moment(t time.Time) int64 { return max(t.Unix(), 1) }

func formatAmounts(amounts []cashu.Amount) string {
	texts := make([]string, len(amounts))
	for i, a := range amounts {
		texts[i] = strconv.FormatUint(uint64(a), 10)
	}
	return strings.Join(texts, ",")
}

func parseAmounts(text string) ([]cashu.Amount, error) {
	texts := strings.Split(text, ",")
	amounts := make([]cashu.Amount, len(texts))
	for i, s := range texts {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("amount %d of %d is not a number", i+1, len(texts))
		}
		amounts[i] = cashu.Amount(n)
	}
	return amounts, nil
}
