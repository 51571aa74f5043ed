package sqldb

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// engine is one kind of database, the seam between what all databases share and
// what each decides for itself. Its methods have the contracts of those of DB.
//
// An engine brings its own way to write. SQLite has one writer at a time, so its
// engine lets many operations share a transaction; a server that runs writers
// side by side gives each a transaction of its own, retries conflicts, and sends
// the rows of ExecMany and the set of a Keys argument in one statement.
type engine interface {
	read(ctx context.Context, fn func(Tx) error) error
	write(ctx context.Context, d Durability, fn func(Tx) error) error
	copyTo(ctx context.Context, path string) error
	writable(ctx context.Context) error
	listen(ctx context.Context, channel string, fn func(Notice)) error
	close() error
}

// auditor is an engine on which a read that takes long needs to say so.
type auditor interface {
	audit(ctx context.Context, fn func(Tx) error) error
}

// reporter tells the log and the observer about statements: their names, never
// their text or their values.
type reporter struct {
	config *Config
}

// ran reports a statement that began at start.
func (r reporter) ran(name string, start time.Time, err error) {
	d := time.Since(start)
	if d >= r.config.SlowQuery {
		r.config.Logger.Warn("slow database statement", "statement", name, "duration", d)
	}
	if r.config.Observe != nil {
		r.config.Observe(name, d, err)
	}
}

// protect calls the function of a transaction and turns a panic into an error.
func (r reporter) protect(fn func(Tx) error, tx Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			// What was thrown may hold a secret; its type does not.
			what := fmt.Sprintf("%T", p)
			if e, ok := p.(runtime.Error); ok {
				what = e.Error()
			}
			r.config.Logger.Error("panic in a transaction", "panic", what, "stack", string(debug.Stack()))
			err = ErrPanic
		}
	}()
	return fn(tx)
}

// failed logs what the driver said about a failure that is not a matter of
// course. It is the only place where the driver's words appear.
func (r reporter) failed(name string, code any, detail error) {
	r.config.Logger.Error("database statement failed", "statement", name, "code", code, "cause", detail)
}
