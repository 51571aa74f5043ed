// Package sqlstore is a wallet's Store on an SQL database: a file that several
// processes may share, or a database on a PostgreSQL server.
//
// It trusts internal/sqldb to be transactional. It guards the rules that money
// depends on in the statements themselves: a saga changes on the expected version
// only, a coin from the expected state and holder only, a counter never goes back
// behind what was given out. It must never log a value.
package sqlstore
