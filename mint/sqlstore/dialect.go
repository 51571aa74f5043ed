package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
)

// dialect is everything in which the databases differ beyond their schemas. On
// SQLite one process has the file to itself, and one of its transactions writes at
// a time. On PostgreSQL many do, in many processes.
//
// There, all transactions touch rows in one order, so that none can wait for each
// other in a circle: the saga, then proofs by Y, outputs by B_, the quote, and the
// totals by keyset and shard.
type dialect struct {
	folder string // of the migrations
	shared bool   // others may write at the same time, here and elsewhere
	shards int    // rows that the totals of a keyset are spread over
	// slots tells that signatures get their room when an operation begins. In
	// SQLite a row that never grows never moves; PostgreSQL writes a new one
	// for every change, however small.
	slots       bool
	addKeysetID sqldb.Stmt
	newRefs     func(context.Context, *sqldb.DB) (refs, error)
	newOwners   func(context.Context, sqldb.Config, string) (owners, error)
}

// owners knows which processes are dead.
type owners interface {
	Gone(ctx context.Context, owner string) (bool, error)
	io.Closer
}

func dialectOf(path string) dialect {
	if sqldb.IsServer(path) {
		return dialect{
			folder: "postgres", shared: true, shards: 16,
			addKeysetID: stmtAddKeysetIDShared,
			newRefs:     func(context.Context, *sqldb.DB) (refs, error) { return new(blockRefs), nil },
			newOwners: func(ctx context.Context, c sqldb.Config, owner string) (owners, error) {
				return sqldb.OpenPresence(ctx, sqldb.PresenceConfig{Server: c, Name: owner})
			},
		}
	}
	return dialect{
		folder: "sqlite", shards: 1, slots: true,
		addKeysetID: stmtAddKeysetID,
		newRefs:     newCountedRefs,
		newOwners:   func(_ context.Context, _ sqldb.Config, owner string) (owners, error) { return alone(owner), nil },
	}
}

var stmtAddKeysetID = sqldb.Stmt{Name: "keyset_ids.add", SQL: `
		INSERT INTO keyset_ids (number, id)
		SELECT COALESCE(max(number) + 1, 0), $1 FROM keyset_ids WHERE true ON CONFLICT (id) DO NOTHING`}

// emptySlots is what an operation has of n signatures before there are any.
func (d dialect) emptySlots(n int) []byte {
	if d.slots {
		return make([]byte, n*slotSize)
	}
	return []byte{}
}

// alone is the name of the only process that has the database, whose lock it
// holds. So every other owner is gone.
type alone string

func (a alone) Gone(_ context.Context, owner string) (bool, error) { return owner != string(a), nil }
func (a alone) Close() error                                       { return nil }

// outward adds to the failures that will pass what a wallet may be told of them.
func outward(err error) error {
	for _, passing := range []error{
		sqldb.ErrUnavailable, sqldb.ErrTimeout, sqldb.ErrConflict, sqldb.ErrFull, sqldb.ErrReadOnly, sqldb.ErrUnknownOutcome,
	} {
		if errors.Is(err, passing) {
			return fmt.Errorf("%w: %w", cashu.Errorf(cashu.CodeUnavailable, "the database is not available, try again"), err)
		}
	}
	return err
}
