// Package server answers a mint's calls over gRPC with the keys of a keystore.
//
// It trusts what the transport proves, the key or the names of a certificate of
// our own authority, or the user of a process on this machine, and nothing that
// a client says about itself. What each may do stands in the clients file. Without
// one, whoever the transport lets in may sign and rotate; so it must never listen
// beyond this machine without mutual TLS. It never touches a scalar: the keystore
// signs. It never logs what it signs or verifies: no blinded message, no secret,
// no point.
package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"slices"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/address"
	"mintmark/keystore"
)

// Keystore is what the server needs of a keystore. Sign and Verify take all or
// nothing and refuse with *cashu.Error.
type Keystore interface {
	Identity() bdhke.Point
	Keysets() keystore.Snapshot
	// Changed is closed once Keysets has something newer than at this call.
	Changed() <-chan struct{}
	Sign(context.Context, []cashu.BlindedMessage) ([]cashu.BlindSignature, error)
	// SignRetired is Sign with exceptions: keysets that were retired no longer
	// ago than their grace.
	SignRetired(ctx context.Context, m []cashu.BlindedMessage, grace map[cashu.KeysetID]time.Duration) ([]cashu.BlindSignature, error)
	Verify(context.Context, []cashu.Proof) error
	Rotate(context.Context, keystore.RotateParams) (cashu.Keyset, error)
	// Refresh looks now for what other signatories have changed in the same
	// database. Where there are none it does nothing.
	Refresh(context.Context) error
	// Stale is an error while the keystore refuses to sign because it does not
	// know what others have changed.
	Stale() error
}

var _ Keystore = (*keystore.Keystore)(nil)

// Config says what to serve and where.
type Config struct {
	// Keystore holds the keys. Required without Open. The server does not close it
	// without Open.
	Keystore Keystore
	// Open, if set, opens the keystore while the server runs, so that the operator
	// can lock and unlock it. Keystore is then an Opened, which Serve closes in the
	// end, or nil: it starts locked. Records, Lifecycle and Stepper are the keystore. What
	// Open needs beyond the Secret it gets elsewhere; it asks nobody.
	Open func(context.Context, Secret) (Opened, error)
	// Listen is "unix:PATH" or "HOST:PORT". Required without Listener.
	Listen string
	// SocketMode is the mode of the unix socket. Whoever can write to it can
	// sign, so it may not be open to everybody. 0 is 0600.
	SocketMode fs.FileMode
	// TLSDir holds ca.pem, server.pem and server.key. Required for HOST:PORT
	// unless Insecure; must be empty for a unix socket.
	TLSDir string
	// Insecure allows TCP without TLS, on a loopback address only: every
	// process of this machine can then sign.
	Insecure bool
	// Listener, if set, is served instead of Listen, with TLS if TLSDir is
	// set, and closed in the end. Its maker answers for who can reach it.
	Listener net.Listener
	// Clients says who may do what. nil: whoever the transport lets in may sign
	// and rotate. Excludes Insecure, where nobody can be recognised.
	Clients *Clients
	// Records keeps the audit log, the budgets and what is frozen. nil: no
	// audit, no budgets, and a freeze ends with the process.
	Records Records
	// AdminListen is "unix:PATH" of the admin socket. Empty: none. Without
	// Clients our own user and root may use it.
	AdminListen string
	// AdminMode is the mode of the admin socket. With 0660 an admin of another
	// user can come in, if the group lets it open the socket and Clients names
	// it. 0 is 0600.
	AdminMode fs.FileMode
	// Lifecycle and Records are required with AdminListen.
	Lifecycle Lifecycle
	// Stepper does what is scheduled and what Rotation asks for, and counts
	// signatures. nil: keysets change only by hand.
	Stepper Stepper
	// Rotation says which units rotate by themselves. It needs Stepper.
	Rotation Policies
	// OutputCheck says how many signatures are verified before they leave. The
	// zero value is CheckSample.
	OutputCheck OutputCheck
	// CallTimeout bounds every call but subscriptions, whatever deadline the
	// client has or has not set. 0 is 30 seconds.
	CallTimeout time.Duration
	// DrainTimeout is how long calls under way may take after the end has
	// come. 0 is 10 seconds.
	DrainTimeout time.Duration
	// Ready, if set, is called once, when calls are answered.
	Ready func(net.Addr)
	// Locked, if set, is called after each lock (true) and unlock (false).
	Locked func(bool)
	// Meter is told of every call. nil: nobody counts.
	Meter Meter
	// Logger gets a line for every call: successful ones at debug level,
	// except rotations and subscriptions. nil is slog.Default().
	Logger *slog.Logger
	// Clock; nil is time.Now.
	Clock func() time.Time
}

func (cfg Config) withDefaults() Config {
	if cfg.SocketMode == 0 {
		cfg.SocketMode = 0o600
	}
	if cfg.AdminMode == 0 {
		cfg.AdminMode = 0o600
	}
	if cfg.CallTimeout == 0 {
		cfg.CallTimeout = 30 * time.Second
	}
	if cfg.DrainTimeout == 0 {
		cfg.DrainTimeout = 10 * time.Second
	}
	if cfg.Meter == nil {
		cfg.Meter = silent{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	return cfg
}

func (cfg Config) checkBudgets() error {
	if cfg.Clients == nil || cfg.Records != nil || cfg.Open != nil {
		return nil
	}
	if slices.ContainsFunc(cfg.Clients.list, func(c *Client) bool { return c.Budgets != nil || c.Changes != nil }) {
		return errors.New("there are budgets and nowhere to record them")
	}
	return nil
}

func (cfg Config) checkKeystore() error {
	switch {
	case cfg.Open == nil && cfg.Keystore == nil:
		return errors.New("no keystore")
	case cfg.Open == nil:
		return nil
	case cfg.AdminListen == "" && cfg.Keystore == nil:
		return errors.New("it would start locked, and without an admin socket nobody could unlock it")
	}
	if _, ok := cfg.Keystore.(Opened); !ok && cfg.Keystore != nil {
		return errors.New("the keystore cannot be locked")
	}
	return nil
}

func (cfg Config) validate() (address.Address, error) {
	var errs []error
	errs = append(errs, cfg.checkKeystore())
	if cfg.SocketMode&^0o770 != 0 {
		errs = append(errs, fmt.Errorf("mode %#o of the unix socket lets everybody in", cfg.SocketMode))
	}
	if cfg.Clients != nil && cfg.Insecure {
		errs = append(errs, errors.New("insecure and a clients file exclude each other: without TLS nobody can be recognised"))
	}
	errs = append(errs, cfg.checkBudgets())
	if cfg.AdminMode&^0o770 != 0 {
		errs = append(errs, fmt.Errorf("mode %#o of the admin socket lets everybody in", cfg.AdminMode))
	}
	if cfg.AdminListen != "" {
		if at, err := address.Parse(cfg.AdminListen); err != nil || !at.Unix() {
			errs = append(errs, fmt.Errorf("the admin socket must be unix:PATH, not %q", cfg.AdminListen))
		}
		if cfg.Open == nil && (cfg.Records == nil || cfg.Lifecycle == nil) {
			errs = append(errs, errors.New("the admin socket needs records and keysets"))
		}
	}
	if len(cfg.Rotation) > 0 && cfg.Stepper == nil && cfg.Open == nil {
		errs = append(errs, errors.New("there are policies of rotation and nothing to rotate with"))
	}
	if cfg.CallTimeout < 0 || cfg.DrainTimeout < 0 {
		errs = append(errs, errors.New("timeouts cannot be negative"))
	}
	var at address.Address
	if cfg.Listener == nil {
		var err error
		if at, err = address.Parse(cfg.Listen); err != nil {
			errs = append(errs, err)
		} else if err := at.CheckSecurity(cfg.TLSDir, cfg.Insecure); err != nil {
			errs = append(errs, err)
		}
	}
	return at, errors.Join(errs...)
}
