package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/pflag"

	"mintmark/signatory/server"
)

type logFlags struct {
	format string
	level  string
}

func (f *logFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.format, "log-format", "text", "`form` of the log on standard error: text or json")
	flags.StringVar(&f.level, "log-level", "info", "log this and worse: debug, info, warn or error")
}

// logger also returns what sets its level later.
func (f *logFlags) logger(w io.Writer) (*slog.Logger, *slog.LevelVar, error) {
	var initial slog.Level
	if err := initial.UnmarshalText([]byte(f.level)); err != nil {
		return nil, nil, fmt.Errorf("--log-level %s is none of debug, info, warn and error", f.level)
	}
	level := new(slog.LevelVar)
	level.Set(initial)
	options := &slog.HandlerOptions{Level: level}
	switch f.format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), level, nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), level, nil
	}
	return nil, nil, fmt.Errorf("--log-format %s is neither text nor json", f.format)
}

// apply sets the level that the clients file asks for, or else that of the flag.
func (f *logFlags) apply(level *slog.LevelVar, clients *server.Clients) {
	if clients != nil && clients.LogLevel() != nil {
		level.Set(*clients.LogLevel())
		return
	}
	_ = level.UnmarshalText([]byte(f.level)) // logger has read it before
}
