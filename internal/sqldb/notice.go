package sqldb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Notices tell other processes on a database that something in it has changed.
// They are hints and no more: whoever hears one reads the rows, and whoever may
// have missed some reads them all.

// MaxNotice is the longest payload of a notice, in bytes.
const MaxNotice = 7999

// Notice is what is heard on a channel.
type Notice struct {
	// Payload of one Tx.Notify.
	Payload string
	// Missed tells that there is no payload: from now on everything is heard,
	// but earlier notices may have been lost. It is the first that every Listen
	// hears, and comes again after every break.
	Missed bool
}

// Listen calls fn for every notice on the channel that is committed from now on,
// in the order of the commits, also for those of this process. fn runs on the
// calling goroutine; while it does, notices wait, and too many are lost, which
// Missed tells. A broken connection is made again for as long as it takes. Listen
// returns when ctx ends, with its error, or with ErrClosed when the DB is closed.
//
// On a server notices come from every process on the same schema, and the
// connection is one more than those for reading and writing. In a file or in
// Memory they come from this DB only.
func (db *DB) Listen(ctx context.Context, channel string, fn func(Notice)) error {
	if err := checkChannel(channel); err != nil {
		return err
	}
	return db.engine.listen(ctx, channel, fn)
}

// checkChannel admits names that mean the same on every engine.
func checkChannel(name string) error {
	if name == "" || len(name) > 30 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return fmt.Errorf("sqldb: %q is no name of a channel: 1 to 30 of a-z, 0-9 and _", name)
	}
	return nil
}

// checkNotice admits what every engine can carry.
func checkNotice(channel, payload string) error {
	if err := checkChannel(channel); err != nil {
		return err
	}
	switch {
	case len(payload) > MaxNotice:
		return fmt.Errorf("sqldb: a notice of %d bytes is longer than %d", len(payload), MaxNotice)
	case !utf8.ValidString(payload), strings.IndexByte(payload, 0) >= 0:
		return errors.New("sqldb: a notice that is no UTF-8 or has a NUL byte")
	}
	return nil
}
