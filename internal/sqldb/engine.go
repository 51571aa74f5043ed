package sqldb

import "context"

// engine is one kind of database. Its methods have the contracts of those of DB.
type engine interface {
	read(ctx context.Context, fn func(Tx) error) error
	write(ctx context.Context, d Durability, fn func(Tx) error) error
	close() error
}
