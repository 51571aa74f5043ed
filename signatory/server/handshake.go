package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"

	"google.golang.org/grpc/credentials"
)

// loggedCredentials says who was turned away at the door, and why: the client
// itself often sees no more than a closed connection.
type loggedCredentials struct {
	credentials.TransportCredentials
	log *slog.Logger
}

func (c loggedCredentials) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := c.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		level := slog.LevelWarn
		if errors.Is(err, io.EOF) {
			level = slog.LevelDebug // a probe of the port, not an attempt
		}
		c.log.Log(context.Background(), level, "connection refused", "peer", raw.RemoteAddr().String(), "error", err)
	}
	return conn, info, err
}

func (c loggedCredentials) Clone() credentials.TransportCredentials {
	return loggedCredentials{c.TransportCredentials.Clone(), c.log}
}
