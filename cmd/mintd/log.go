package main

import (
	"io"
	"log/slog"
)

// newLogger writes to w as the configuration says, which validate has seen.
func newLogger(w io.Writer, cfg Log) *slog.Logger {
	level, _ := logLevel(cfg.Level)
	options := &slog.HandlerOptions{Level: level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
