package sqldb

import (
	"context"
	"errors"
	"slices"
)

// batch is the operations that share one commit. Nobody hears of an outcome
// before the commit: even a failure may be due to what a neighbour has written.
//
// That one operation fails and its neighbours do not takes a savepoint for each,
// for which SQLite copies every page that it is about to change: a tenth of all
// that a swap costs the mint. Failures are rare, so a batch begins without. When
// an operation fails, everything is rolled back and runs again behind savepoints,
// and so do the next batches, in case somebody makes failures on purpose.
type batch struct {
	w       *writer
	ops     []*op
	started int // ops[:started] have run or were skipped
	durable bool
	open    bool // a transaction is open
	careful bool // every operation is behind a savepoint
}

// carefulBatches is how many batches have savepoints after a failure.
const carefulBatches = 32

// run does the whole work and settles every operation that it started.
func (b *batch) run() {
	b.join()
	if b.w.gate != nil {
		b.w.gate.Lock()
		defer b.w.gate.Unlock()
	}
	finished := false
	defer func() {
		if !finished {
			b.fail(ErrPanic) // a function ended the goroutine
		}
	}()
	b.careful = b.w.careful > 0
	if b.careful {
		b.w.careful--
	}
	if err := b.begin(); err != nil {
		b.failAll(err)
		finished = true
		return
	}
	for b.started < len(b.ops) {
		o := b.ops[b.started]
		b.started++
		if !o.taken && !o.claimed.CompareAndSwap(false, true) {
			continue // the caller has left
		}
		o.taken = true
		if err := b.runOp(o); err != nil {
			b.fail(err)
			finished = true
			return
		}
		b.join()
	}
	b.commit()
	finished = true
}

// join adds operations that wait. A batch that has begun cannot become durable
// any more: SQLite takes the setting only between transactions.
func (b *batch) join() {
	w := b.w
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) > 0 && len(b.ops) < maxBatch {
		if b.open && w.queue[0].durable && !b.durable {
			return
		}
		b.ops = append(b.ops, w.pop())
	}
}

// begin opens the transaction, after choosing what its commit will survive.
func (b *batch) begin() error {
	for _, o := range b.ops {
		b.durable = b.durable || o.durable
	}
	if b.durable != b.w.full {
		setting := sqliteNormal
		if b.durable {
			setting = sqliteFull
		}
		if err := b.control(setting); err != nil {
			return err
		}
		b.w.full = b.durable
	}
	err := b.control(sqliteBegin)
	if err != nil && errors.Is(err, errDriver) {
		// A transaction may still be open because the device failed during its
		// rollback. End it and try once more.
		_ = b.control(sqliteRollback)
		err = b.control(sqliteBegin)
	}
	b.open = err == nil
	return err
}

// runOp runs one operation. It returns an error only when the transaction is lost
// for all.
func (b *batch) runOp(o *op) error {
	if o.err = o.ctx.Err(); o.err != nil {
		return nil
	}
	if b.careful {
		if err := b.control(sqliteSavepoint); err != nil {
			return err
		}
	}
	tx := &sqliteTx{conn: b.w.conn, writing: true}
	o.err = b.w.conn.report.protect(o.fn, tx)
	if failed := tx.end(); failed != nil && o.err == nil {
		o.err = failed
	}
	o.notes = nil
	if o.err == nil {
		o.notes = tx.notes
	}
	switch {
	case !b.careful && o.err == nil:
		return nil
	case !b.careful:
		return b.again(o)
	case o.err == nil:
		return b.control(sqliteRelease)
	}
	if err := b.control(sqliteRollbackTo); err != nil {
		return o.err // SQLite has rolled everything back, for this reason
	}
	return b.control(sqliteRelease)
}

// again begins a second time after an operation has failed. What has run runs
// again; if nothing but failures has, those stay as they are.
func (b *batch) again(failed *op) error {
	b.open = false
	if err := b.control(sqliteRollback); err != nil {
		return failed.err // as in runOp
	}
	if err := b.begin(); err != nil {
		return err
	}
	b.careful, b.w.careful = true, carefulBatches
	succeeded := func(o *op) bool { return o.taken && o.err == nil }
	if slices.ContainsFunc(b.ops[:b.started], succeeded) {
		b.started = 0
	}
	return nil
}

// commit makes the work of all that succeeded permanent, and settles.
func (b *batch) commit() {
	succeeded := false
	for _, o := range b.ops {
		succeeded = succeeded || o.taken && o.err == nil
	}
	statement := sqliteDeferred
	switch {
	case !succeeded:
		statement = sqliteRollback
	case b.durable:
		statement = sqliteDurable
	}
	if err := b.control(statement); err != nil {
		if errors.Is(err, errDriver) {
			// The device failed: the commit may have reached it or not.
			err = &stmtError{stmt: statement.Name, kind: ErrUnknownOutcome}
		}
		b.fail(err)
		return
	}
	b.open = false
	for _, o := range b.ops {
		b.w.exchange.send(o.notes)
	}
	b.settle()
}

// fail rolls back. Every operation that had succeeded gets the error; those that
// have not started go back to the queue.
func (b *batch) fail(err error) {
	if b.open {
		_ = b.control(sqliteRollback)
		b.open = false
	}
	for _, o := range b.ops[:b.started] {
		if o.err == nil {
			o.err = err
		}
	}
	b.settle()
	b.w.putBack(b.ops[b.started:])
}

// failAll settles every operation of a batch that could not begin. To try them
// one by one would make each wait for as long as this one has.
func (b *batch) failAll(err error) {
	for _, o := range b.ops {
		o.claimed.CompareAndSwap(false, true)
	}
	b.started = len(b.ops)
	b.fail(err)
}

// settle tells the callers.
func (b *batch) settle() {
	for _, o := range b.ops[:b.started] {
		close(o.done)
	}
}

// control runs a statement of our own.
func (b *batch) control(s Stmt) error {
	_, err := b.w.conn.exec(context.Background(), s)
	return err
}
