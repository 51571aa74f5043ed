package main

import (
	"context"
	"log/slog"

	"mintmark/internal/sdnotify"
	"mintmark/signatory/server"
)

// reloading reads everything again that can change while the signatory runs. It
// happens with every SIGHUP.
type reloading struct {
	flags  serveFlags
	level  *slog.LevelVar
	server *server.Server
	tell   *sdnotify.Notifier
}

// run waits for hang-ups until ctx ends.
func (r reloading) run(ctx context.Context, hangups <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			r.tell.Reloading()
			_ = r.reload(ctx) // the server has said it, in the log and in the audit
			r.tell.Ready(statusLine(r.server.Locked()))
		}
	}
}

func (r reloading) reload(ctx context.Context) error {
	var clients *server.Clients
	var read server.Reading
	if r.flags.clients != "" {
		read.Clients = func() (_ *server.Clients, err error) {
			clients, err = server.ReadClients(r.flags.clients)
			return clients, err
		}
	}
	if r.flags.rotation != "" {
		read.Rotation = func() (server.Policies, error) { return server.ReadRotation(r.flags.rotation) }
	}
	err := r.server.Reload(ctx, read)
	if err == nil && clients != nil {
		r.flags.log.apply(r.level, clients)
	}
	return err
}
