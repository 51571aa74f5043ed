package sqldb

import (
	"errors"
	"fmt"
)

// What can go wrong. Use errors.Is.
var (
	// ErrNoRows: the query found nothing.
	ErrNoRows = errors.New("no rows")
	// ErrUnique: a row with this key exists already.
	ErrUnique = errors.New("unique key exists already")
	// ErrConstraint: a row breaks another rule of the schema.
	ErrConstraint = errors.New("constraint violated")
	// ErrInUse: another process holds the database, or held it for too long.
	ErrInUse = errors.New("database is in use by another process")
	// ErrFull: no space is left on the device. Works again once there is.
	ErrFull = errors.New("no space left for the database")
	// ErrReadOnly: the file or the transaction cannot be written.
	ErrReadOnly = errors.New("database is read-only")
	// ErrCannotOpen: a file of the database cannot be opened or created.
	ErrCannotOpen = errors.New("database file cannot be opened")
	// ErrCorrupt: the file is damaged, or not a database.
	ErrCorrupt = errors.New("database is damaged or of another kind")
	// ErrNewer: the database was migrated by a newer program.
	ErrNewer = errors.New("database belongs to a newer version")
	// ErrClosed: the DB was closed.
	ErrClosed = errors.New("database is closed")
	// ErrUnavailable: the server cannot be reached, or the connection to it was
	// lost before the commit. Nothing was changed; it may be tried again.
	ErrUnavailable = errors.New("database server is not available")
	// ErrTimeout: the server, a connection to it or a lock was waited for long
	// enough. Nothing was changed; it may be tried again.
	ErrTimeout = errors.New("database took too long")
	// ErrConflict: others got in the way of every try. Nothing was changed; it
	// may be tried again.
	ErrConflict = errors.New("conflict with other transactions")
	// ErrAccess: the server refuses the user, the password, the database, or a
	// right that the user would need.
	ErrAccess = errors.New("database server refuses access")
	// ErrTLS: there is no trustworthy encryption on the way to the server.
	ErrTLS = errors.New("no trustworthy TLS to the database server")
	// ErrUnknownOutcome: the device failed during the commit, or the connection
	// to the server was lost. On a device the changes are not visible now, but
	// may be after a power cut; on a server they may be visible now or soon.
	ErrUnknownOutcome = errors.New("outcome of the commit is unknown")
	// ErrPanic: the function of a transaction panicked or ended its goroutine.
	ErrPanic = errors.New("panic in a transaction")
	// errDriver is every other failure of the engine. The log has the details.
	errDriver = errors.New("database failure")
)

// stmtError is a failed statement: its name and the kind of the failure, but
// nothing that the driver said.
type stmtError struct {
	stmt string
	kind error
}

func (e *stmtError) Error() string { return fmt.Sprintf("%s: %v", e.stmt, e.kind) }
func (e *stmtError) Unwrap() error { return e.kind }
