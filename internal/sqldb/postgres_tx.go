package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

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
