package sqldb

import (
	"context"
	"sync"
)

// readers is the pool of connections that read. They are opened when they are
// first needed.
type readers struct {
	open func() (*sqliteConn, error)
	gate *sync.RWMutex // held while a snapshot is open; nil for files
	// slots holds as many entries as there may be reads; nil is a connection
	// that is not open.
	slots  chan *sqliteConn
	closed chan struct{}
	once   sync.Once
	err    error
}

func newReaders(n int, gate *sync.RWMutex, open func() (*sqliteConn, error)) *readers {
	r := &readers{open: open, gate: gate, slots: make(chan *sqliteConn, n), closed: make(chan struct{})}
	for range n {
		r.slots <- nil
	}
	return r
}

// read runs fn on a snapshot.
func (r *readers) read(ctx context.Context, fn func(Tx) error) error {
	conn, err := r.acquire(ctx)
	if err != nil {
		return err
	}
	healthy := false
	defer func() {
		if !healthy { // also when fn panics
			_ = conn.close()
			conn = nil
		}
		r.slots <- conn
	}()
	if r.gate != nil {
		r.gate.RLock()
		defer r.gate.RUnlock()
	}
	if _, err := conn.exec(context.Background(), sqliteBeginRead); err != nil {
		return err
	}
	tx := &sqliteTx{conn: conn}
	err = fn(tx)
	if failed := tx.end(); failed != nil && err == nil {
		err = failed
	}
	if _, rollback := conn.exec(context.Background(), sqliteRollback); rollback == nil {
		healthy = true
	}
	return err
}

// acquire takes a connection out of the pool and opens it if need be.
func (r *readers) acquire(ctx context.Context) (*sqliteConn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var conn *sqliteConn
	select {
	case <-r.closed:
		return nil, ErrClosed
	default:
	}
	select {
	case conn = <-r.slots:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.closed:
		return nil, ErrClosed
	}
	if conn != nil {
		return conn, nil
	}
	conn, err := r.open()
	if err != nil {
		r.slots <- nil
		return nil, err
	}
	return conn, nil
}

// close waits for the reads that run.
func (r *readers) close() error {
	r.once.Do(func() {
		close(r.closed)
		for range cap(r.slots) {
			if conn := <-r.slots; conn != nil {
				if err := conn.close(); err != nil && r.err == nil {
					r.err = err
				}
			}
		}
	})
	return r.err
}
