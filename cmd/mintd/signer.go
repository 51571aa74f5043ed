package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"mintmark/bdhke"
	"mintmark/internal/child"
	"mintmark/mint"
	"mintmark/signatory"
)

// signer is the connection to the signatories, together with the child process if
// one runs as such.
type signer struct {
	*signatory.Pool
	stop func() error
}

// Close hangs up, then stops the child.
func (s *signer) Close() error { return errors.Join(s.Pool.Close(), s.stop()) }

// signatoryPlan is what can be started or called.
type signatoryPlan struct {
	clients  []signatory.ClientConfig
	spawn    *spawning // nil: somebody else runs it
	logLevel string
}

// prepareSignatory decides how the signatory will be reached and, if it is to be
// spawned, sees to its program and its data. Nothing runs yet.
func prepareSignatory(ctx context.Context, cfg Config, stderr io.Writer) (*signatoryPlan, error) {
	s := cfg.Signatory
	plan := &signatoryPlan{logLevel: cfg.Log.Level}
	for _, address := range s.addresses() {
		client := signatory.ClientConfig{
			Address: address, Deadline: s.Deadline.std(),
			DLEQ: signatory.DLEQSample, // whoever answers must hold the keys that we know
		}
		if !isLocal(address) {
			client.TLSDir, client.ServerName, client.Insecure = s.TLSDir, s.ServerName, s.Insecure
		}
		plan.clients = append(plan.clients, client)
	}
	if s.Address != spawnAddress {
		return plan, nil
	}
	var err error
	if plan.spawn, err = prepareSpawn(ctx, cfg, stderr); err != nil {
		return nil, err
	}
	plan.clients[0].Address = unixPrefix + plan.spawn.socket
	return plan, nil
}

// start starts the child, if there is to be one, and makes the clients. It does
// not insist on an answer: the mint serves reads without its signatory. identity is
// the pinned one, or zero.
func (p *signatoryPlan) start(ctx context.Context, identity bdhke.Point, log *slog.Logger) (*signer, error) {
	client, err := signatory.DialPool(signatory.PoolConfig{Replicas: p.clients, Identity: identity, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("connecting to the signatory: %w", err)
	}
	if p.spawn == nil {
		return &signer{Pool: client, stop: func() error { return nil }}, nil
	}
	process, err := child.New(child.Config{
		Path:        p.spawn.program,
		Args:        p.spawn.arguments(p.logLevel),
		Name:        "signatory",
		Logger:      log,
		StopTimeout: 2 * drainTimeout,
	})
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	childCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- process.Run(childCtx) }()
	p.spawn.awaitSocket(ctx)
	return &signer{Pool: client, stop: func() error {
		cancel()
		return errors.Join(<-ended, p.spawn.removeScratch())
	}}, nil
}

// pinnedIdentity is what every signatory has to show: what the configuration says,
// or what this mint, or another one on its database, has remembered.
func pinnedIdentity(ctx context.Context, configured bdhke.Point, store mint.Store) (bdhke.Point, error) {
	if !configured.IsZero() {
		return configured, nil
	}
	text, err := store.Config(ctx, mint.ConfigIdentity)
	switch {
	case errors.Is(err, mint.ErrNotFound):
		return bdhke.Point{}, nil
	case err != nil:
		return bdhke.Point{}, fmt.Errorf("reading the pinned signatory identity: %w", err)
	}
	return bdhke.ParsePointHex(text)
}
