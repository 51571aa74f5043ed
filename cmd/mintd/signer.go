package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"mintmark/internal/child"
	"mintmark/signatory"
)

// signer is the connection to the signatory, together with the child process if
// it runs as one.
type signer struct {
	*signatory.Client
	stop func() error
}

// Close hangs up, then stops the child.
func (s *signer) Close() error { return errors.Join(s.Client.Close(), s.stop()) }

// signatoryPlan is a signatory that can be started or called.
type signatoryPlan struct {
	client   signatory.ClientConfig
	spawn    *spawning // nil: somebody else runs it
	logLevel string
}

// prepareSignatory decides how the signatory will be reached and, if it is to be
// spawned, sees to its program and its data. Nothing runs yet.
func prepareSignatory(ctx context.Context, cfg Config, stderr io.Writer) (*signatoryPlan, error) {
	s := cfg.Signatory
	plan := &signatoryPlan{logLevel: cfg.Log.Level, client: signatory.ClientConfig{
		Address: s.Address, TLSDir: s.TLSDir, ServerName: s.ServerName, Insecure: s.Insecure, Deadline: s.Deadline.std(),
		DLEQ: signatory.DLEQSample, // whoever answers must hold the keys that we know
	}}
	if s.Address != spawnAddress {
		return plan, nil
	}
	var err error
	if plan.spawn, err = prepareSpawn(ctx, cfg, stderr); err != nil {
		return nil, err
	}
	plan.client.Address = unixPrefix + plan.spawn.socket
	return plan, nil
}

// start starts the child, if there is to be one, and makes the client. It does
// not insist on an answer: the mint serves reads without its signatory.
func (p *signatoryPlan) start(ctx context.Context, log *slog.Logger) (*signer, error) {
	client, err := signatory.Dial(p.client)
	if err != nil {
		return nil, fmt.Errorf("connecting to the signatory: %w", err)
	}
	if p.spawn == nil {
		return &signer{Client: client, stop: func() error { return nil }}, nil
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
	return &signer{Client: client, stop: func() error {
		cancel()
		return errors.Join(<-ended, p.spawn.removeScratch())
	}}, nil
}
