package main

import (
	"time"

	"mintmark/mint/httpapi"
)

// Sockets bounds the WebSockets over which wallets hear of changes (NUT-17).
type Sockets struct {
	// Connections is how many may be open at once, and PerAddress how many of them from
	// one address; of IPv6, one network of 64 bits. Default 2000 and 50.
	Connections int `toml:"connections"`
	PerAddress  int `toml:"per_address"`
	// Subscriptions, and Filters of all of them, are how many a connection may have: a
	// filter is a quote or a coin. Default 100 and 5000.
	Subscriptions int `toml:"subscriptions"`
	Filters       int `toml:"filters"`
	// Idle is how long a connection may stay without a subscription. Default "2m".
	Idle Duration `toml:"idle"`
	// Ping is the time between two signs of life that are asked of a wallet; half of it
	// is the time for the answer. Default "30s".
	Ping Duration `toml:"ping"`
}

func defaultSockets() Sockets {
	return Sockets{Connections: 2000, PerAddress: 50, Subscriptions: 100, Filters: 5000, Idle: Duration(2 * time.Minute), Ping: Duration(30 * time.Second)}
}

func (s Sockets) validate(wrong report) {
	for _, n := range []struct {
		key    string
		v, max int
	}{
		{"sockets.connections", s.Connections, 1 << 17}, {"sockets.per_address", s.PerAddress, 1 << 17},
		{"sockets.subscriptions", s.Subscriptions, 10_000}, {"sockets.filters", s.Filters, 100_000},
	} {
		if n.v < 1 || n.v > n.max {
			wrong(n.key, "must be between 1 and %d", n.max)
		}
	}
	for key, d := range map[string]Duration{"sockets.idle": s.Idle, "sockets.ping": s.Ping} {
		if d.std() < time.Second || d.std() > time.Hour {
			wrong(key, "must be between 1s and 1h")
		}
	}
}

func (s Sockets) limits() httpapi.SocketLimits {
	return httpapi.SocketLimits{
		Connections: s.Connections, PerAddress: s.PerAddress, Subscriptions: s.Subscriptions, Filters: s.Filters, Idle: s.Idle.std(), Ping: s.Ping.std(),
	}
}
