package mintclient

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// lineTimes are the times of a line.
type lineTimes struct {
	dial  time.Duration // bounds the opening
	write time.Duration // bounds one message, and the answer to a ping
	ping  time.Duration // between two signs of life
	first time.Duration // pause before the second try, doubled each time
	last  time.Duration // the longest pause
	quiet time.Duration // between two questions while the mint reports
	rest  time.Duration // between two questions at the least
}

var usualTimes = lineTimes{
	dial: 10 * time.Second, write: 10 * time.Second, ping: 30 * time.Second,
	first: time.Second, last: 2 * time.Minute, quiet: 15 * time.Second, rest: 200 * time.Millisecond,
}

// Limits on what a mint may say.
const (
	maxMessage    = 1 << 20
	messageBurst  = 256 // and two for each filter
	messagePerSec = 50
)

// line is the WebSocket of a client (NUT-17): open while something is watched.
// One goroutine opens it, and tells the mint what is watched; one reads.
type line struct {
	url    string
	http   *http.Client // without a timeout, which would end the line
	agent  string
	passes Passes
	times  lineTimes

	mu      sync.Mutex
	watches map[string]*Watch
	changed chan struct{}      // the set of watches has; holds one; one for each run
	stop    context.CancelFunc // nil: nothing runs
	running sync.WaitGroup
}

func (l *line) add(w *Watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watches[w.id] = w
	if l.stop != nil {
		l.poke()
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	changed := make(chan struct{}, 1)
	l.stop, l.changed = cancel, changed
	l.running.Go(func() { l.run(ctx, changed) })
}

func (l *line) remove(w *Watch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.watches, w.id)
	switch {
	case l.stop == nil:
	case len(l.watches) > 0:
		l.poke()
	default:
		l.stop()
		l.stop = nil
	}
}

func (l *line) poke() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// close ends the line whoever still watches, and waits for that.
func (l *line) close() {
	l.mu.Lock()
	if l.stop != nil {
		l.stop()
		l.stop = nil
	}
	l.mu.Unlock()
	l.running.Wait()
}

// errRefused: the mint has no WebSockets, or not for us.
var errRefused = errors.New("the mint refuses a WebSocket")

func (l *line) run(ctx context.Context, changed <-chan struct{}) {
	pause := l.times.first
	for {
		began := time.Now()
		err := l.serve(ctx, changed)
		if ctx.Err() != nil {
			return
		}
		l.broken()
		switch {
		case errors.Is(err, errRefused):
			pause = l.times.last
		case time.Since(began) > l.times.last:
			pause = l.times.first
		}
		// Wallets that a mint has lost all at once do not come back all at once.
		if sleep(ctx, pause/2+rand.N(pause), nil) != nil {
			return
		}
		pause = min(pause*2, l.times.last)
	}
}

// broken tells all that nobody listens any more: something may have been missed.
func (l *line) broken() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.watches {
		if w.live.Swap(false) {
			w.wake()
		}
	}
}

// serve opens the line and keeps it until it breaks.
func (l *line) serve(ctx context.Context, changed <-chan struct{}) error {
	conn, err := l.dial(ctx)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer func() { _ = conn.CloseNow() }()
	defer end(nil)
	reading.Go(func() { end(l.read(ctx, conn)) })
	return l.write(ctx, conn, changed)
}

func (l *line) dial(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, l.times.dial)
	defer cancel()
	header := http.Header{"User-Agent": {l.agent}}
	if l.passes != nil {
		shown, err := pass(ctx, l.passes, http.MethodGet, "/v1/ws")
		if err != nil {
			return nil, errRefused
		}
		maps.Copy(header, shown)
	}
	conn, resp, err := websocket.Dial(ctx, l.url, &websocket.DialOptions{HTTPClient: l.http, HTTPHeader: header})
	if err == nil {
		conn.SetReadLimit(maxMessage)
		return conn, nil
	}
	if resp != nil && resp.StatusCode >= 300 && resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests {
		return nil, errRefused
	}
	return nil, err
}

// write tells the mint what is watched, and asks whether it is still there.
func (l *line) write(ctx context.Context, conn *websocket.Conn, changed <-chan struct{}) error {
	told := map[string]bool{}
	requests := 0
	alive := time.NewTicker(l.times.ping)
	defer alive.Stop()
	for {
		for _, text := range l.requests(told, &requests) {
			if err := l.within(ctx, func(ctx context.Context) error { return conn.Write(ctx, websocket.MessageText, text) }); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
		case <-alive.C:
			if err := l.within(ctx, conn.Ping); err != nil {
				return err
			}
		}
	}
}

func (l *line) within(ctx context.Context, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, l.times.write)
	defer cancel()
	return do(ctx)
}

var errTalks = errors.New("the mint talks without end")

// read hears what the mint says until the line breaks.
func (l *line) read(ctx context.Context, conn *websocket.Conn) error {
	heard, since := 0.0, time.Now()
	for {
		kind, text, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		if kind != websocket.MessageText {
			return errors.New("the mint does not send text")
		}
		now := time.Now()
		heard = max(0, heard-now.Sub(since).Seconds()*messagePerSec) + 1
		since = now
		burst, err := l.hear(text)
		if err != nil {
			return err
		}
		if heard > float64(burst) {
			return errTalks
		}
	}
}
