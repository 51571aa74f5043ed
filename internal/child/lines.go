package child

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
)

// maxLine is the longest piece of a line that is kept together; longer lines are
// logged in pieces.
const maxLine = 8 << 10

// lineForwarder turns what is written to it into one log record per line. It is
// used by one goroutine at a time.
type lineForwarder struct {
	logger *slog.Logger
	rest   []byte // a line whose end has not come yet
}

// Write never fails: a log that cannot keep up must not stop the child.
func (f *lineForwarder) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		line, after, found := bytes.Cut(p, []byte{'\n'})
		room := maxLine - len(f.rest)
		if len(line) > room {
			f.rest = append(f.rest, line[:room]...)
			p = p[room:]
			f.flush()
			continue
		}
		f.rest = append(f.rest, line...)
		p = after
		if found {
			f.flush()
		}
	}
	return n, nil
}

// flush logs what is there. Empty lines are dropped.
func (f *lineForwarder) flush() {
	line := strings.ToValidUTF8(strings.TrimRight(string(f.rest), "\r \t"), "\uFFFD")
	f.rest = f.rest[:0]
	if line == "" {
		return
	}
	ctx := context.Background()
	if r, ok := parseRecord(line); ok {
		f.logger.LogAttrs(ctx, r.level, r.message, r.attrs...)
		return
	}
	f.logger.LogAttrs(ctx, slog.LevelInfo, "child process says", slog.String("line", line))
}
