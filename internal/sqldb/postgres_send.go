package sqldb

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

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
