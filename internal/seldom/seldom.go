// Package seldom writes lines into a log that somebody else can cause as often as he likes:
// each kind once a minute, with how often there was reason to.
//
// It must never be used for a line whose every occurrence counts, such as one that names
// somebody's money.
package seldom

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	pause = time.Minute
	// maxKinds bounds how many kinds are remembered.
	maxKinds = 1000
)

// Log remembers what was said when. The zero value has said nothing. It is safe for
// concurrent use.
type Log struct {
	mu    sync.Mutex
	kinds map[kind]*line
}

// kind is what is said once: of one subject, such as a backend, one text.
type kind struct{ about, text string }

type line struct {
	last  time.Time
	count int
}

// Say writes the line, unless its kind was written less than a minute before.
func (l *Log) Say(log *slog.Logger, level slog.Level, now time.Time, about, text string, args ...any) {
	if n := l.due(kind{about, text}, now); n > 0 {
		log.Log(context.Background(), level, text, append(args, "times", n)...)
	}
}

// due counts one more and tells how many there were, or 0 when it is too soon to say so.
func (l *Log) due(k kind, now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kinds == nil || len(l.kinds) >= maxKinds && l.kinds[k] == nil {
		l.kinds = map[kind]*line{}
	}
	if l.kinds[k] == nil {
		l.kinds[k] = &line{}
	}
	is := l.kinds[k]
	is.count++
	// A clock may be set back.
	if since := now.Sub(is.last); !is.last.IsZero() && since >= 0 && since < pause {
		return 0
	}
	n := is.count
	is.last, is.count = now, 0
	return n
}
