package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"mintmark/keystore/rotation"
	"mintmark/signatory/server"
)

// nextSteps is when something happens by itself to the keysets of a unit.
func nextSteps(srv *server.Server) func() map[string]time.Time {
	return func() map[string]time.Time {
		next := map[string]time.Time{}
		for _, r := range srv.Rotations() {
			if r.Next.Action != rotation.Nothing {
				next[string(r.Next.Unit)] = r.Next.At
			}
		}
		return next
	}
}

// serveMetrics serves the page for Prometheus, and nothing else, at the address,
// for the operator's network only; with an empty address it serves nothing. There
// is no profiling here and never will be: a heap profile of a signatory is its keys.
func serveMetrics(ctx context.Context, address string, page http.Handler, log *slog.Logger) (io.Closer, error) {
	if address == "" {
		return io.NopCloser(nil), nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for the metrics page: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", page)
	pages := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() { _ = pages.Serve(l) }()
	log.InfoContext(ctx, "metrics page", "url", "http://"+l.Addr().String()+"/metrics")
	return pages, nil
}
