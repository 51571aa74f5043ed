package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var _ Tx = (*postgresTx)(nil)

// errAgain ends a transaction that has to be run once more, with care.
var errAgain = errors.New("the transaction has to run again")

// postgresTx lends a connection to a function.
//
// Two things are done the quick way first, and again with care in the rare case
// that it was not good enough. A Read is one statement without a transaction,
// which is a snapshot of its own; a second statement needs a transaction around
// both. And the rows of an ExecMany are not saved from each other: when one of
// them changes nothing, most callers give up anyhow; one who goes on needs a
// savepoint before them.
type postgresTx struct {
	engine  *postgresEngine
	conn    *pgx.Conn
	parent  context.Context
	writing bool
	durable bool
	careful bool
	prelude []string // sent together with the first statement
	first   string   // the name of the first statement of a Read without transaction
	row     []driver.Value

	busy  bool
	over  bool
	short bool // an ExecMany has left some of its rows behind: no commit
	again bool // run again, with care
	doubt bool // the outcome of the commit is unknown
	// failed is the first failure. After it the transaction is lost.
	failed error
}

// enter tells whether a statement may run now.
func (t *postgresTx) enter(ctx context.Context, s Stmt) error {
	switch {
	case t.over:
		return errTxOver
	case t.failed != nil:
	case t.busy:
		t.failed = fmt.Errorf("%s: %w", s.Name, errTxNested)
	case ctx.Err() != nil:
		t.failed = ctx.Err()
	case t.parent.Err() != nil:
		t.failed = t.parent.Err()
	case t.short:
		t.again, t.failed = true, errAgain
	case !t.writing && len(t.prelude) == 0 && t.first != "" && t.conn.PgConn().TxStatus() == 'I':
		t.engine.several.Store(t.first, nil)
		t.again, t.failed = true, errAgain
	default:
		if !t.writing && t.first == "" {
			t.first = s.Name
			if _, yes := t.engine.several.Load(s.Name); yes {
				t.prelude = []string{postgresBeginRead}
			}
		}
		t.busy = true
		return nil
	}
	return t.failed
}

// leave remembers how a statement ended.
func (t *postgresTx) leave(err error) {
	t.busy = false
	if t.failed == nil {
		t.failed = err
	}
}

func (t *postgresTx) Exec(ctx context.Context, s Stmt, args ...any) (n int64, err error) {
	if err := t.enter(ctx, s); err != nil {
		return 0, err
	}
	start := time.Now()
	defer func() { t.engine.report.ran(s.Name, start, err); t.leave(err) }()
	tag, _, err := t.statement(s, args, nil)
	return tag.RowsAffected(), err
}

func (t *postgresTx) Query(ctx context.Context, s Stmt, each func(Scan) error, args ...any) error {
	if err := t.enter(ctx, s); err != nil {
		return err
	}
	var callback, err error
	start := time.Now()
	defer func() { t.engine.report.ran(s.Name, start, err); t.leave(err) }()
	_, callback, err = t.statement(s, args, func(scan Scan) error {
		if err := each(scan); err != nil {
			return err
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	return callback
}

func (t *postgresTx) QueryRow(ctx context.Context, s Stmt, args ...any) Row {
	return Row{query: func(each func(Scan) error) error { return t.Query(ctx, s, each, args...) }}
}

// statement runs a statement. callback is the error of each, err its own.
func (t *postgresTx) statement(s Stmt, args []any, each func(Scan) error) (tag pgconn.CommandTag, callback, err error) {
	bound, err := postgresArgs(args)
	if err != nil {
		return tag, nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return t.send(s.Name, t.engine.sql(s.SQL, t.writing), bound, each)
}

// sql is a statement in PostgreSQL's words.
func (e *postgresEngine) sql(sql string, writing bool) string {
	key := rewriteKey{sql: sql, how: "read"}
	if writing {
		key.how = "write"
	}
	if known, ok := e.rewritten.Load(key); ok {
		return known.(string)
	}
	text := postgresRewrite(sql, writing)
	e.rewritten.Store(key, text)
	return text
}

// send sends a statement, and the prelude before it in the same breath.
func (t *postgresTx) send(name, sql string, args []any, each func(Scan) error) (tag pgconn.CommandTag, callback, err error) {
	ctx, cancel := t.bounded()
	defer cancel()
	if len(t.prelude) == 0 {
		rows, _ := t.conn.Query(ctx, sql, args...) // the error comes again from rows
		tag, callback, err = t.consume(name, rows, each)
	} else {
		batch := &pgx.Batch{}
		batch.Queue(sql, args...)
		err = t.pipeline(ctx, batch, func(results pgx.BatchResults) (err error) {
			rows, _ := results.Query()
			tag, callback, err = t.consume(name, rows, each)
			return err
		})
	}
	if err != nil {
		return tag, nil, t.explain(name, err)
	}
	return tag, callback, nil
}

// pipeline sends a batch behind the prelude, and lets read read its results.
func (t *postgresTx) pipeline(ctx context.Context, batch *pgx.Batch, read func(pgx.BatchResults) error) error {
	before := make([]*pgx.QueuedQuery, len(t.prelude), len(t.prelude)+len(batch.QueuedQueries))
	for i, sql := range t.prelude {
		before[i] = &pgx.QueuedQuery{SQL: sql}
	}
	t.prelude = nil
	batch.QueuedQueries = append(before, batch.QueuedQueries...)
	results := t.conn.SendBatch(ctx, batch)
	for range before {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			return err
		}
	}
	err := read(results)
	if closing := results.Close(); err == nil {
		err = closing
	}
	return err
}

// bounded is the time that one statement may take: as long as the caller has got,
// and not for ever. That a caller gives up is noticed between statements; it would
// cost a connection to break one off.
func (t *postgresTx) bounded() (context.Context, context.CancelFunc) {
	end := time.Now().Add(t.engine.patience())
	if d, ok := t.parent.Deadline(); ok && d.Before(end) {
		end = d
	}
	return context.WithDeadline(context.WithoutCancel(t.parent), end)
}

// consume reads a result to its end.
func (t *postgresTx) consume(name string, rows pgx.Rows, each func(Scan) error) (tag pgconn.CommandTag, callback, err error) {
	scan := func(dest ...any) error {
		if err := scanRow(t.row, dest); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	for callback == nil && err == nil && each != nil && rows.Next() {
		if err = t.decode(rows); err == nil {
			callback = each(scan)
		}
	}
	rows.Close()
	if rows.Err() != nil {
		err = rows.Err()
	}
	return rows.CommandTag(), callback, err
}

// decode reads a row.
func (t *postgresTx) decode(rows pgx.Rows) (err error) {
	fields, raw := rows.FieldDescriptions(), rows.RawValues()
	t.row = t.row[:0]
	for i := range raw {
		v, err := postgresColumn(fields[i], raw[i])
		if err != nil {
			return err
		}
		t.row = append(t.row, v)
	}
	return nil
}

// explain turns a failure into what others may see.
func (t *postgresTx) explain(name string, err error) error {
	if t.parent.Err() != nil {
		return t.parent.Err()
	}
	return t.engine.failure(name, err)
}

// ExecMany sends all rows at once.
func (t *postgresTx) ExecMany(ctx context.Context, s Stmt, rows [][]any) (n int, err error) {
	if len(rows) == 0 && !t.over {
		return 0, t.failed
	}
	if err := t.enter(ctx, s); err != nil {
		return 0, err
	}
	start := time.Now()
	defer func() { t.engine.report.ran(s.Name, start, err); t.leave(err) }()
	if t.careful {
		if err := t.control(s.Name, postgresSave); err != nil {
			return 0, err
		}
	}
	n, err = t.many(s, rows)
	switch {
	case err != nil:
		return 0, err
	case n == len(rows) && t.careful:
		return n, t.control(s.Name, postgresUnsave)
	case n == len(rows):
		return n, nil
	case t.careful:
		return 0, t.control(s.Name, postgresUndo)
	}
	t.short = true
	return 0, nil
}

// many runs a statement for all rows, as one statement if it can be put so, and
// returns how many rows changed something.
func (t *postgresTx) many(s Stmt, rows [][]any) (int, error) {
	arrays, types, ok, err := postgresArrays(rows)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", s.Name, err)
	}
	if ok {
		if sql := t.engine.manyRows(s.SQL, types); sql != "" {
			tag, _, err := t.send(s.Name, sql, arrays, nil)
			return int(tag.RowsAffected()), err
		}
	}
	batch := &pgx.Batch{}
	for _, row := range rows {
		args, err := postgresArgs(row)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", s.Name, err)
		}
		batch.Queue(t.engine.sql(s.SQL, t.writing), args...)
	}
	ctx, cancel := t.bounded()
	defer cancel()
	changed := 0
	err = t.pipeline(ctx, batch, func(results pgx.BatchResults) error {
		for range rows {
			tag, err := results.Exec()
			if err != nil {
				return err
			}
			if tag.RowsAffected() > 0 {
				changed++
			}
		}
		return nil
	})
	if err != nil {
		return 0, t.explain(s.Name, err)
	}
	return changed, nil
}

// manyRows is an INSERT of many rows, or empty if the statement is of another kind.
func (e *postgresEngine) manyRows(sql string, types []string) string {
	key := rewriteKey{sql: sql, how: strings.Join(types, " ")}
	if known, ok := e.rewritten.Load(key); ok {
		return known.(string)
	}
	text, _ := postgresManyRows(e.sql(sql, true), types)
	e.rewritten.Store(key, text)
	return text
}

// control runs a statement of our own inside the transaction.
func (t *postgresTx) control(name, sql string) error {
	_, _, err := t.send(name, sql, nil, nil)
	return err
}
