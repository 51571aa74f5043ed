package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"mintmark/mint"
	"mintmark/mint/httpapi"
)

// runner is the part of a mint that works on its own.
type runner interface {
	Run(ctx context.Context) error
	Ready() <-chan struct{}
}

var _ runner = (*mint.Mint)(nil)

// site is what wallets see. Its WebSockets are not the server's any more, and
// have to be closed on their own.
type site interface {
	http.Handler
	CloseSockets(ctx context.Context)
}

var _ site = (*httpapi.Handler)(nil)

// runMint serves wallets until ctx ends, or until serving fails. Then it accepts
// no more connections, lets the requests under way finish, stops the mint, which
// finishes its operations, and returns.
func runMint(ctx context.Context, m runner, handler site, l net.Listener, stopTimeout time.Duration, log *slog.Logger) error {
	mintCtx, stopMint := context.WithCancel(context.WithoutCancel(ctx))
	defer stopMint()
	mintDone := make(chan error, 1)
	go func() { mintDone <- m.Run(mintCtx) }()

	server := newHTTPServer(handler, log)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()

	var failure error
	ready := m.Ready()
	for running := true; running; {
		select {
		case <-ready:
			log.Info("ready: the keysets are here")
			ready = nil
		case <-ctx.Done():
			log.Info("stopping")
			running = false
		case err := <-served:
			failure = fmt.Errorf("serving wallets: %w", err)
			running = false
		}
	}
	drainCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	closed := make(chan struct{})
	go func() {
		handler.CloseSockets(drainCtx)
		close(closed)
	}()
	if err := server.Shutdown(drainCtx); err != nil {
		log.Warn("requests are still under way; their connections are dropped", "waited", stopTimeout)
		_ = server.Close()
	}
	<-closed
	stopMint()
	return errors.Join(failure, <-mintDone)
}

// newHTTPServer bounds how long a connection may take for what. The longest
// request is a melt, which waits for its turn, for a payment and for the signatory.
func newHTTPServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      85 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
