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
	if r.flags.clients == "" {
		return r.server.Reload(ctx, nil)
	}
	var clients *server.Clients
	err := r.server.Reload(ctx, func() (_ *server.Clients, err error) {
		clients, err = server.ReadClients(r.flags.clients)
		return clients, err
	})
	if err == nil {
		r.flags.log.apply(r.level, clients)
	}
	return err
}
