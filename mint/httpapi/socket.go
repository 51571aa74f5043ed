package httpapi

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"mintmark/mint/events"
)

// socket is one WebSocket (NUT-17). One goroutine reads what the wallet wants,
// one writes what it gets, and one asks whether it is still there. Only the writer
// says goodbye; the others tell it why, with end.
type socket struct {
	api     *api
	address netip.Prefix
	conn    *websocket.Conn
	line    lender // the connection below conn
	inbox   *events.Inbox

	ctx context.Context // ends with the goodbye as its cause
	end context.CancelCauseFunc

	subs    map[string]*events.Subscription // by subId; the reader's
	filters int                             // of subs; the reader's
	budget  budget                          // the reader's
	waiting atomic.Int64                    // since when there is no subscription, unix nanoseconds; 0: there is one
}

// goodbye is why a socket ends, as the wallet is told.
type goodbye struct {
	code   websocket.StatusCode
	reason string
}

func (g *goodbye) Error() string { return g.reason }

var (
	goingAway  = &goodbye{websocket.StatusGoingAway, "the mint is shutting down"}
	tooSlow    = &goodbye{websocket.StatusTryAgainLater, "notifications were not read in time"}
	tooMuch    = &goodbye{websocket.StatusPolicyViolation, "too many requests"}
	noText     = &goodbye{websocket.StatusUnsupportedData, "only text is understood"}
	idle       = &goodbye{websocket.StatusNormalClosure, "nothing is subscribed"}
	noAnswer   = &goodbye{websocket.StatusPolicyViolation, "no answer to a ping"}
	walletGone = &goodbye{websocket.StatusNormalClosure, ""}
	broken     = &goodbye{websocket.StatusInternalError, "internal error"}
)

// socket is GET /v1/ws (NUT-17).
func (a *api) socket(w http.ResponseWriter, r *http.Request) error {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		return &statusError{http.StatusUpgradeRequired, "this route is a WebSocket"}
	}
	s := &socket{api: a, subs: map[string]*events.Subscription{}}
	if a.gate != nil {
		s.address = a.gate.Client(r)
	}
	s.ctx, s.end = context.WithCancelCause(context.WithoutCancel(r.Context()))
	defer s.end(nil)
	if err := a.sockets.enter(s); err != nil {
		return err
	}
	defer a.sockets.leave(s)
	s.line.ResponseWriter = w
	conn, err := websocket.Accept(&s.line, r, &websocket.AcceptOptions{
		// Wallets are web pages of any origin, as in allowOrigins.
		InsecureSkipVerify: true,
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return nil // it has answered
	}
	a.finished(r, noteOf(w))
	s.serve(conn)
	return nil
}

func (s *socket) serve(conn *websocket.Conn) {
	defer conn.CloseNow()
	conn.SetReadLimit(s.api.sockets.limits.Message)
	s.conn = conn
	s.inbox = s.api.mint.OpenInbox()
	defer s.inbox.Close()
	s.budget.last = time.Now()
	s.waiting.Store(time.Now().UnixNano())
	var wg sync.WaitGroup
	wg.Go(s.write)
	wg.Go(s.ping)
	s.end(s.read())
	wg.Wait()
}

// lender gives the connection of a request away, and remembers it: the library
// does not let go of one that it is saying goodbye to.
type lender struct {
	http.ResponseWriter
	mu   sync.Mutex
	conn net.Conn
}

func (l *lender) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(l.ResponseWriter).Hijack()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = conn
	return conn, buffers, err
}

// cut ends the connection without a word.
func (l *lender) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.Close()
	}
}

// read does what the wallet says until it says no more.
func (s *socket) read() error {
	for {
		kind, text, err := s.conn.Read(context.Background())
		switch {
		case err != nil:
			return walletGone
		case kind != websocket.MessageText:
			return noText
		case !s.budget.spend(time.Now()):
			return tooMuch
		}
		if reply := s.command(text); reply != nil {
			s.inbox.Post(reply)
		}
	}
}

// write sends what arrives in the inbox until the end, and then says goodbye.
func (s *socket) write() {
	cause := s.writeAll()
	s.end(cause)
	if errors.Is(cause, events.ErrSlow) {
		cause = tooSlow
	}
	bye, ok := errors.AsType[*goodbye](cause)
	if !ok {
		bye = broken
	}
	_ = s.conn.Close(bye.code, bye.reason)
}

func (s *socket) writeAll() error {
	for {
		list, err := s.inbox.Next(s.ctx)
		if err != nil {
			if s.ctx.Err() != nil {
				return context.Cause(s.ctx)
			}
			return err
		}
		for _, d := range list {
			text, err := encodeDelivery(d)
			if err != nil {
				s.api.log.Error("encoding a notification", "error", err)
				return broken
			}
			if text == nil {
				continue
			}
			if err := s.send(text); err != nil {
				return err
			}
		}
	}
}

// send sends one message. When that takes too long, the connection is lost.
func (s *socket) send(text []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.api.sockets.limits.Write)
	defer cancel()
	err := s.conn.Write(ctx, websocket.MessageText, text)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		s.inbox.GiveUp()
		return tooSlow
	}
	return walletGone
}

// ping asks for signs of life, so that no proxy takes the connection for dead,
// and ends one that is, or that nobody uses.
func (s *socket) ping() {
	limits := s.api.sockets.limits
	tick := time.NewTicker(limits.Ping)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		if since := s.waiting.Load(); since != 0 && time.Since(time.Unix(0, since)) >= limits.Idle {
			s.end(idle)
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), limits.Ping/2)
		err := s.conn.Ping(ctx)
		cancel()
		if err != nil {
			s.end(noAnswer)
			return
		}
	}
}

// CloseSockets tells all WebSockets that the mint goes away, admits no more, and
// waits until they have ended. When ctx ends, those that are left are cut.
func (h *Handler) CloseSockets(ctx context.Context) {
	done := h.api.sockets.closeAll()
	select {
	case <-done:
	case <-ctx.Done():
		h.api.sockets.dropAll()
		<-done
	}
}

// budget bounds how many requests a connection may make: a burst, and then so
// many a second.
type budget struct {
	spent float64
	last  time.Time
}

const budgetBurst, budgetRate = 250, 25

func (b *budget) spend(now time.Time) bool {
	b.spent = max(0, b.spent-now.Sub(b.last).Seconds()*budgetRate) + 1
	b.last = now
	return b.spent <= budgetBurst
}
