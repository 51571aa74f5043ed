package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"mintmark/internal/address"
	"mintmark/keystore"
	pb "mintmark/proto/signatory"
	adminpb "mintmark/proto/signatory/admin/v1"
	"mintmark/signatory/internal/wire"
)

// ErrDrainTimeout: calls were still under way when their time was over, and were
// cut off. Nothing is lost by that: a mint repeats what it got no answer to.
var ErrDrainTimeout = errors.New("calls did not end in time and were cut off")

const (
	// maxStreams bounds the calls under way on one connection; more wait in
	// the client.
	maxStreams = 256
	// A client may ask this often whether we are there; ours does every 15
	// seconds.
	minKeepAlive     = 5 * time.Second
	keepAlive        = 30 * time.Second
	keepAliveTimeout = 10 * time.Second
	handshakeTimeout = 5 * time.Second
)

// Server serves a keystore.
type Server struct {
	cfg Config
	at  address.Address
	tls *tls.Config // nil: none

	vault   *vault // nil: the keystore is not ours to lock
	force   inForce
	signing atomic.Pointer[signing] // nil before Serve
	rotator *rotator
}

// New checks the configuration and loads the certificates. It does not listen
// yet.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	at, err := cfg.validate()
	if err != nil {
		return nil, fmt.Errorf("configuring the signatory server: %w", err)
	}
	s := &Server{cfg: cfg, at: at}
	first, err := newRights(cfg.Clients, cfg.TLSDir)
	if err != nil {
		return nil, fmt.Errorf("configuring the signatory server: %w", err)
	}
	s.tls = first.tls
	s.force.replace(first)
	if cfg.Open != nil {
		now, _ := cfg.Keystore.(Opened) // nil: locked
		s.vault = newVault(cfg.Open, now, cfg.Logger)
		s.cfg.Keystore, s.cfg.Records, s.cfg.Lifecycle, s.cfg.Stepper = s.vault, s.vault, s.vault, s.vault
	}
	s.rotator = &rotator{
		source: s.cfg.Stepper, policies: cfg.Rotation, tally: newTally(), clock: cfg.Clock, log: cfg.Logger,
		changed: s.cfg.Keystore.Changed, tick: rotationTick, replaced: make(chan struct{}, 1),
	}
	return s, nil
}

// Serve listens and answers until ctx ends. Then it reports itself as not
// serving, ends all subscriptions, takes no new calls, lets those under way end
// within DrainTimeout, and returns nil, or ErrDrainTimeout if it had to cut some
// off. The unix socket is removed. With Open, whatever keystore is there is closed.
func (s *Server) Serve(ctx context.Context) (err error) {
	if s.vault != nil {
		defer func() { err = errors.Join(err, s.vault.Close()) }()
	}
	if err := s.selfTest(ctx); err != nil {
		return fmt.Errorf("signatory server: %w", err)
	}
	signing, err := s.openSigning(ctx)
	if err != nil {
		return fmt.Errorf("signatory server: %w", err)
	}
	answers := newService(s.cfg.Keystore, signing, s.cfg.Logger)
	s.prepareUnlock(signing, answers)
	s.signing.Store(signing)
	// ending is closed when subscriptions have to go, while calls may go on.
	ending, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	health := newHealth(s.cfg.Keystore, signing.frozen, s.vault, s.cfg.Clock)
	g, adm := s.servers(ending, signing, answers, health)
	defer adm.Stop()
	if err := checkAccess(access(), g, adm); err != nil {
		return fmt.Errorf("signatory server: %w", err)
	}
	ln, adminLn, err := s.listenAll()
	if err != nil {
		return fmt.Errorf("signatory server: %w", err)
	}
	if err := s.recordStart(ctx, signing.journal, ln.Addr()); err != nil {
		return fmt.Errorf("signatory server: %w", errors.Join(err, ln.Close(), closeListener(adminLn)))
	}

	var background sync.WaitGroup
	background.Go(func() { health.run(ending) })
	background.Go(func() { signing.frozen.follow(ending, s.cfg.Logger, func() { health.update() }) })
	// A rotation that is under way may end; what was signed is counted to the last.
	rotating, endRotation := context.WithCancel(context.WithoutCancel(ctx))
	defer endRotation()
	background.Go(func() { s.rotator.run(rotating) })
	failed := make(chan error, 2)
	background.Go(func() { failed <- g.Serve(ln) })
	if adminLn != nil {
		background.Go(func() {
			if err := adm.Serve(adminLn); err != nil {
				failed <- err
			}
		})
		s.cfg.Logger.InfoContext(ctx, "the admin socket is open", "address", adminLn.Addr().String())
	}
	s.sayWhoMayCall(ctx)
	s.cfg.Logger.InfoContext(ctx, "signatory is listening", "address", ln.Addr().String(), "tls", s.tls != nil)
	if s.cfg.Ready != nil {
		s.cfg.Ready(ln.Addr())
	}

	select {
	case err = <-failed: // nothing else ends it before we do
		err = fmt.Errorf("signatory server: accepting connections: %w", err)
		end()
		g.Stop()
	case <-ctx.Done():
		s.cfg.Logger.InfoContext(ctx, "signatory is ending", "timeout", s.cfg.DrainTimeout)
		health.server.Shutdown()
		end()
		err = s.drain(g)
	}
	adm.Stop() // to the last the operator can see and stop
	endRotation()
	background.Wait()
	if s.vault.locked() { // and the lock was the last thing to record
		return err
	}
	return errors.Join(err, signing.journal.record(ctx, keystore.AuditStop, "", map[string]any{"in_order": err == nil}))
}

// servers makes the two of them: for mints, and for the operator.
func (s *Server) servers(ending context.Context, signing *signing, answers *service, health *healthState) (mints, operator *grpc.Server) {
	around := around{
		log:         s.cfg.Logger,
		find:        s.force.find,
		force:       &s.force,
		open:        s.cfg.Clients == nil,
		access:      access(),
		journal:     signing.journal,
		meter:       s.cfg.Meter,
		vault:       s.vault,
		queue:       newQueue(runtime.GOMAXPROCS(0)),
		callTimeout: s.cfg.CallTimeout,
		ending:      ending,
	}
	var secure *inForce
	if s.tls != nil {
		secure = &s.force
	}
	mints = newGRPC(around, newDoor(secure, around.find, admitted, s.cfg.Logger, signing.journal))
	pb.RegisterSignatoryServer(mints, answers)
	healthpb.RegisterHealthServer(mints, health.server)

	around.find, around.open = s.force.findAdmin, false
	operator = newGRPC(around, newDoor(nil, around.find, adminAdmitted, s.cfg.Logger, signing.journal))
	adminpb.RegisterAdminServiceServer(operator, &admin{
		keystore: s.cfg.Keystore, lifecycle: s.cfg.Lifecycle, records: s.cfg.Records, signing: signing,
		force: &s.force, health: health, vault: s.vault, told: s.cfg.Locked, started: s.cfg.Clock(), log: s.cfg.Logger,
		rotator: s.rotator, clock: s.cfg.Clock,
	})
	healthpb.RegisterHealthServer(operator, health.server)
	return mints, operator
}

// listenAll opens both addresses or none. There may be no admin socket.
func (s *Server) listenAll() (mints, operator net.Listener, err error) {
	if mints, err = s.listen(); err != nil || s.cfg.AdminListen == "" {
		return mints, nil, err
	}
	at, err := address.Parse(s.cfg.AdminListen)
	if err == nil {
		operator, err = listenUnix(at.Addr, s.cfg.AdminMode)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("the admin socket: %w", err), mints.Close())
	}
	return mints, operator, nil
}

func closeListener(ln net.Listener) error {
	if ln == nil {
		return nil
	}
	return ln.Close()
}

// recordStart writes down that we begin, and under which rules. Without the seed
// nothing can be sealed: then the unlock is the first record.
func (s *Server) recordStart(ctx context.Context, j *journal, at net.Addr) error {
	if s.vault.locked() {
		s.cfg.Logger.WarnContext(ctx, "the signatory is locked: it signs when its operator has unlocked it")
		return nil
	}
	err := j.record(ctx, keystore.AuditStart, "", map[string]any{"address": at.String(), "tls": s.tls != nil})
	if err != nil {
		return err
	}
	return s.recordRights(ctx, j, s.force.Load())
}

// openSigning reads what was recorded before: budgets and what is frozen.
func (s *Server) openSigning(ctx context.Context) (*signing, error) {
	records := s.cfg.Records
	if records == nil { // an interface that holds nothing must not become one that seems to hold something
		budgets, err := openBudgets(ctx, nil, s.cfg.Clock)
		if err != nil {
			return nil, err
		}
		frozen, err := openFrozen(ctx, nil)
		return &signing{keystore: s.cfg.Keystore, budgets: budgets, frozen: frozen, journal: newJournal(nil, s.cfg.Logger, s.cfg.Clock), check: s.cfg.OutputCheck, tally: s.counter()}, err
	}
	// What is locked is read at the unlock.
	budgets, err := openBudgets(ctx, records, s.cfg.Clock)
	if err != nil && !errors.Is(err, errLocked) {
		return nil, err
	}
	frozen, err := openFrozen(ctx, records)
	if err != nil && !errors.Is(err, errLocked) {
		return nil, err
	}
	if frozen.any() {
		s.cfg.Logger.WarnContext(ctx, "signing is frozen", "units", frozen.list())
	}
	return &signing{keystore: s.cfg.Keystore, budgets: budgets, frozen: frozen, journal: newJournal(records, s.cfg.Logger, s.cfg.Clock), check: s.cfg.OutputCheck, tally: s.counter()}, nil
}

// Rotations is what rotation does next for every unit, for metrics.
func (s *Server) Rotations() []Rotation { return s.rotator.outlook() }

// counter is where signatures are counted, if anybody writes them down.
func (s *Server) counter() *tally {
	if s.cfg.Stepper == nil {
		return nil
	}
	return s.rotator.tally
}

// drain lets calls end, and cuts off those that do not.
func (s *Server) drain(g *grpc.Server) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.GracefulStop()
	}()
	timeout := time.NewTimer(s.cfg.DrainTimeout)
	defer timeout.Stop()
	select {
	case <-done:
		return nil
	case <-timeout.C:
		g.Stop()
		<-done
		return fmt.Errorf("signatory server: %w", ErrDrainTimeout)
	}
}

func (s *Server) listen() (net.Listener, error) {
	switch {
	case s.cfg.Listener != nil:
		return s.cfg.Listener, nil
	case s.at.Unix():
		return listenUnix(s.at.Addr, s.cfg.SocketMode)
	}
	ln, err := net.Listen(s.at.Network, s.at.Addr)
	if err != nil {
		return nil, err
	}
	if s.tls == nil {
		if err := address.CheckLocal(ln.Addr()); err != nil {
			return nil, errors.Join(err, ln.Close())
		}
	}
	return ln, nil
}

func newGRPC(around around, door door) *grpc.Server {
	return grpc.NewServer(
		grpc.Creds(door),
		grpc.ChainUnaryInterceptor(around.meterCall, around.logCall, around.recoverCall, around.authorizeCall, around.gateCall, around.checkCall, around.limitCall, around.queueCall),
		grpc.ChainStreamInterceptor(around.meterStream, around.logStream, around.recoverStream, around.authorizeStream, around.gateStream, around.checkStream, around.limitStream),
		grpc.MaxRecvMsgSize(wire.MaxMessageSize),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.WaitForHandlers(true), // when Serve returns, nobody uses the keystore
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepAlive, Timeout: keepAliveTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: minKeepAlive, PermitWithoutStream: true}),
	)
}

// sayWhoMayCall puts the rights in force into the log.
func (s *Server) sayWhoMayCall(ctx context.Context) {
	log := s.cfg.Logger
	clients := s.force.Load().clients
	if clients == nil {
		how := "whoever may open the unix socket"
		switch {
		case s.tls != nil:
			how = "whoever has a certificate of the authority"
		case !s.at.Unix():
			how = "every process of this machine"
		}
		log.WarnContext(ctx, "there is no clients file: "+how+" may sign and rotate. This is for trying out")
		return
	}
	for _, c := range clients.list {
		log.InfoContext(ctx, "client", "name", c.Name, "roles", c.Roles.String(), "rotate", c.Rotate.String())
	}
}
