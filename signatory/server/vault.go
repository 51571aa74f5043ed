package server

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mintmark/bdhke"
	"mintmark/keystore"
)

// Opened is a keystore as a vault holds it.
type Opened interface {
	Keystore
	Records
	Lifecycle
	Stepper
	// Close wipes the keys. No call is under way when it is called.
	Close() error
}

var _ Opened = (*keystore.Keystore)(nil)

// lockedError is the answer to everything that needs a key while there is none.
type lockedError struct{}

func (lockedError) Error() string {
	return "the signatory is locked: its operator has to unlock it"
}

// GRPCStatus says that it will pass: a mint answers 503 and tries again.
func (e lockedError) GRPCStatus() *status.Status { return status.New(codes.Unavailable, e.Error()) }

var errLocked error = lockedError{}

// vault is a keystore that can be put away and fetched again while the server
// runs. To the server it is an ordinary one, whose calls fail with errLocked while
// it is away; see vault_calls.go.
type vault struct {
	open  func(context.Context, Secret) (Opened, error)
	enter func(context.Context) error // what the server does with a keystore before it serves; set by Serve
	log   *slog.Logger

	changing sync.Mutex   // one lock or unlock at a time
	shut     atomic.Bool  // refuses calls at once, while those under way are waited for
	mu       sync.RWMutex // held for reading by every call
	now      Opened       // nil: away

	state   sync.Mutex
	last    keystore.Snapshot  // of the keystore that was there last
	name    bdhke.Point        // and whose it was
	moved   chan struct{}      // closed by a change of the keysets, a lock and an unlock
	thawed  chan struct{}      // closed by a change of what is frozen, a lock and an unlock
	session context.Context    // ends with a lock: until then there are keys, and calls are taken
	end     context.CancelFunc // of the session
	failed  atomic.Uint64      // unlocks that were refused since the last one
}

// newVault may start without a keystore.
func newVault(open func(context.Context, Secret) (Opened, error), now Opened, log *slog.Logger) *vault {
	v := &vault{open: open, log: log, moved: make(chan struct{}), thawed: make(chan struct{}), enter: func(context.Context) error { return nil }}
	v.session, v.end = context.WithCancel(context.Background())
	v.end()
	if now != nil {
		v.take(now)
		v.begin(now)
	}
	return v
}

// during is done when the keys that are there now are put away. A nil vault keeps
// its keys for ever.
func (v *vault) during() context.Context {
	if v == nil {
		return context.Background()
	}
	v.state.Lock()
	defer v.state.Unlock()
	return v.session
}

func (v *vault) locked() bool { return v.during().Err() != nil }

// use gives out the keystore until done is called.
func (v *vault) use() (now Opened, done func(), err error) {
	if v.shut.Load() {
		return nil, nil, errLocked
	}
	v.mu.RLock()
	if v.now == nil {
		v.mu.RUnlock()
		return nil, nil, errLocked
	}
	return v.now, v.mu.RUnlock, nil
}

// take puts a keystore into the vault, where the server can read it. Clients are
// still turned away.
func (v *vault) take(next Opened) {
	v.state.Lock()
	v.name = next.Identity()
	v.state.Unlock()
	v.mu.Lock()
	v.now = next
	v.mu.Unlock()
	v.shut.Store(false)
}

// drop waits for the calls to the keystore that are under way, and takes it out.
func (v *vault) drop() Opened {
	v.shut.Store(true)
	v.mu.Lock()
	defer v.mu.Unlock()
	old := v.now
	v.now = nil
	if old != nil {
		v.state.Lock()
		v.last = old.Keysets()
		v.state.Unlock()
	}
	return old
}

// begin lets clients in.
func (v *vault) begin(now Opened) {
	v.state.Lock()
	session, end := context.WithCancel(context.Background())
	v.session, v.end = session, end
	v.state.Unlock()
	v.announce(&v.moved)
	v.announce(&v.thawed)
	go v.follow(session, now)
}

// follow passes the changes of a keystore on, until it is put away.
func (v *vault) follow(session context.Context, ks Opened) {
	changed, thawed := ks.Changed(), ks.FreezesChanged()
	v.announce(&v.moved) // what has changed since take
	for {
		// The next channel before the announcement: a change in between is then
		// either in what the listeners read, or announced again.
		select {
		case <-session.Done():
			return
		case <-changed:
			changed = ks.Changed()
			v.announce(&v.moved)
		case <-thawed:
			thawed = ks.FreezesChanged()
			v.announce(&v.thawed)
		}
	}
}

// announce wakes everybody who waits for the channel, and puts another in its place.
func (v *vault) announce(channel *chan struct{}) {
	v.state.Lock()
	defer v.state.Unlock()
	close(*channel)
	*channel = make(chan struct{})
}

func (v *vault) endSession() {
	v.state.Lock()
	defer v.state.Unlock()
	v.end()
}

// lock turns clients away, stops what they have under way, and puts the keystore
// away. The keys go even when that cannot be recorded, and then there is an error.
// Locking what is locked does nothing.
func (v *vault) lock(ctx context.Context, client string) error {
	v.changing.Lock()
	defer v.changing.Unlock()
	if v.locked() {
		return nil
	}
	v.endSession()
	old := v.drop()
	err := errors.Join(old.Audit(context.WithoutCancel(ctx), keystore.AuditLock, client, map[string]any{}), old.Close())
	v.announce(&v.moved)
	v.announce(&v.thawed)
	v.log.WarnContext(ctx, "the signatory is locked: there are no keys in memory", "by", client)
	return err
}

// unlock fetches the keystore, and records that before clients are let in.
// Unlocking what is not locked does nothing.
func (v *vault) unlock(ctx context.Context, secret Secret, client string) error {
	v.changing.Lock()
	defer v.changing.Unlock()
	if !v.locked() {
		return nil
	}
	next, err := v.open(ctx, secret)
	if err != nil {
		v.failed.Add(1)
		v.log.WarnContext(ctx, "the signatory stays locked", "by", client, "error", err)
		return err
	}
	v.take(next)
	err = v.enter(ctx)
	if err == nil {
		err = next.Audit(context.WithoutCancel(ctx), keystore.AuditUnlock, client, map[string]any{"failed_before": v.failed.Load()})
	}
	if err != nil {
		v.log.ErrorContext(ctx, "the signatory stays locked", "by", client, "error", err)
		return errors.Join(err, v.drop().Close())
	}
	v.failed.Store(0)
	v.begin(next)
	v.log.WarnContext(ctx, "the signatory is unlocked", "by", client, "identity", next.Identity().String())
	return nil
}

// Close is for whoever runs the server, at its end.
func (v *vault) Close() error {
	v.changing.Lock()
	defer v.changing.Unlock()
	v.endSession()
	if old := v.drop(); old != nil {
		return old.Close()
	}
	return nil
}
