package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"mintmark/internal/seedfile"
	"mintmark/internal/terminal"
	"mintmark/keystore"
	"mintmark/signatory/server"
)

// opening opens the keystore as serve was told to, at the start and at every
// unlock.
type opening struct {
	program
	flags serveFlags
	log   *slog.Logger
}

// atStart may ask at the terminal. With --locked it looks only whether there is
// something to unlock, so that what is missing is found by who starts it.
func (o opening) atStart(ctx context.Context) (server.Opened, error) {
	dir := dataDir(o.flags.data)
	if !o.flags.locked {
		seed, err := o.openSeed(ctx, dir, o.flags.unseal, o.flags.seedCred)
		if err != nil {
			return nil, err
		}
		return o.open(ctx, seed)
	}
	for _, need := range []struct {
		path    string
		missing error
		needed  bool
	}{
		{dir.seed(), hintSeed(seedfile.ErrMissing, dir), o.flags.seedCred == ""},
		{dir.database(), hintKeystore(keystore.ErrNoDatabase, dir, o.flags.place), !o.flags.place.Shared()},
	} {
		switch there, err := exists(need.path); {
		case err != nil:
			return nil, err
		case !there && need.needed:
			return nil, fmt.Errorf("%w: %s", need.missing, need.path)
		}
	}
	return nil, nil
}

// atUnlock uses the secret that was handed over, or else what serve was started
// with. There is nobody at the terminal.
func (o opening) atUnlock(ctx context.Context, secret server.Secret) (server.Opened, error) {
	dir := dataDir(o.flags.data)
	from := o.flags.unseal
	if !from.passphrase.given() || from.passphrase.fd >= 0 { // a descriptor is read once
		o.terminal = func() (terminal.Terminal, error) { return nil, errNoSecret }
		from.passphrase.fd = -1
	}
	opener := o.opener(ctx, from)
	if given := secret.Passphrase(); given != nil {
		opener.Passphrase = func() ([]byte, error) { return given, nil }
	}
	if given := secret.Identity(); given != nil {
		opener.Identity = func() ([]byte, error) { return given, nil }
	}
	if o.flags.seedCred != "" {
		seed, err := o.openSeed(ctx, dir, from, o.flags.seedCred)
		if err != nil {
			return nil, err
		}
		return o.open(ctx, seed)
	}
	seed, err := seedfile.Open(dir.seed(), opener)
	if err != nil {
		return nil, err
	}
	return o.open(ctx, seed)
}

var errNoSecret = errors.New("the signatory was not started with one")

// open opens the keystore with the seed and forgets it.
func (o opening) open(ctx context.Context, seed seedfile.Seed) (server.Opened, error) {
	defer seed.Wipe()
	dir := dataDir(o.flags.data)
	if err := dir.finish(); err != nil {
		return nil, err
	}
	ks, err := keystore.Open(ctx, keystore.Config{
		Path: o.flags.place.Path, PasswordFile: o.flags.place.PasswordFile, Seed: seed, IssuerVersion: issuer, Clock: o.clock, Logger: o.log,
	})
	if err != nil {
		return nil, hintKeystore(err, dir, o.flags.place)
	}
	s := ks.Keysets()
	o.log.Info("every keyset fits the seed", "identity", ks.Identity().String(), "keysets", len(s.Keysets), "epoch", s.Epoch)
	return ks, nil
}
