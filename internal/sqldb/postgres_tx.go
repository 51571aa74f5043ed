package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

var _ Tx = (*postgresTx)(nil)

// errAgain ends a transaction that has to be run once more, with care.
var errAgain = errors.New("the transaction has to run again")

// postgresTx lends a connection to a function.
//
// The way to the server and back is what a short transaction mostly costs. So
// things are done the quick way first, and again with care in the rare case that
// it was not good enough. A Read is one statement without a transaction, which is
// a snapshot of its own; a second statement needs a transaction around both. In a
// Write, what Assume and ExecMany do waits for the next statement whose outcome
// is needed, and they go together. When not all of them changed what they were
// meant to, the second run sends each on its own. And when that one goes on after
// an ExecMany that left rows behind, a third run has a savepoint before it.
type postgresTx struct {
	engine  *postgresEngine
	conn    *pgx.Conn
	parent  context.Context
	writing bool
	durable bool
	patient bool // its statements may take as long as the caller likes
	care    care
	queue   []queued // goes before the next statement
	first   string   // the name of the first statement of a Read without transaction
	row     []driver.Value

	busy  bool
	over  bool
	short bool // an ExecMany has left some of its rows behind: no commit
	again bool // run again, with more care
	doubt bool // the outcome of the commit is unknown
	// failed is the first failure. After it the transaction is lost.
	failed error
}

// queued is a statement that has not been sent. want is how many rows it changes;
// negative: who knows.
type queued struct {
	name, sql string
	args      []any
	want      int64
}

// begin queues the statements that begin a transaction.
func (t *postgresTx) begin(statements ...string) {
	for _, sql := range statements {
		t.queue = append(t.queue, queued{name: "sqldb.begin", sql: sql, want: -1})
	}
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
	case !t.writing && len(t.queue) == 0 && t.first != "" && t.conn.PgConn().TxStatus() == 'I':
		t.engine.several.Store(t.first, nil)
		t.again, t.failed = true, errAgain
	default:
		if !t.writing && t.first == "" {
			t.first = s.Name
			if _, yes := t.engine.several.Load(s.Name); yes {
				t.begin(postgresBeginRead)
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
	defer func() { t.leave(err) }()
	q, err := t.prepare(s, args)
	if err != nil {
		return 0, err
	}
	return t.exec(q)
}

func (t *postgresTx) Assume(ctx context.Context, s Stmt, n int64, args ...any) (int64, error) {
	if t.care > quick || !t.writing {
		return t.Exec(ctx, s, args...)
	}
	if err := t.enter(ctx, s); err != nil {
		return 0, err
	}
	q, err := t.prepare(s, args)
	if t.leave(err); err != nil {
		return 0, err
	}
	q.want = n
	t.queue = append(t.queue, q)
	return n, nil
}

func (t *postgresTx) Query(ctx context.Context, s Stmt, each func(Scan) error, args ...any) error {
	if err := t.enter(ctx, s); err != nil {
		return err
	}
	var callback, err error
	defer func() { t.leave(err) }()
	q, err := t.prepare(s, args)
	if err != nil {
		return err
	}
	err = t.send(q, func(rows pgx.Rows) (err error) {
		callback, err = t.consume(s.Name, rows, func(scan Scan) error {
			if err := each(scan); err != nil {
				return err
			}
			return ctx.Err()
		})
		return err
	})
	if err != nil {
		return err
	}
	return callback
}

func (t *postgresTx) QueryRow(ctx context.Context, s Stmt, args ...any) Row {
	return Row{query: func(each func(Scan) error) error { return t.Query(ctx, s, each, args...) }}
}

// prepare puts a statement and its arguments into the server's words.
func (t *postgresTx) prepare(s Stmt, args []any) (queued, error) {
	bound, err := postgresArgs(args)
	if err != nil {
		return queued{}, fmt.Errorf("%s: %w", s.Name, err)
	}
	return queued{name: s.Name, sql: t.engine.sql(s.SQL, t.writing), args: bound, want: -1}, nil
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

// exec sends a statement and returns how many rows it changed.
func (t *postgresTx) exec(q queued) (n int64, err error) {
	err = t.send(q, func(rows pgx.Rows) error {
		rows.Close()
		n = rows.CommandTag().RowsAffected()
		return rows.Err()
	})
	return n, err
}

// flush sends what is queued.
func (t *postgresTx) flush() error {
	if len(t.queue) == 0 || t.queue[len(t.queue)-1].want < 0 {
		return nil // nothing but a beginning, which needs no end either
	}
	last := t.queue[len(t.queue)-1]
	t.queue = t.queue[:len(t.queue)-1]
	n, err := t.exec(last)
	if err == nil && n != last.want {
		t.again, err = true, errAgain
	}
	return err
}

// send sends a statement, and before it in the same breath what is queued. read
// reads its result.
func (t *postgresTx) send(q queued, read func(pgx.Rows) error) (err error) {
	ctx, cancel := t.bounded()
	defer cancel()
	before, start := t.queue, time.Now()
	t.queue = nil
	if len(before) == 0 {
		rows, _ := t.conn.Query(ctx, q.sql, q.args...) // an error comes again from rows
		err = t.result(q, start, read(rows))
		rows.Close()
		return err
	}
	batch := &pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, 0, len(before)+1)}
	for _, b := range append(before, q) {
		batch.Queue(b.sql, b.args...)
	}
	results := t.conn.SendBatch(ctx, batch)
	defer func() {
		if closing := results.Close(); err == nil && closing != nil {
			err = t.result(q, start, closing)
		}
	}()
	for _, b := range before {
		tag, err := results.Exec()
		if err := t.result(b, start, err); err != nil {
			return err
		}
		start = time.Now()
		if b.want >= 0 && tag.RowsAffected() != b.want {
			t.again = true
			return errAgain
		}
	}
	rows, _ := results.Query()
	err = t.result(q, start, read(rows))
	rows.Close()
	return err
}

// result reports how a statement ended, and turns a failure into what others may
// see.
func (t *postgresTx) result(q queued, start time.Time, err error) error {
	if err != nil {
		if t.parent.Err() != nil {
			err = t.parent.Err()
		} else {
			err = t.engine.failure(q.name, err)
		}
	}
	t.engine.report.ran(q.name, start, err)
	return err
}

// bounded is the time that one statement may take: as long as the caller has got,
// and not for ever. That a caller gives up is noticed between statements; it would
// cost a connection to break one off.
func (t *postgresTx) bounded() (context.Context, context.CancelFunc) {
	if t.patient {
		return context.WithCancel(t.parent)
	}
	end := time.Now().Add(t.engine.patience())
	if d, ok := t.parent.Deadline(); ok && d.Before(end) {
		end = d
	}
	return context.WithDeadline(context.WithoutCancel(t.parent), end)
}

// consume reads the rows of a result. callback is the error of each.
func (t *postgresTx) consume(name string, rows pgx.Rows, each func(Scan) error) (callback, err error) {
	scan := func(dest ...any) error {
		if err := scanRow(t.row, dest); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	for callback == nil && rows.Next() {
		if callback = t.decode(rows); callback == nil {
			callback = each(scan)
		}
	}
	rows.Close()
	return callback, rows.Err()
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

// ExecMany sends all rows at once.
func (t *postgresTx) ExecMany(ctx context.Context, s Stmt, rows [][]any) (n int, err error) {
	if len(rows) == 0 && !t.over {
		return 0, t.failed
	}
	if err := t.enter(ctx, s); err != nil {
		return 0, err
	}
	defer func() { t.leave(err) }()
	list, err := t.many(s, rows)
	if err != nil {
		return 0, err
	}
	if t.care == quick {
		t.queue = append(t.queue, list...)
		return len(rows), nil
	}
	if t.care == cautious {
		t.queue = append(t.queue, queued{name: s.Name, sql: postgresSave, want: -1})
	}
	left := false
	for _, q := range list {
		n, err := t.exec(q)
		if err != nil {
			return 0, err
		}
		left = left || n < q.want
	}
	switch {
	case !left && t.care == cautious:
		_, err := t.exec(queued{name: s.Name, sql: postgresUnsave})
		return len(rows), err
	case !left:
		return len(rows), nil
	case t.care == cautious:
		_, err := t.exec(queued{name: s.Name, sql: postgresUndo})
		return 0, err
	}
	t.short = true
	return 0, nil
}

// many prepares a statement for all rows: as one statement if it can be put so,
// else as one for each.
func (t *postgresTx) many(s Stmt, rows [][]any) ([]queued, error) {
	arrays, types, ok, err := postgresArrays(rows)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	if ok {
		if sql := t.engine.manyRows(s.SQL, types); sql != "" {
			return []queued{{name: s.Name, sql: sql, args: arrays, want: int64(len(rows))}}, nil
		}
	}
	list := make([]queued, len(rows))
	for i, row := range rows {
		if list[i], err = t.prepare(s, row); err != nil {
			return nil, err
		}
		list[i].want = 1
	}
	return list, nil
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
