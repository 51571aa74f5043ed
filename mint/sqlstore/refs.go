package sqlstore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"mintmark/internal/sqldb"
	"mintmark/mint"
)

// refs gives the numbers of operations. None is ever given twice, not even when a
// crash takes back what was done under it: whoever still holds an old number must
// not meet new rows there.
type refs interface {
	// next gives a number, or false when they have run out.
	next() (mint.OperationRef, bool)
	// refill gets more.
	refill(ctx context.Context, db *sqldb.DB) error
}

// errNoRefs ends a transaction that needs a number when there are none.
var errNoRefs = errors.New("no operation numbers left")

var stmtLastRef = sqldb.Stmt{Name: "operations.last", SQL: `
		SELECT COALESCE(max(ref), 0) FROM operations`}

// countedRefs counts on from the last number in the database, which this process
// has to itself: whoever held a lost number died in the same crash.
type countedRefs struct {
	last atomic.Int64
}

func newCountedRefs(ctx context.Context, db *sqldb.DB) (refs, error) {
	r := new(countedRefs)
	return r, db.Read(ctx, func(tx sqldb.Tx) error {
		var last int64
		err := tx.QueryRow(ctx, stmtLastRef).Scan(&last)
		r.last.Store(last)
		return err
	})
}

func (r *countedRefs) next() (mint.OperationRef, bool) { return mint.OperationRef(r.last.Add(1)), true }

func (r *countedRefs) refill(context.Context, *sqldb.DB) error { return nil }

// blockRefs takes a block of numbers at a time out of a row of the database, for
// good: the commit is durable before the first of them is used. A sequence of the
// server would not do. Its state is written with the next commit, and when the
// server dies before that, it starts again with numbers that a process which has
// survived still uses.
type blockRefs struct {
	refilling sync.Mutex // never held by who holds a connection: to refill takes one

	mu         sync.Mutex
	from, free int64
}

// refBlock is how many numbers a process takes at a time. What it does not use is
// lost with it.
const refBlock = 1024

func (r *blockRefs) next() (mint.OperationRef, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.from == r.free {
		return 0, false
	}
	r.from++
	return mint.OperationRef(r.from - 1), true
}

func (r *blockRefs) refill(ctx context.Context, db *sqldb.DB) error {
	r.refilling.Lock()
	defer r.refilling.Unlock()
	if r.left() {
		return nil // somebody else was quicker
	}
	var free int64
	err := db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		return tx.QueryRow(ctx, stmtTakeRefs, refBlock).Scan(&free)
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.from, r.free = free-refBlock, free
	return nil
}

func (r *blockRefs) left() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.from < r.free
}
