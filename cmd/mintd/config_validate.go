package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"mintmark/bdhke"
	"mintmark/internal/sqldb"
	"mintmark/mint/tracing"
)

const (
	spawnAddress = "spawn"
	unixPrefix   = "unix:"
	sqlitePrefix = "sqlite:"
	// maxItems is what one call to the signatory can carry.
	maxItems = 1000
	// maxPayTimeout leaves time to sign and to answer before a connection ends;
	// see newHTTPServer.
	maxPayTimeout = 50 * time.Second
	// maxLoadWait likewise.
	maxLoadWait = 10 * time.Second
	// maxAmountLimit keeps amounts exact in wallets that count in floats.
	maxAmountLimit = 1 << 53
)

// validate reports everything that is wrong, each problem under its key.
func (c Config) validate() error {
	var problems []error
	wrong := func(key, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}
	if c.Data == "" {
		wrong("data", "is empty")
	}
	if err := checkHostPort(c.Listen); err != nil {
		wrong("listen", "%v", err)
	}
	if c.Metrics != "" {
		if err := checkHostPort(c.Metrics); err != nil {
			wrong("metrics", "%v", err)
		}
	}
	path, ok := strings.CutPrefix(c.Database, sqlitePrefix)
	if c.Database != "" && !sqldb.IsServer(c.Database) && (!ok || path == "") {
		wrong("database", "is neither sqlite:PATH nor postgres://USER@HOST/DATABASE") // it may hold a password
	}
	if sqldb.IsServer(c.Database) {
		if err := sqldb.CheckServer(c.Database); err != nil {
			wrong("database", "%v", err)
		}
	} else if c.DatabasePasswordFile != "" {
		wrong("database_password_file", "is only for a postgres:// database")
	}
	c.Signatory.validate(wrong)
	c.Lightning.validate(wrong)
	c.Watchdog.validate(wrong)
	for _, d := range []struct {
		key  string
		v    Duration
		zero bool
	}{
		{"stop_timeout", c.StopTimeout, false},
		{"signatory.deadline", c.Signatory.Deadline, false},
		{"quotes.ttl", c.Quotes.TTL, false},
		{"quotes.reusable_ttl", c.Quotes.ReusableTTL, false},
		{"quotes.keep", c.Quotes.Keep, false},
		{"quotes.melt_ttl", c.Quotes.MeltTTL, false},
		{"quotes.pay_timeout", c.Quotes.PayTimeout, false},
		{"quotes.poll_interval", c.Quotes.PollInterval, false},
		{"load.wait", c.Load.Wait, false},
	} {
		if d.v < 0 || d.v == 0 && !d.zero {
			wrong(d.key, "must be a positive duration such as \"10s\"")
		}
	}
	if c.Quotes.PayTimeout.std() > maxPayTimeout {
		wrong("quotes.pay_timeout", "is more than %v", maxPayTimeout)
	}
	for _, n := range []struct {
		key    string
		v, max int
	}{
		{"limits.max_inputs", c.Limits.MaxInputs, maxItems},
		{"limits.max_outputs", c.Limits.MaxOutputs, maxItems},
		{"limits.max_states", c.Limits.MaxStates, maxItems},
		{"limits.max_quotes", c.Limits.MaxQuotes, 100},
		{"limits.max_secret", c.Limits.MaxSecret, 64 << 10},
		{"limits.max_witness", c.Limits.MaxWitness, 64 << 10},
	} {
		if n.v < 1 || n.v > n.max {
			wrong(n.key, "must be between 1 and %d", n.max)
		}
	}
	c.Rates.validate(wrong)
	c.Sockets.validate(wrong)
	if c.Load.AtOnce < 1 || c.Load.AtOnce > 1<<16 {
		wrong("load.at_once", "must be between 1 and %d", 1<<16)
	}
	if c.Load.Wait.std() > maxLoadWait {
		wrong("load.wait", "is more than %v", maxLoadWait)
	}
	c.Auth.validate(wrong)
	for i, contact := range c.Info.Contact {
		if contact.Method == "" || contact.Info == "" {
			wrong("info.contact", "entry %d needs both method and info", i+1)
		}
	}
	if c.Traces.Endpoint != "" {
		if err := tracing.CheckEndpoint(c.Traces.Endpoint); err != nil {
			wrong("traces.endpoint", "%v", err)
		}
	}
	if !(c.Traces.Share > 0 && c.Traces.Share <= 1) {
		wrong("traces.share", "must be more than 0 and at most 1")
	}
	if _, err := logLevel(c.Log.Level); err != nil {
		wrong("log.level", "%v", err)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		wrong("log.format", "%q is not text or json", c.Log.Format)
	}
	return errors.Join(problems...)
}

func (s Signatory) validate(wrong func(key, format string, args ...any)) {
	if s.Identity != "" {
		if _, err := bdhke.ParsePointHex(s.Identity); err != nil {
			wrong("signatory.identity", "is not a compressed public key of 66 hex characters")
		}
	}
	network, seen := 0, map[string]bool{}
	for _, address := range s.addresses() {
		if seen[address] {
			wrong("signatory.address", "%q is there twice", address)
		}
		seen[address] = true
		switch {
		case address == unixPrefix:
			wrong("signatory.address", "names no socket after unix:")
		case address == spawnAddress && s.Address != spawnAddress:
			wrong("signatory.address", "%q cannot be one of several", spawnAddress)
		case isLocal(address):
		default:
			network++
			if err := checkHostPort(address); err != nil {
				wrong("signatory.address", "%q is not spawn, unix:PATH or HOST:PORT: %v", address, err)
			}
			if s.Insecure && !isLoopback(address) {
				wrong("signatory.insecure", "is allowed on a loopback address only")
			}
		}
	}
	switch {
	case network == 0 && (s.TLSDir != "" || s.ServerName != "" || s.Insecure):
		wrong("signatory.tls_dir", "tls_dir, server_name and insecure are for HOST:PORT only")
	case network > 0 && s.Insecure && s.TLSDir != "":
		wrong("signatory.insecure", "cannot be together with tls_dir")
	case network > 0 && !s.Insecure && s.TLSDir == "":
		wrong("signatory.tls_dir", "is needed for HOST:PORT")
	}
	if s.Program != "" && s.Address != spawnAddress {
		wrong("signatory.program", "is only for address %q", spawnAddress)
	}
}

// addresses are the signatories, of which there may be several.
func (s Signatory) addresses() []string {
	list := strings.Split(s.Address, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// isLocal tells whether an address is no network address.
func isLocal(address string) bool {
	return address == spawnAddress || strings.HasPrefix(address, unixPrefix)
}

func checkHostPort(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT", address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q has no port number between 0 and 65535", address)
	}
	return nil
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func logLevel(name string) (slog.Level, error) {
	var l slog.Level
	switch name {
	case "debug", "info", "warn", "error":
		return l, l.UnmarshalText([]byte(name))
	}
	return l, fmt.Errorf("%q is not debug, info, warn or error", name)
}
