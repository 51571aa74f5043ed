//go:build !linux

package server

import "net"

// socketIdentity knows nobody here: a clients file then admits nobody over a
// unix socket.
func socketIdentity(*net.UnixConn) (identity, error) { return identity{}, nil }
