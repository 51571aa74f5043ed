package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mintmark/cashu"

	"github.com/coder/websocket"
)

// Socket is a WebSocket (NUT-17) to a mint. It keeps what it hears, in order, and may
// be deaf or ask for nonsense. The wallet's own keeps nothing: it only wakes who waits.
type Socket struct {
	t    testing.TB
	conn *websocket.Conn

	mu    sync.Mutex
	subs  int
	heard map[string][]News // by subId
	said  map[int]string    // answers to requests: "" or why not
	err   error             // why there is no more
}

// News is a notification: the fields that tests look at, of all kinds.
type News struct {
	Quote        string                 `json:"quote"`
	Y            string                 `json:"Y"`
	State        string                 `json:"state"`
	Method       string                 `json:"method"`
	AmountPaid   cashu.Amount           `json:"amount_paid"`
	AmountIssued cashu.Amount           `json:"amount_issued"`
	Change       []cashu.BlindSignature `json:"change"`
	Outpoint     string                 `json:"outpoint"`
	Witness      *string                `json:"witness"`
}

// Listen opens a WebSocket and reads what comes.
func (s *Stack) Listen() *Socket {
	s.t.Helper()
	k := s.Deaf(0)
	k.Hear()
	return k
}

// Deaf opens one that reads nothing until Hear, and for which the system keeps no
// more than some bytes meanwhile. 0 = as many as it does by itself.
func (s *Stack) Deaf(buffer int) *Socket {
	s.t.Helper()
	dialer := net.Dialer{Control: func(_, _ string, c syscall.RawConn) (err error) {
		if buffer == 0 {
			return nil
		}
		if failed := c.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, buffer)
		}); failed != nil {
			return failed
		}
		return err
	}}
	client := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}
	conn, _, err := websocket.Dial(s.t.Context(), s.URL()+"/v1/ws", &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		s.t.Fatalf("opening a WebSocket: %v", err)
	}
	conn.SetReadLimit(1 << 20)
	k := &Socket{t: s.t, conn: conn, heard: map[string][]News{}, said: map[int]string{}}
	s.t.Cleanup(func() { _ = conn.CloseNow() })
	return k
}

// Hear begins to read.
func (k *Socket) Hear() {
	go func() {
		for {
			_, text, err := k.conn.Read(context.Background())
			if err == nil {
				err = k.take(text)
			}
			if err != nil {
				k.mu.Lock()
				k.err = err
				k.mu.Unlock()
				return
			}
		}
	}()
}

func (k *Socket) take(text []byte) error {
	var m struct {
		ID     *int `json:"id"`
		Params struct {
			SubID   string `json:"subId"`
			Payload News   `json:"payload"`
		} `json:"params"`
		Error *struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := cashu.Decode(text, &m); err != nil {
		return fmt.Errorf("%w: %s", err, text)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case m.ID != nil && m.Error != nil:
		k.said[*m.ID] = fmt.Sprintf("%d %s", m.Error.Code, m.Error.Message)
	case m.ID != nil:
		k.said[*m.ID] = ""
	default:
		k.heard[m.Params.SubID] = append(k.heard[m.Params.SubID], m.Params.Payload)
	}
	return nil
}

// Ask subscribes without waiting for the answer.
func (k *Socket) Ask(kind string, filters ...string) *Subscribed {
	k.t.Helper()
	k.mu.Lock()
	k.subs++
	sub := &Subscribed{k: k, number: k.subs, id: strconv.Itoa(k.subs)}
	k.mu.Unlock()
	k.send("subscribe", sub.number, map[string]any{"kind": kind, "subId": sub.id, "filters": filters})
	return sub
}

// Subscribe subscribes, which must succeed.
func (k *Socket) Subscribe(kind string, filters ...string) *Subscribed {
	k.t.Helper()
	sub := k.Ask(kind, filters...)
	if refused := sub.Answer(); refused != "" {
		k.t.Fatalf("subscribing to %s: %s", kind, refused)
	}
	return sub
}

func (k *Socket) send(method string, number int, params any) {
	k.t.Helper()
	text, err := cashu.Encode(map[string]any{"jsonrpc": "2.0", "id": number, "method": method, "params": params})
	if err != nil {
		k.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(k.t.Context(), patience)
	defer cancel()
	if err := k.conn.Write(ctx, websocket.MessageText, text); err != nil {
		k.t.Fatalf("%s: %v", method, err)
	}
}

// wait waits until done, which is called with the lock held.
func (k *Socket) wait(what string, done func() bool) {
	k.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		k.mu.Lock()
		ok, err := done(), k.err
		k.mu.Unlock()
		if ok {
			return
		}
		if err != nil || time.Now().After(deadline) {
			k.t.Fatalf("over the WebSocket, waiting for %s: %v", what, err)
		}
	}
}

// WaitEnd waits until the mint has ended the connection, and returns how.
func (k *Socket) WaitEnd() (code websocket.StatusCode, reason string) {
	k.t.Helper()
	for deadline := time.Now().Add(3 * patience); ; time.Sleep(5 * time.Millisecond) {
		k.mu.Lock()
		err := k.err
		k.mu.Unlock()
		if e, ok := errors.AsType[websocket.CloseError](err); ok {
			return e.Code, e.Reason
		}
		if err != nil || time.Now().After(deadline) {
			k.t.Fatalf("the mint was to say goodbye: %v", err)
		}
	}
}

// Subscribed is one subscription of a Socket.
type Subscribed struct {
	k      *Socket
	number int
	id     string
}

// Answer waits for what the mint said to the subscription; "" is yes.
func (s *Subscribed) Answer() (refused string) {
	s.k.t.Helper()
	s.k.wait("an answer", func() (ok bool) {
		refused, ok = s.k.said[s.number]
		return ok
	})
	return refused
}

// Unsubscribe ends it and waits for the answer.
func (s *Subscribed) Unsubscribe() {
	s.k.t.Helper()
	s.k.mu.Lock()
	delete(s.k.said, s.number)
	s.k.mu.Unlock()
	s.AskToEnd()
	if refused := s.Answer(); refused != "" {
		s.k.t.Fatalf("unsubscribing: %s", refused)
	}
}

// AskToEnd unsubscribes without waiting for the answer.
func (s *Subscribed) AskToEnd() {
	s.k.t.Helper()
	s.k.send("unsubscribe", s.number, map[string]any{"subId": s.id})
}

// Heard is all that came so far.
func (s *Subscribed) Heard() []News {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	return slices.Clone(s.k.heard[s.id])
}

// Until waits until the last thing heard is as wanted, and returns all.
func (s *Subscribed) Until(what string, done func(News) bool) []News {
	s.k.t.Helper()
	s.k.wait(what, func() bool {
		n := len(s.k.heard[s.id])
		return n > 0 && done(s.k.heard[s.id][n-1])
	})
	return s.Heard()
}

// States waits until this is what was heard, in this order.
func (s *Subscribed) States(want ...string) {
	s.k.t.Helper()
	s.k.wait(strings.Join(want, ", "), func() bool {
		return slices.EqualFunc(s.k.heard[s.id], want, func(n News, state string) bool { return n.State == state })
	})
}
