package server

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// socketIdentity asks the kernel who has connected. The answer is that of the
// moment of connecting and cannot be forged; what the process has become since
// does not matter.
func socketIdentity(conn *net.UnixConn) (identity, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return identity{}, fmt.Errorf("asking who is on the unix socket: %w", err)
	}
	var (
		cred    *unix.Ucred
		credErr error
	)
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return identity{}, fmt.Errorf("asking who is on the unix socket: %w", err)
	}
	if credErr != nil {
		return identity{}, fmt.Errorf("asking who is on the unix socket: %w", credErr)
	}
	return identity{kind: socket, uid: cred.Uid, gid: cred.Gid, pid: cred.Pid}, nil
}
