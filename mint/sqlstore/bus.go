package sqlstore

import (
	"context"

	"mintmark/internal/sqldb"
)

// busChannel is where the processes on one database tell each other what has
// changed.
const busChannel = "changes"

// Bus carries short texts to all processes on the database, this one included.
type Bus struct{ db *sqldb.DB }

// Bus is the way to the other processes; nil when there can be none.
func (s *Store) Bus() *Bus {
	if !s.dialect.shared {
		return nil
	}
	return &Bus{s.db}
}

// Send sends a text of at most sqldb.MaxNotice bytes. It is a transaction of its
// own: as a part of others it would make their commits wait for each other, each
// for the disk.
func (b *Bus) Send(ctx context.Context, text string) error {
	return outward(b.db.Write(ctx, sqldb.Deferred, func(tx sqldb.Tx) error {
		return tx.Notify(ctx, busChannel, text)
	}))
}

// Listen calls fn for every text until ctx ends or the Store is closed. missed
// tells that texts may have been lost before; then text is empty.
func (b *Bus) Listen(ctx context.Context, fn func(text string, missed bool)) error {
	return outward(b.db.Listen(ctx, busChannel, func(n sqldb.Notice) { fn(n.Payload, n.Missed) }))
}
