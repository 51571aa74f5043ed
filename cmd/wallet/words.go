package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"mintmark/internal/printable"
	"mintmark/wallet/mintclient"
)

// wordedError says the same as an error, in words for people.
type wordedError struct {
	error
	text string
}

func (e wordedError) Error() string { return e.text }
func (e wordedError) Unwrap() error { return e.error }

// worded puts the words of Go's library into those of a person.
func (g *globals) worded(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if g.offline && errors.Is(err, mintclient.ErrNotSent) {
		return wordedError{err, "this needs the mint, and --offline forbids to ask it"}
	}
	for _, w := range []struct {
		is        error
		text, say string
	}{
		{context.DeadlineExceeded, context.DeadlineExceeded.Error(), "the time is up"},
		{context.Canceled, context.Canceled.Error(), "it was interrupted"},
	} {
		if errors.Is(err, w.is) {
			text = strings.ReplaceAll(text, w.text, w.say)
		}
	}
	if text == err.Error() {
		return err
	}
	return wordedError{err, text}
}

// notes is a log for people: what it says goes to them in one line, and only what they
// should know.
type notes struct {
	slog.Handler // discards
	to           io.Writer
}

func (notes) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (n notes) WithAttrs([]slog.Attr) slog.Handler         { return n }
func (n notes) WithGroup(string) slog.Handler              { return n }

func (n notes) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "cause" || a.Key == "error" {
			text += ": " + printable.Text(a.Value.String(), 0)
		}
		return true
	})
	_, err := fmt.Fprintf(n.to, "wallet: note: %s\n", text)
	return err
}
