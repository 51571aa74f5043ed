package sqldb

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"modernc.org/sqlite"
)

// This file is everything that is spelled differently for SQLite.

// sqliteSettings are run on every connection. WAL lets readers and the writer
// work side by side. The memory map stays off: an I/O error behind it would be a
// signal that ends the process instead of an error.
var sqliteSettings = []Stmt{
	{"sqldb.settings", "PRAGMA busy_timeout = 5000"},
	{"sqldb.settings", "PRAGMA foreign_keys = ON"},
	{"sqldb.settings", "PRAGMA temp_store = MEMORY"},
	{"sqldb.settings", "PRAGMA cache_size = -8192"},
	{"sqldb.settings", "PRAGMA trusted_schema = OFF"},
	{"sqldb.settings", "PRAGMA synchronous = FULL"},
}

var (
	sqliteWAL        = Stmt{"sqldb.settings", "PRAGMA journal_mode = WAL"}
	sqliteQueryOnly  = Stmt{"sqldb.settings", "PRAGMA query_only = ON"}
	sqliteNormal     = Stmt{"sqldb.synchronous", "PRAGMA synchronous = NORMAL"}
	sqliteFull       = Stmt{"sqldb.synchronous", "PRAGMA synchronous = FULL"}
	sqliteBegin      = Stmt{"sqldb.begin", "BEGIN IMMEDIATE"}
	sqliteBeginRead  = Stmt{"sqldb.begin", "BEGIN DEFERRED"}
	sqliteSavepoint  = Stmt{"sqldb.savepoint", "SAVEPOINT op"}
	sqliteRollbackTo = Stmt{"sqldb.undo", "ROLLBACK TO op"}
	sqliteRelease    = Stmt{"sqldb.release", "RELEASE op"}
	sqliteRollback   = Stmt{"sqldb.rollback", "ROLLBACK"}
	sqliteDeferred   = Stmt{"sqldb.commit.deferred", "COMMIT"}
	sqliteDurable    = Stmt{"sqldb.commit.durable", "COMMIT"}
)

// sqliteFileName is the name under which the driver opens a file. It is a URI so
// that no character of the path can be mistaken for an option.
func sqliteFileName(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath()
}

// sqliteMemoryName names a database in memory that all connections share which
// use the same name.
func sqliteMemoryName(name string) string {
	return "file:/" + url.PathEscape(name) + "?vfs=memdb"
}

// sqliteRewrite turns the SQL of a Stmt into SQLite's. Nobody else writes during a
// transaction, so there is nothing to lock.
func sqliteRewrite(sql string) string {
	if before, rest, found := strings.Cut(sql, "{lock "); found {
		_, after, _ := strings.Cut(rest, "}")
		sql = before + after
	}
	for {
		before, rest, found := strings.Cut(sql, "{keys ")
		arg, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			break
		}
		sql = before + "(SELECT key AS i, unhex(value) AS key FROM json_each(" + arg + "))" + after
	}
	return anonymous(sql)
}

// anonymous replaces $1, $2… by ? where they are used once each and in order:
// the driver asks SQLite for the name of every parameter on every run, and one
// without a name is quicker to bind. Other statements stay as they are, as do
// those with quotes, in which a dollar sign could be text.
func anonymous(sql string) string {
	if strings.ContainsAny(sql, `'"`) {
		return sql
	}
	var b strings.Builder
	rest := sql
	for n := 1; ; n++ {
		before, after, found := strings.Cut(rest, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		digits := len(after) - len(strings.TrimLeft(after, "0123456789"))
		if k, err := strconv.Atoi(after[:digits]); err != nil || k != n {
			return sql
		}
		b.WriteByte('?')
		rest = after[digits:]
	}
}

// Result codes of SQLite, primary and extended: sqlite.org/rescode.html
const (
	sqliteError           = 1
	sqlitePerm            = 3
	sqliteBusy            = 5
	sqliteLocked          = 6
	sqliteReadOnlyCode    = 8
	sqliteCorrupt         = 11
	sqliteFullCode        = 13
	sqliteCantOpen        = 14
	sqliteConstraint      = 19
	sqliteNotADB          = 26
	sqliteIOErrShmSize    = 10 | 19<<8 // no room for the -shm file
	sqliteConstraintKey   = 19 | 6<<8
	sqliteConstraintUniq  = 19 | 8<<8
	sqliteConstraintRowID = 19 | 10<<8
)

// sqliteKind is the result code of a driver's error, and what it means.
func sqliteKind(err error) (code int, kind error) {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0, errDriver
	}
	switch e.Code() {
	case sqliteConstraintKey, sqliteConstraintUniq, sqliteConstraintRowID:
		return e.Code(), ErrUnique
	case sqliteIOErrShmSize:
		return e.Code(), ErrFull
	}
	switch e.Code() & 0xff {
	case sqliteBusy, sqliteLocked:
		return e.Code(), ErrInUse
	case sqliteReadOnlyCode, sqlitePerm:
		return e.Code(), ErrReadOnly
	case sqliteCorrupt, sqliteNotADB:
		return e.Code(), ErrCorrupt
	case sqliteCantOpen:
		return e.Code(), ErrCannotOpen
	case sqliteFullCode:
		return e.Code(), ErrFull
	case sqliteConstraint:
		return e.Code(), ErrConstraint
	}
	return e.Code(), errDriver
}
