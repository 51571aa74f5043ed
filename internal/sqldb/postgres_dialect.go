package sqldb

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// This file is everything that is spelled differently for PostgreSQL.

// postgresPlans keep every statement on its index. The tables of what is pending
// are empty one moment and full the next, so what the planner knows about them is
// always wrong, and a plan that reads a whole table because it was small when it
// was made stays in use when it is not. So tables are joined in the order in which
// a statement names them, row by row, as SQLite does with CROSS JOIN. A plan is
// made once for each connection.
var postgresPlans = map[string]string{
	"enable_seqscan":      "off",
	"enable_hashjoin":     "off",
	"enable_mergejoin":    "off",
	"join_collapse_limit": "1",
	"jit":                 "off", // a table that must be read whole counts as very dear and would be compiled
	"plan_cache_mode":     "force_generic_plan",
}

// postgresReading are the settings of connections that read.
var postgresReading = map[string]string{
	"default_transaction_read_only": "on",
	"default_transaction_isolation": "repeatable read",
}

// postgresAudit lets a transaction take its time and read whole tables.
var postgresAudit = []string{
	"SET LOCAL statement_timeout TO 0",
	"SET LOCAL enable_seqscan TO on",
	"SET LOCAL enable_hashjoin TO on",
	"SET LOCAL plan_cache_mode TO force_custom_plan",
}

// The statements around a transaction. Writers see what was committed before each
// of their statements: the rules that money depends on are unique keys and
// conditions of the statements themselves, and rows that are read to be changed
// are locked ({lock}). Under a stricter isolation the same races would end in
// retries instead of in waiting for a lock.
const (
	postgresBeginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	postgresBegin     = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
	postgresDeferred  = "SET LOCAL synchronous_commit TO OFF"
	postgresDurable   = "SET LOCAL synchronous_commit TO ON"
	postgresCommit    = "COMMIT"
	postgresRollback  = "ROLLBACK"
	postgresSave      = "SAVEPOINT rows"
	postgresUnsave    = "RELEASE SAVEPOINT rows"
	postgresUndo      = "ROLLBACK TO SAVEPOINT rows"
)

// postgresRewrite turns the SQL of a Stmt into PostgreSQL's.
func postgresRewrite(sql string, writing bool) string {
	for {
		before, rest, found := strings.Cut(sql, "{keys ")
		arg, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			break
		}
		sql = before + "(SELECT u.n - 1 AS i, u.key FROM unnest(" + arg + "::bytea[]) WITH ORDINALITY AS u (key, n))" + after
	}
	if before, rest, found := strings.Cut(sql, "{lock "); found {
		tables, after, _ := strings.Cut(rest, "}")
		if sql = before + after; writing {
			sql = before + "FOR UPDATE OF " + tables + after
		}
	}
	return sql
}

var postgresValues = regexp.MustCompile(`VALUES\s*\(([^()'{}]*)\)`)

// postgresManyRows turns an INSERT of one row into one of many, each argument into
// an array. types are the SQL types of the arguments. ok is false if the statement
// is of another form.
func postgresManyRows(sql string, types []string) (_ string, ok bool) {
	found := postgresValues.FindStringSubmatchIndex(sql)
	if found == nil || !strings.HasPrefix(strings.TrimSpace(sql), "INSERT INTO ") {
		return "", false
	}
	arrays, columns := make([]string, len(types)), make([]string, len(types))
	list := strings.Split(sql[found[2]:found[3]], ",")
	for n, name := range types {
		arrays[n] = fmt.Sprintf("$%d::%s[]", n+1, name)
		columns[n] = fmt.Sprintf("a%d", n+1)
		for i, value := range list {
			if strings.TrimSpace(value) == fmt.Sprintf("$%d", n+1) {
				list[i] = " r." + columns[n]
			}
		}
	}
	values := strings.Join(list, ",")
	if strings.Contains(values, "$") || strings.Contains(sql[:found[0]]+sql[found[1]:], "$") {
		return "", false
	}
	return sql[:found[0]] + "SELECT " + strings.TrimSpace(values) + " FROM unnest(" + strings.Join(arrays, ", ") +
		") AS r (" + strings.Join(columns, ", ") + ")" + sql[found[1]:], true
}

// postgresKind is the code of a driver's error, and what it means. Codes:
// postgresql.org/docs/current/errcodes-appendix.html
func postgresKind(err error) (code string, kind error) {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return "", connectionKind(err)
	}
	switch e.Code {
	case "23505":
		return e.Code, ErrUnique
	case "40001", "40P01": // serialization failure, deadlock
		return e.Code, ErrConflict
	case "55P03", "57014", "25P03", "57P05": // lock, statement, idle transaction and idle session timeouts
		return e.Code, ErrTimeout
	case "53100":
		return e.Code, ErrFull
	case "25006":
		return e.Code, ErrReadOnly
	case "3D000", "42501": // no such database, no right to it
		return e.Code, ErrAccess
	case "XX001", "XX002":
		return e.Code, ErrCorrupt
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "23":
		return e.Code, ErrConstraint
	case "28":
		return e.Code, ErrAccess
	case "08", "53", "57": // connection, resources, operator's intervention
		return e.Code, ErrUnavailable
	}
	return e.Code, errDriver
}

// connectionKind is what an error means that the server did not send.
func connectionKind(err error) error {
	var (
		certificate *tls.CertificateVerificationError
		name        x509.HostnameError
		authority   x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &certificate), errors.As(err, &name), errors.As(err, &authority):
		return ErrTLS
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded):
		return ErrTimeout
	case strings.Contains(err.Error(), "tls error"): // the driver's own, which has no type
		return ErrTLS
	}
	return ErrUnavailable
}
