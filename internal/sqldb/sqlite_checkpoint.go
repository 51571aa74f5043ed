package sqldb

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// Frames of the write-ahead log, one for each page written.
const (
	// checkpointAfter is how many are left in the log before some are copied
	// into the database.
	checkpointAfter = 1000
	// rewindAfter is the length from which the writer sees to it that the log
	// begins anew.
	rewindAfter = 4000
	// checkpointPause is the shortest time between two looks at the log.
	checkpointPause = 10 * time.Millisecond
)

var (
	sqliteNoAutoCheckpoint = Stmt{"sqldb.settings", "PRAGMA wal_autocheckpoint = 0"}
	sqliteLogLength        = Stmt{"sqldb.checkpoint.look", "PRAGMA wal_checkpoint(NOOP)"}
	sqliteCheckpoint       = Stmt{"sqldb.checkpoint", "PRAGMA wal_checkpoint(PASSIVE)"}
	sqliteRewind           = Stmt{"sqldb.checkpoint.rewind", "PRAGMA wal_checkpoint(RESTART)"}
	sqliteImpatient        = Stmt{"sqldb.settings", "PRAGMA busy_timeout = 50"}
	sqlitePatient          = Stmt{"sqldb.settings", "PRAGMA busy_timeout = 5000"}
)

// checkpointer copies the write-ahead log into the database, on a connection of
// its own beside the writer: SQLite would do it inside of some unlucky commit.
// While the writer goes on, though, the log never gets short; so when it is long,
// the writer does the little that is left between two batches.
type checkpointer struct {
	conn   *sqliteConn
	length atomic.Int64 // frames in the log, when last looked at
	wake   chan struct{}
	stop   chan struct{}
	done   chan struct{}
}

func startCheckpointer(conn *sqliteConn) *checkpointer {
	c := &checkpointer{conn: conn, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go c.loop()
	return c
}

// written tells that the log has grown. It may be called on nil.
func (c *checkpointer) written() {
	if c == nil {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *checkpointer) loop() {
	defer close(c.done)
	for {
		select {
		case <-c.stop:
			return
		case <-c.wake:
		}
		// A failure is in the log already; the next commit wakes us again.
		length, copied, err := c.conn.checkpoint(sqliteLogLength)
		if err == nil && length-copied >= checkpointAfter {
			length, _, err = c.conn.checkpoint(sqliteCheckpoint)
		}
		if err == nil {
			c.length.Store(length)
		}
		select {
		case <-c.stop:
			return
		case <-time.After(checkpointPause):
		}
	}
}

// rewind lets the log begin anew if it is long. The writer calls it between two
// batches, on its own connection. It waits for the reads that need the log, but
// not long: if one of them takes its time, the next checkpoint asks again. It may
// be called on nil.
func (c *checkpointer) rewind(writer *sqliteConn) {
	if c == nil || c.length.Load() < rewindAfter {
		return
	}
	c.length.Store(0) // until it is looked at again
	_, _ = writer.exec(context.Background(), sqliteImpatient)
	_, _, _ = writer.checkpoint(sqliteRewind)
	_, _ = writer.exec(context.Background(), sqlitePatient)
}

// close ends the goroutine and the connection. It may be called on nil.
func (c *checkpointer) close() error {
	if c == nil {
		return nil
	}
	close(c.stop)
	<-c.done
	return c.conn.close()
}

// checkpoint runs one of the statements above, which answer how long the log is
// and how much of it has been copied.
func (c *sqliteConn) checkpoint(s Stmt) (length, copied int64, err error) {
	callback, err := c.query(context.Background(), s, func(scan Scan) error {
		return scan(nil, &length, &copied)
	}, nil)
	return length, copied, errors.Join(callback, err)
}
