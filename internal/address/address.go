// Package address reads where a program of ours listens or calls: "unix:PATH" or
// "HOST:PORT".
//
// It must never let an address without transport security reach beyond this
// machine: that is what Loopback is for, and why an abstract unix socket, which
// has no permissions, is not an address.
package address

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Address is where to listen or to call.
type Address struct {
	Network string // "unix" or "tcp", as package net calls them
	Addr    string // a path, or host and port
	Host    string // empty for unix
}

// maxUnixPath is what a socket address of the kernel holds, less the final zero.
const maxUnixPath = 107

// Parse reads an address. HOST may be empty: all interfaces to a server, this
// machine to nobody.
func Parse(s string) (Address, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return parseUnix(path)
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return Address{}, fmt.Errorf("address %q is neither unix:PATH nor HOST:PORT", s)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return Address{}, fmt.Errorf("address %q: the port is not a number up to 65535", s)
	}
	return Address{Network: "tcp", Addr: s, Host: host}, nil
}

func parseUnix(path string) (Address, error) {
	switch {
	case path == "":
		return Address{}, errors.New("address unix: has no path")
	case path[0] == '@' || strings.ContainsRune(path, 0):
		return Address{}, errors.New("abstract unix sockets are not allowed: everybody on the machine may open them")
	case len(path) > maxUnixPath:
		return Address{}, fmt.Errorf("path of the unix socket has %d bytes, the system allows %d: %s", len(path), maxUnixPath, path)
	}
	return Address{Network: "unix", Addr: path}, nil
}

// Unix tells that this is a unix socket.
func (a Address) Unix() bool { return a.Network == "unix" }

// Loopback tells that nothing but this machine can be at the other end.
func (a Address) Loopback() bool { return a.Unix() || IsLoopback(a.Host) }

// IsLoopback tells that a host is this machine.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// CheckSecurity tells whether an address may be used with these means: a unix
// socket with none, TCP with TLS, and TCP without only when it is asked for and
// stays on this machine.
func (a Address) CheckSecurity(tlsDir string, insecure bool) error {
	switch {
	case a.Unix() && tlsDir != "":
		return errors.New("a unix socket is protected by its permissions: leave out the TLS directory")
	case a.Unix():
		return nil
	case insecure && tlsDir != "":
		return errors.New("insecure and a TLS directory exclude each other")
	case insecure && !a.Loopback():
		return fmt.Errorf("insecure is for this machine only, and %q may reach beyond it", a.Addr)
	case !insecure && tlsDir == "":
		return fmt.Errorf("%s needs a TLS directory", a.Addr)
	}
	return nil
}

// CheckLocal tells whether an address of a connection without TLS really is on
// this machine: a name like localhost means what the machine's files say.
func CheckLocal(at net.Addr) error {
	if tcp, ok := at.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		return fmt.Errorf("%s is not on this machine, and there is no TLS", at)
	}
	return nil
}
