package lnd

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
)

// One row for each attempt to pay. hash is the payment hash, by which the node knows
// the payment; times are Unix milliseconds, 0 is never.
//
// ordered is when the node was told to pay, written before it is told; before and
// before_created are the number and the time of the payment that the node had of this
// hash at that time, so that an older one is not taken for this. answered: the node has shown this payment. missing is
// since when the node, which should know the payment, says that it does not.
const schema = `
CREATE TABLE attempts (
  id       TEXT NOT NULL PRIMARY KEY,
  hash     BLOB NOT NULL,
  part     INTEGER NOT NULL,
  msat     INTEGER NOT NULL,
  unit     TEXT NOT NULL,
  expires  INTEGER NOT NULL,
  begun    INTEGER NOT NULL,
  ordered  INTEGER NOT NULL,
  orders   INTEGER NOT NULL,
  before   INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  missing  INTEGER NOT NULL,
  state    INTEGER NOT NULL,
  spent    INTEGER NOT NULL,
  proof    TEXT NOT NULL
);
CREATE INDEX attempts_hash ON attempts (hash);
CREATE UNIQUE INDEX attempts_open ON attempts (hash) WHERE state = 1;
CREATE TABLE delivered (
  node         TEXT NOT NULL PRIMARY KEY,
  settle_index INTEGER NOT NULL,
  hash         TEXT NOT NULL
);
`

// migrations are the steps of the schema, on either kind of database.
func migrations(server bool) []sqldb.Migration {
	sql := schema
	if server {
		sql = strings.NewReplacer("INTEGER", "BIGINT", "BLOB", "BYTEA").Replace(sql)
	}
	return []sqldb.Migration{
		{Name: "0001_attempts", SQL: sql},
		{Name: "0002_before_created", SQL: "ALTER TABLE attempts ADD COLUMN before_created BIGINT NOT NULL DEFAULT 0"},
		// node is the key of the node that was told to pay; '' in rows of before.
		{Name: "0003_node", SQL: `
ALTER TABLE attempts ADD COLUMN node TEXT NOT NULL DEFAULT '';
CREATE TABLE notes (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
)`},
	}
}

const attemptColumns = `id, hash, part, msat, unit, expires, begun, ordered, orders, before, answered, missing, state, spent, proof, before_created, node`

var (
	stmtAddAttempt = sqldb.Stmt{Name: "lnd.add_attempt", SQL: `
INSERT INTO attempts (` + attemptColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0, $8, 0, '', 0, '')`}
	stmtFirstNote = sqldb.Stmt{Name: "lnd.first_note", SQL: `
INSERT INTO notes (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`}
	stmtNote = sqldb.Stmt{Name: "lnd.note", SQL: `
SELECT value FROM notes WHERE name = $1`}
	stmtFindAttempt = sqldb.Stmt{Name: "lnd.find_attempt", SQL: `
SELECT ` + attemptColumns + ` FROM attempts WHERE id = $1`}
	stmtTaken = sqldb.Stmt{Name: "lnd.taken", SQL: `
SELECT COUNT(*) FROM attempts WHERE hash = $1 AND state IN (1, 2)`}
	stmtOrder = sqldb.Stmt{Name: "lnd.order", SQL: `
UPDATE attempts SET ordered = $2, orders = orders + 1, missing = 0, before = CASE orders WHEN 0 THEN $3 ELSE before END,
  before_created = CASE orders WHEN 0 THEN $4 ELSE before_created END, node = CASE orders WHEN 0 THEN $6 ELSE node END
WHERE id = $1 AND state = 1 AND ordered = $5`}
	stmtTakeBack = sqldb.Stmt{Name: "lnd.take_back", SQL: `
UPDATE attempts SET ordered = 0, orders = orders - 1 WHERE id = $1 AND state = 1 AND ordered = $2 AND orders = 1 AND answered = 0`}
	stmtAnswered = sqldb.Stmt{Name: "lnd.answered", SQL: `
UPDATE attempts SET answered = 1, missing = 0 WHERE id = $1 AND answered = 0 AND state = 1`}
	stmtMissing = sqldb.Stmt{Name: "lnd.missing", SQL: `
UPDATE attempts SET missing = $2 WHERE id = $1 AND missing = 0 AND state = 1`}
	stmtEnd = sqldb.Stmt{Name: "lnd.end", SQL: `
UPDATE attempts SET state = $2, spent = $3, proof = $4 WHERE id = $1 AND state = 1`}

	stmtFindDelivered = sqldb.Stmt{Name: "lnd.find_delivered", SQL: `
SELECT settle_index, hash FROM delivered WHERE node = $1`}
	stmtSetDelivered = sqldb.Stmt{Name: "lnd.set_delivered", SQL: `
INSERT INTO delivered (node, settle_index, hash) VALUES ($1, $2, $3)
ON CONFLICT (node) DO UPDATE SET settle_index = excluded.settle_index, hash = excluded.hash
WHERE delivered.settle_index < excluded.settle_index`}
	stmtResetDelivered = sqldb.Stmt{Name: "lnd.reset_delivered", SQL: `
DELETE FROM delivered WHERE node = $1`}
)

// attempt is a row.
type attempt struct {
	id       string
	node     string // the key of the one that was told; "" if nobody has noted it
	hash     []byte
	part     bool
	msat     uint64
	unit     cashu.Unit
	expires  time.Time // of the invoice
	begun    time.Time
	ordered  time.Time // zero: never
	orders   int64
	before   mark
	answered bool
	missing  time.Time // zero: it is not
	state    lightning.PaymentState
	spent    cashu.Amount
	proof    string
}

// mark tells a payment of the node from an older one of the same hash. lnd numbers
// payments, but on some databases a number comes again after its payment was replaced.
type mark struct{ index, created uint64 }

// outgoing is what the mint is told.
func (a attempt) outgoing() lightning.Outgoing {
	return lightning.Outgoing{State: a.state, Spent: a.spent, Proof: a.proof}
}

func scanAttempt(scan func(dest ...any) error) (a attempt, err error) {
	var (
		unit                             string
		part, answered, state            int64
		expires, begun, ordered, missing int64
		spent                            uint64
	)
	err = scan(&a.id, &a.hash, &part, &a.msat, &unit, &expires, &begun, &ordered, &a.orders, &a.before.index, &answered, &missing,
		&state, &spent, &a.proof, &a.before.created, &a.node)
	a.part, a.answered, a.unit, a.spent = part != 0, answered != 0, cashu.Unit(unit), cashu.Amount(spent)
	a.state = lightning.PaymentState(state)
	a.expires, a.begun, a.ordered, a.missing = fromMilli(expires), fromMilli(begun), fromMilli(ordered), fromMilli(missing)
	return a, err
}

func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMilli(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

func asInt(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

// memoryNote is the name of the database itself.
const memoryNote = "memory"

// identify reads the name of the database, or gives it one.
func identify(ctx context.Context, db *sqldb.DB) (name string, err error) {
	err = db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		if _, err := tx.Exec(ctx, stmtFirstNote, memoryNote, rand.Text()); err != nil {
			return err
		}
		return tx.QueryRow(ctx, stmtNote, memoryNote).Scan(&name)
	})
	return name, err
}

// begin finds the attempt, or writes it down. An attempt at a hash that another one
// has paid, or may be paying, is written down as failed: it will never be begun.
func (b *Backend) begin(ctx context.Context, a attempt) (attempt, error) {
	found, err := b.tryBegin(ctx, a)
	if errors.Is(err, sqldb.ErrUnique) {
		// Another mint on this database was quicker; now its row can be seen.
		found, err = b.tryBegin(ctx, a)
	}
	return found, err
}

func (b *Backend) tryBegin(ctx context.Context, a attempt) (attempt, error) {
	err := b.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		found, err := scanAttempt(tx.QueryRow(ctx, stmtFindAttempt, a.id).Scan)
		if !errors.Is(err, sqldb.ErrNoRows) {
			a = found
			return err
		}
		var taken int64
		if err := tx.QueryRow(ctx, stmtTaken, a.hash).Scan(&taken); err != nil {
			return err
		}
		a.state = lightning.PaymentPending
		if taken > 0 {
			a.state = lightning.PaymentFailed
		}
		_, err = tx.Exec(ctx, stmtAddAttempt, a.id, a.hash, asInt(a.part), a.msat, string(a.unit), milli(a.expires), milli(a.begun), int64(a.state))
		return err
	})
	return a, err
}

// attempt reads a row; sqldb.ErrNoRows if there is none.
func (b *Backend) attempt(ctx context.Context, id string) (a attempt, err error) {
	err = b.db.Read(ctx, func(tx sqldb.Tx) (err error) {
		a, err = scanAttempt(tx.QueryRow(ctx, stmtFindAttempt, id).Scan)
		return err
	})
	return a, err
}

// change runs a statement that moves an attempt on, and reads what came of it.
func (b *Backend) change(ctx context.Context, a *attempt, s *sqldb.Stmt, args ...any) (changed bool, err error) {
	err = b.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		n, err := tx.Exec(ctx, *s, append([]any{a.id}, args...)...)
		if err != nil {
			return err
		}
		changed = n > 0
		*a, err = scanAttempt(tx.QueryRow(ctx, stmtFindAttempt, a.id).Scan)
		return err
	})
	return changed, err
}
