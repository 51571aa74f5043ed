package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"mintmark/mint"
	"mintmark/mint/operator"
)

// operatorSocket is where a running mintd answers its operator: a unix socket in
// the data directory, which only the mint's own user can enter.
func (c Config) operatorSocket() string { return filepath.Join(c.Data, "operator.sock") }

// serveOperator answers the operator's commands until it is closed. A socket
// that is left over is replaced: the caller holds the database, so nobody else
// serves this data directory. Without a socket the mint works all the same.
func serveOperator(ctx context.Context, cfg Config, store mint.Store, m operator.Mint, log *slog.Logger) io.Closer {
	path := cfg.operatorSocket()
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		log.Warn("operator commands will not reach this process", "error", err)
		return io.NopCloser(nil)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		log.Warn("operator commands will not reach this process", "error", err)
		return io.NopCloser(nil)
	}
	server := &http.Server{
		Handler:           operator.Handler(&operator.Local{Store: store, Mint: m}),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      10 * time.Minute, // a recount reads every row
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() { _ = server.Serve(l) }()
	return server
}

// withOperator runs do with the running mintd of this data directory, or with
// its database when none runs.
func withOperator(cmd *cobra.Command, do func(ctx context.Context, op operator.Operator) error) (err error) {
	cfg, err := loadConfig(cmd.Flags())
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	if conn, err := new(net.Dialer).DialContext(ctx, "unix", cfg.operatorSocket()); err == nil {
		_ = conn.Close()
		return do(ctx, operator.NewRemote(cfg.operatorSocket()))
	}
	if _, err := os.Stat(cfg.Data); err != nil {
		return fmt.Errorf("looking for the mint's data: %w", err)
	}
	store, _, err := openStore(ctx, cfg, newLogger(cmd.ErrOrStderr(), cfg.Log), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return do(ctx, &operator.Local{Store: store})
}
