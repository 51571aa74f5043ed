package sqlstore

import (
	"context"
	"errors"
	"time"

	"mintmark/internal/sqldb"
)

// far is the processes of a database on a server. Each holds a lock of the server,
// which any other can look at, and which a living one can lose for some seconds: so
// that alone proves a death only after a while. Each also holds a lock on a file, which
// it never loses, and which those on the same machine can look at. A file that is there
// and free, of a process whose lock on the server is free as well, is that of a dead
// one, at once.
type far struct {
	server *sqldb.Presence
	files  *locks // nil: none
}

// deadFiles is how long the file of a dead process stays: nobody needs it when what it
// had begun was looked after.
const deadFiles = 24 * time.Hour

func openFar(ctx context.Context, c sqldb.Config, files, instance string) (presence, error) {
	f := &far{}
	var err error
	if files != "" {
		if f.files, err = openLocksAfter(files, instance, deadFiles); err != nil {
			return nil, err
		}
	}
	if f.server, err = sqldb.OpenPresence(ctx, sqldb.PresenceConfig{Server: c, Name: instance}); err != nil {
		return nil, errors.Join(err, f.closeFiles())
	}
	return f, nil
}

func (f *far) Gone(ctx context.Context, instance string) (bool, error) {
	if f.files != nil && f.files.proof(instance) {
		if free, err := f.server.Free(ctx, instance); err != nil || free {
			return free, err
		}
	}
	return f.server.Gone(ctx, instance)
}

func (f *far) closeFiles() error {
	if f.files == nil {
		return nil
	}
	return f.files.Close()
}

func (f *far) Close() error { return errors.Join(f.server.Close(), f.closeFiles()) }
