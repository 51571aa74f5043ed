package server

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"time"

	"mintmark/cashu"
	"mintmark/signatory/internal/budget"
)

// Client is one row of the clients file: how somebody is recognised, and what
// they may do.
type Client struct {
	// Name is for the log, the audit and the budgets. Unique.
	Name string
	// Roles it has. Never none.
	Roles Roles
	// Rotate is what a client that is a mint and no rotator may rotate.
	Rotate RotatePolicy
	// MaxItems is how many messages or proofs one call may have. 0 is
	// signatory.MaxItems, which is also the most.
	MaxItems int
	// MaxInFlight is how many messages and proofs of all its calls may be under
	// way or wait at once. 0 is sixteen full calls.
	MaxInFlight int
	// Budgets bound what is signed for it, by unit. nil: no bounds. Otherwise a
	// unit that is not in it has none to spend.
	Budgets map[cashu.Unit]budget.Limits
	// Changes allows, by unit, signing with retired keysets for the change of
	// melts. A unit that is not in it has none.
	Changes map[cashu.Unit]ChangePolicy

	// anyChange is a grace for every unit, without a budget.
	anyChange time.Duration

	pins  []pin
	names []string
	uids  []uint32
	gids  []uint32
}

// Clients is everybody who may do anything. It never changes; a new file makes
// a new one.
type Clients struct {
	list   []*Client
	byPin  map[pin]*Client
	byName map[string]*Client
	byUID  map[uint32]*Client
	byGID  map[uint32]*Client
	digest [sha256.Size]byte // of the file, for the audit log

	logLevel *slog.Level
}

// LogLevel is the one that the file asks for; nil when it does not.
func (c *Clients) LogLevel() *slog.Level { return c.logLevel }

// find tells who somebody is. A pin says more than a name, a user more than a
// group. A certificate with names of two clients is nobody's.
func (c *Clients) find(id identity) (*Client, error) {
	var found *Client
	switch id.kind {
	case certificate:
		if found = c.byPin[id.pin]; found != nil {
			break
		}
		for _, name := range id.names {
			other := c.byName[name]
			if found != nil && other != nil && other != found {
				return nil, fmt.Errorf("the certificate carries names of two clients, %s and %s: %s", found.Name, other.Name, id)
			}
			if other != nil {
				found = other
			}
		}
	case socket:
		if found = c.byUID[id.uid]; found == nil {
			found = c.byGID[id.gid]
		}
	}
	if found == nil {
		return nil, fmt.Errorf("nobody in the clients file is this: %s", id)
	}
	return found, nil
}

// finder tells who somebody is, or why they are nobody.
type finder func(identity) (*Client, error)

// everybody is what holds without a clients file: whoever the transport lets in
// may sign and rotate.
func everybody(identity) (*Client, error) {
	return &Client{Name: "everybody", Roles: Mint | Rotator | Monitor, Rotate: RotateAllow, anyChange: openGrace}, nil
}

// ourselves is the same for the admin socket: the user of this process, and root.
func ourselves(id identity) (*Client, error) {
	if id.kind == socket && (id.uid == 0 || int64(id.uid) == int64(os.Geteuid())) {
		return &Client{Name: "operator", Roles: Admin | Monitor}, nil
	}
	return nil, fmt.Errorf("without a clients file only our own user and root may come in: %s", id)
}
