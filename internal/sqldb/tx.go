package sqldb

import "context"

// Stmt is a statement, a constant of the program.
type Stmt struct {
	// Name is what logs and metrics call it, for example "proofs.add".
	Name string
	// SQL is standard SQL with placeholders $1, $2… An argument of type Keys
	// stands behind {keys $1}, see there.
	//
	// {lock a, b} at the end of a SELECT keeps the rows that it returns from
	// the tables a and b as they are until the end of a Write, on engines that
	// run writers side by side. A row that somebody else is changing is waited
	// for and returned as it is then. In a Read it has no effect.
	SQL string
}

// Tx is a transaction. It belongs to the function that got it, on that
// function's goroutine, until the function returns.
//
// Arguments are nil, bool, int, int32, int64, uint8, uint32, uint64, string,
// []byte and Keys. A uint64 is kept as the int64 of the same 64 bits, so every
// value fits and comes back, but SQL must not compare or add such columns: beyond
// 2^63-1 they look negative. A nil []byte is NULL, an empty one is not.
//
// After a statement has failed, the transaction can only be rolled back: all
// further statements fail as well, on every engine.
type Tx interface {
	// Exec runs a statement and returns how many rows it changed.
	Exec(ctx context.Context, s Stmt, args ...any) (int64, error)
	// Assume is Exec of a statement that changes n rows if all is as it should
	// be. An engine may answer n at once and send the statement together with
	// later ones. When it finds out that n was wrong, it runs the function again
	// and assumes nothing.
	Assume(ctx context.Context, s Stmt, n int64, args ...any) (int64, error)
	// ExecMany runs a statement once for each row of arguments, in order, and
	// stops at the first that changes nothing. It returns how many rows at the
	// head of the list have changed something: len(rows) when all did, which an
	// engine may assume as above. An engine that sends all rows at once takes
	// them back and returns 0 when one of them changes nothing. It does so for
	// INSERT … VALUES ($1, $2 …).
	ExecMany(ctx context.Context, s Stmt, rows [][]any) (int, error)
	// Query calls each for every row of the result. It stops when each fails
	// and returns that error. each must not use the Tx.
	Query(ctx context.Context, s Stmt, each func(Scan) error, args ...any) error
	// QueryRow reads the first row of the result. The statement runs, and its
	// errors appear, when the row is scanned.
	QueryRow(ctx context.Context, s Stmt, args ...any) Row
	// Notify tells all who Listen on the channel, when and only if the
	// transaction is committed. The payload is at most MaxNotice bytes of text,
	// which others on the server can listen to as well. In a Read it fails with
	// ErrReadOnly.
	Notify(ctx context.Context, channel, payload string) error
}

// Keys is an argument that stands for a set of binary keys, as many as there are.
// {keys $1} in a FROM clause is a table of them with the columns i, counted from
// 0, and key:
//
//	SELECT k.i, p.state FROM {keys $1} AS k JOIN proofs AS p ON p.y = k.key
type Keys [][]byte

// Scan copies the columns of a row into *bool, *int, *int32, *int64, *uint8,
// *uint32, *uint64, *string or *[]byte, one for each column; nil skips one. NULL
// becomes the zero value. A number that does not fit is an error.
type Scan func(dest ...any) error

// Row is the result of QueryRow.
type Row struct {
	query func(each func(Scan) error) error
}

// Scan copies the columns as Scan does, or fails with ErrNoRows.
func (r Row) Scan(dest ...any) error {
	found := false
	err := r.query(func(scan Scan) error {
		if found {
			return nil
		}
		found = true
		return scan(dest...)
	})
	if err == nil && !found {
		return ErrNoRows
	}
	return err
}
