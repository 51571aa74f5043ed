// Package address reads where a signatory listens: "unix:PATH" or "HOST:PORT".
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
func (a Address) Loopback() bool {
	if a.Unix() || a.Host == "localhost" {
		return true
	}
	ip := net.ParseIP(a.Host)
	return ip != nil && ip.IsLoopback()
}
