package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"mintmark/internal/seedfile"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
	"mintmark/wallet/secrets"
	"mintmark/wallet/sqlstore"
)

// session is an open wallet. What only looks has no Wallet, and so neither the seed
// nor the network.
type session struct {
	program
	*globals
	home   home
	store  *sqlstore.Store
	wallet *wallet.Wallet
}

// action is what a command does with an open wallet.
type action func(ctx context.Context, s *session) error

// look opens the database alone: no seed, no network, no recovery.
func (p program) look(cmd *cobra.Command, g *globals, do action) error {
	return p.open(cmd, g, func(ctx context.Context, s *session) error { return do(ctx, s) })
}

// ask opens the whole wallet, for what talks to a mint and moves no money.
func (p program) ask(cmd *cobra.Command, g *globals, do action) error {
	return p.open(cmd, g, func(ctx context.Context, s *session) error {
		return s.withSeed(ctx, do)
	})
}

// move is ask for what moves money: first it goes on with what was interrupted.
func (p program) move(cmd *cobra.Command, g *globals, do action) error {
	return p.ask(cmd, g, func(ctx context.Context, s *session) error {
		s.recoverQuietly(ctx)
		return do(ctx, s)
	})
}

func (p program) open(cmd *cobra.Command, g *globals, do action) (err error) {
	if g.op == "" && cmd.Flags().Changed("op") {
		return usagef(cmd, "--op is empty: a name is something")
	}
	h, err := g.home()
	if err != nil {
		return err
	}
	if err := h.mustExist(); err != nil {
		return err
	}
	open, err := h.close()
	if err != nil {
		return err
	}
	for _, path := range open {
		p.say("warning: other users of this machine could read %s; from now on they cannot", path)
	}
	if g.timeout < 0 {
		return usagef(cmd, "--timeout cannot be negative")
	}
	ctx := cmd.Context()
	if g.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.timeout)
		defer cancel()
	}
	store, err := p.openStore(ctx, g, h)
	if err != nil {
		return g.worded(err)
	}
	defer func() { err = g.worded(errors.Join(err, store.Close())) }()
	return do(ctx, &session{program: p, globals: g, home: h, store: store})
}

// place is where the coins are.
func place(g *globals, h home) (string, error) {
	if g.database != "" {
		return g.database, nil
	}
	return h.database()
}

// onServer tells that they are on a database server.
func (s *session) onServer() bool {
	path, err := place(s.globals, s.home)
	return err == nil && sqldb.IsServer(path)
}

func (p program) openStore(ctx context.Context, g *globals, h home) (*sqlstore.Store, error) {
	path, err := place(g, h)
	if err != nil {
		return nil, err
	}
	return sqlstore.Open(ctx, sqlstore.Config{
		Path: path, Locks: h.file(), Postgres: sqldb.Postgres{PasswordFile: g.passwordFile}, Logger: p.quietLog(), Clock: p.clock,
	})
}

// quietLog writes what a person should know, and no more.
func (p program) quietLog() *slog.Logger {
	return slog.New(notes{slog.DiscardHandler, p.stderr})
}

// withSeed opens the seed and the wallet.
func (s *session) withSeed(ctx context.Context, do action) error {
	s.harden()
	seed, err := seedfile.Open(s.home.seed(), s.opener(ctx, s.globals))
	if err != nil {
		return err
	}
	source, err := secrets.New(seed.Bytes())
	seed.Wipe()
	if err != nil {
		return fmt.Errorf("deriving from the seed: %w", err)
	}
	way, err := s.transport()
	if err != nil {
		return err
	}
	s.wallet, err = wallet.New(wallet.Config{
		Store: s.store, Secrets: source, Transport: way, Timeout: min(s.timeout, time.Minute), Clock: s.clock, Logger: s.quietLog(),
		Waiting: func(mintURL string, d time.Duration) {
			s.say("%s is asked too often: waiting for %v", mintURL, max(d.Round(time.Second), time.Second))
		},
	})
	if err != nil {
		return err
	}
	defer s.wallet.Close()
	if err := s.wallet.Bind(ctx); err != nil {
		return err
	}
	return do(ctx, s)
}

// recoveryTime bounds what a command spends on what others have left behind: the
// mint of that may be away while the one of this command is there.
const recoveryTime = 15 * time.Second

// recoverQuietly goes on with interrupted operations. What does not end now ends
// another time.
func (s *session) recoverQuietly(ctx context.Context) {
	if s.offline {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, recoveryTime)
	defer cancel()
	done, _ := s.wallet.Recover(ctx, wallet.RecoverOptions{Interrupted: true})
	for _, r := range done {
		if r.Result == wallet.RecoveredDone && r.Err == nil {
			s.say("an interrupted %s was brought to its end (operation %s)", r.Kind, r.ID)
		}
	}
}

// say tells the person something that is not the result.
func (p program) say(format string, args ...any) {
	fmt.Fprintf(p.stderr, format+"\n", args...)
}

// exists tells whether there is a file.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
