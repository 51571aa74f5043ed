package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"modernc.org/sqlite"
)

// maxPrepared bounds the statements that a connection keeps prepared. Statements
// are constants, so it is never reached by a program that follows the rules.
const maxPrepared = 512

// sqliteConn is one connection and its prepared statements, for one goroutine at
// a time. It speaks to the driver without database/sql: the transactions here
// outlive no call and need no pool, and one statement costs half as much.
type sqliteConn struct {
	conn     driver.Conn
	prepared map[string]prepared
	report   reporter
	args     []driver.NamedValue
	row      []driver.Value
	// interruptible connections stop a statement when its context ends. Not the
	// writer's: the interrupt would roll back its neighbours as well.
	interruptible bool
}

type prepared interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// openSQLiteConn opens a connection and runs the settings on it.
func openSQLiteConn(name string, report reporter, settings ...Stmt) (*sqliteConn, error) {
	conn, err := new(sqlite.Driver).Open(name)
	if err != nil {
		return nil, sqliteFailure("sqldb.open", report, err)
	}
	c := &sqliteConn{conn: conn, prepared: map[string]prepared{}, report: report}
	for _, s := range settings {
		if _, err := c.exec(context.Background(), s); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

// sqliteFailure keeps the driver's words out of the error that others see.
func sqliteFailure(name string, report reporter, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	code, kind := sqliteKind(err)
	// A rollback with nothing to roll back: SQLite has done it by itself, and what
	// made it do so is in the log.
	rolledBack := name == sqliteRollback.Name && code == sqliteError
	if kind != ErrUnique && !rolledBack {
		report.failed(name, code, err)
	}
	return &stmtError{stmt: name, kind: kind}
}

func (c *sqliteConn) close() error {
	for _, p := range c.prepared {
		_ = p.Close()
	}
	clear(c.prepared)
	if err := c.conn.Close(); err != nil {
		return sqliteFailure("sqldb.close", c.report, err)
	}
	return nil
}

// prepare returns the statement and what to do with it after use.
func (c *sqliteConn) prepare(s Stmt) (prepared, func(), error) {
	if p, ok := c.prepared[s.SQL]; ok {
		return p, func() {}, nil
	}
	stmt, err := c.conn.(driver.ConnPrepareContext).PrepareContext(context.Background(), sqliteRewrite(s.SQL))
	if err != nil {
		return nil, nil, err
	}
	p := stmt.(prepared)
	if len(c.prepared) >= maxPrepared {
		return p, func() { _ = p.Close() }, nil
	}
	c.prepared[s.SQL] = p
	return p, func() {}, nil
}

// bind fills the reused list of arguments.
func (c *sqliteConn) bind(args []any) ([]driver.NamedValue, error) {
	c.args = c.args[:0]
	for i, arg := range args {
		v, err := bind(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.args, nil
}

// context is the one that the driver may see.
func (c *sqliteConn) context(ctx context.Context) context.Context {
	if c.interruptible {
		return ctx
	}
	return context.Background()
}

// exec runs a statement that has no result.
func (c *sqliteConn) exec(ctx context.Context, s Stmt, args ...any) (n int64, err error) {
	_, err = c.execMany(ctx, s, [][]any{args}, func(changed int64) bool {
		n = changed
		return true
	})
	return n, err
}

// execMany runs a statement for each row of arguments until again, which is told
// the number of changed rows, says no. It returns how many times again said yes.
func (c *sqliteConn) execMany(ctx context.Context, s Stmt, rows [][]any, again func(changed int64) bool) (done int, err error) {
	start := time.Now()
	defer func() { c.report.ran(s.Name, start, err) }()
	p, release, err := c.prepare(s)
	if err != nil {
		return 0, sqliteFailure(s.Name, c.report, err)
	}
	defer release()
	for _, row := range rows {
		args, err := c.bind(row)
		if err != nil {
			return done, fmt.Errorf("%s: %w", s.Name, err)
		}
		result, err := p.ExecContext(c.context(ctx), args)
		if err != nil {
			return done, sqliteFailure(s.Name, c.report, err)
		}
		changed, err := result.RowsAffected()
		if err != nil {
			return done, sqliteFailure(s.Name, c.report, err)
		}
		if !again(changed) {
			return done, nil
		}
		done++
	}
	return done, nil
}

// query runs a statement and calls each for every row of its result. callback is
// the error of each, err the failure of the statement.
func (c *sqliteConn) query(ctx context.Context, s Stmt, each func(Scan) error, args []any) (callback, err error) {
	start := time.Now()
	defer func() { c.report.ran(s.Name, start, err) }()
	p, release, err := c.prepare(s)
	if err != nil {
		return nil, sqliteFailure(s.Name, c.report, err)
	}
	defer release()
	named, err := c.bind(args)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	rows, err := p.QueryContext(c.context(ctx), named)
	if err != nil {
		return nil, sqliteFailure(s.Name, c.report, err)
	}
	defer func() {
		if e := rows.Close(); e != nil && err == nil {
			err = sqliteFailure(s.Name, c.report, e)
		}
	}()
	columns := len(rows.Columns())
	if cap(c.row) < columns {
		c.row = make([]driver.Value, columns)
	}
	row := c.row[:columns]
	scan := func(dest ...any) error {
		if err := scanRow(row, dest); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		return nil
	}
	for {
		switch err := rows.Next(row); {
		case err == io.EOF:
			return nil, nil
		case err != nil:
			return nil, sqliteFailure(s.Name, c.report, err)
		}
		if err := each(scan); err != nil {
			return err, nil
		}
		if ctx.Err() != nil {
			return ctx.Err(), nil
		}
	}
}
