package sqldb

import (
	"context"
	"errors"
	"fmt"
)

var _ Tx = (*sqliteTx)(nil)

var (
	errTxOver   = errors.New("the transaction is over")
	errTxNested = errors.New("the transaction is used while a result is read")
)

// sqliteTx lends a connection to a function. Once a statement has failed it
// refuses all others: SQLite ends the whole transaction on some failures, and
// what ran after that would be committed on its own.
type sqliteTx struct {
	conn    *sqliteConn
	writing bool
	notes   []note // go out after the commit
	failed  error
	busy    bool
}

// enter tells whether a statement may run now.
func (t *sqliteTx) enter(ctx context.Context, s Stmt) error {
	switch {
	case t.failed != nil:
	case t.busy:
		t.failed = fmt.Errorf("%s: %w", s.Name, errTxNested)
	case ctx.Err() != nil:
		t.failed = ctx.Err()
	default:
		t.busy = true
		return nil
	}
	return t.failed
}

// leave remembers how a statement ended.
func (t *sqliteTx) leave(err error) {
	t.busy = false
	if t.failed == nil {
		t.failed = err
	}
}

// end takes the connection back and returns the failure of a statement, if any.
func (t *sqliteTx) end() error {
	failed := t.failed
	t.failed = errTxOver
	return failed
}

func (t *sqliteTx) Exec(ctx context.Context, s Stmt, args ...any) (n int64, err error) {
	if err := t.enter(ctx, s); err != nil {
		return 0, err
	}
	defer func() { t.leave(err) }()
	return t.conn.exec(ctx, s, args...)
}

// Assume assumes nothing: the statement costs no way to a server.
func (t *sqliteTx) Assume(ctx context.Context, s Stmt, _ int64, args ...any) (int64, error) {
	return t.Exec(ctx, s, args...)
}

func (t *sqliteTx) ExecMany(ctx context.Context, s Stmt, rows [][]any) (n int, err error) {
	if err := t.enter(ctx, s); err != nil {
		return 0, err
	}
	defer func() { t.leave(err) }()
	return t.conn.execMany(ctx, s, rows, func(changed int64) bool { return changed > 0 })
}

func (t *sqliteTx) Query(ctx context.Context, s Stmt, each func(Scan) error, args ...any) error {
	if err := t.enter(ctx, s); err != nil {
		return err
	}
	var callback, err error
	defer func() { t.leave(err) }()
	callback, err = t.conn.query(ctx, s, each, args)
	if err != nil {
		return err
	}
	return callback
}

func (t *sqliteTx) QueryRow(ctx context.Context, s Stmt, args ...any) Row {
	return Row{query: func(each func(Scan) error) error { return t.Query(ctx, s, each, args...) }}
}

func (t *sqliteTx) Notify(ctx context.Context, channel, payload string) error {
	if !t.writing {
		return ErrReadOnly
	}
	if err := checkNotice(channel, payload); err != nil {
		return err
	}
	if err := t.enter(ctx, stmtNotify); err != nil {
		return err
	}
	t.leave(nil)
	t.notes = append(t.notes, note{channel, payload})
	return nil
}
