// Package metricspage serves the numbers of a program for Prometheus. There is no
// profiling here and never will be: a heap profile of a signatory is its keys.
package metricspage

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Serve serves the page at GET /metrics of the address HOST:PORT, and nothing else,
// until it is closed. The address is for the operator's network only; with an empty
// one it serves nothing.
func Serve(ctx context.Context, address string, page http.Handler, log *slog.Logger) (io.Closer, error) {
	if address == "" {
		return io.NopCloser(nil), nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for the metrics page: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", page)
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() { _ = server.Serve(l) }()
	log.InfoContext(ctx, "metrics page", "url", "http://"+l.Addr().String()+"/metrics")
	return server, nil
}
