package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/pflag"
)

type logFlags struct {
	format string
	level  string
}

func (f *logFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.format, "log-format", "text", "`form` of the log on standard error: text or json")
	flags.StringVar(&f.level, "log-level", "info", "log this and worse: debug, info, warn or error")
}

func (f *logFlags) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.level)); err != nil {
		return nil, fmt.Errorf("--log-level %s is none of debug, info, warn and error", f.level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch f.format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("--log-format %s is neither text nor json", f.format)
}
