package mintclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// talker is a mint that has nothing but a WebSocket, on which it does what a test
// says.
type talker struct {
	t      *testing.T
	client *Client
	dials  atomic.Int32
}

// ear is one connection of a talker.
type ear struct {
	ctx  context.Context
	conn *websocket.Conn
}

// hear gives the next request.
func (e ear) hear() (method, sub string, id int, err error) {
	_, text, err := e.conn.Read(e.ctx)
	if err != nil {
		return "", "", 0, err
	}
	var m struct {
		Method string `json:"method"`
		ID     int    `json:"id"`
		Params struct {
			SubID string `json:"subId"`
		} `json:"params"`
	}
	err = json.Unmarshal(text, &m)
	return m.Method, m.Params.SubID, m.ID, err
}

func (e ear) say(format string, args ...any) error {
	return e.conn.Write(e.ctx, websocket.MessageText, fmt.Appendf(nil, format, args...))
}

func (e ear) accept(sub string, id int) error {
	return e.say(`{"jsonrpc":"2.0","result":{"status":"OK","subId":%q},"id":%d}`, sub, id)
}

func (e ear) report(sub, state string) error {
	return e.say(`{"jsonrpc":"2.0","method":"subscribe","params":{"subId":%q,"payload":{"state":%q}}}`, sub, state)
}

// quick are times that tests can wait for.
var quick = lineTimes{
	dial: 300 * time.Millisecond, write: 300 * time.Millisecond, ping: 100 * time.Millisecond,
	first: time.Millisecond, last: 50 * time.Millisecond, quiet: time.Hour, rest: 20 * time.Millisecond,
}

// talk serves connections: n counts them from 1.
func talk(t *testing.T, do func(e ear, n int)) *talker {
	t.Helper()
	return talkOver(t, func(a *talker, w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		do(ear{r.Context(), conn}, int(a.dials.Load()))
	})
}

func talkOver(t *testing.T, answer func(a *talker, w http.ResponseWriter, r *http.Request)) *talker {
	t.Helper()
	a := &talker{t: t}
	ctx, cancel := context.WithCancel(context.Background())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/ws" {
			http.NotFound(w, r)
			return
		}
		a.dials.Add(1)
		answer(a, w, r.WithContext(ctx))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(cancel)
	c, err := New(Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	c.line.times = quick
	t.Cleanup(c.Close)
	a.client = c
	return a
}

// long is a pause that no test waits for.
const long = time.Hour

func (a *talker) watch(ignore ...string) *Watch {
	a.t.Helper()
	w := a.client.Watch(Topic{Kind: "bolt11_mint_quote", Filters: []string{"q"}, Ignore: ignore})
	a.t.Cleanup(w.Close)
	return w
}

// told waits for news that must come.
func (a *talker) told(w *Watch, what string) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 30*time.Second)
	defer cancel()
	if err := w.Wait(ctx, long); err != nil {
		a.t.Fatalf("%s was not heard: %v", what, err)
	}
}

// silent waits for news that must not come.
func (a *talker) silent(w *Watch, what string) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := w.Wait(ctx, long); !errors.Is(err, context.DeadlineExceeded) {
		a.t.Fatalf("%s was heard: %v", what, err)
	}
}

func TestAWatchHearsWhatTheMintReports(t *testing.T) {
	pay := make(chan struct{})
	a := talk(t, func(e ear, _ int) {
		method, sub, id, err := e.hear()
		if err != nil || method != "subscribe" {
			t.Errorf("heard %q: %v", method, err)
		}
		_ = e.accept(sub, id)
		_ = e.report(sub, "UNPAID")
		<-pay
		_ = e.report("another", "PAID")
		_ = e.report(sub, "PAID")
		_, _, _, _ = e.hear()
	})
	w := a.watch("UNPAID")
	a.silent(w, "what nobody waits for")
	close(pay)
	a.told(w, "the payment")
}

// All that a client watches goes over one line; what is closed is said to be.
func TestWatchesShareALine(t *testing.T) {
	var mu sync.Mutex
	subs := map[string]bool{}
	a := talk(t, func(e ear, _ int) {
		for {
			method, sub, id, err := e.hear()
			if err != nil {
				return
			}
			mu.Lock()
			subs[sub] = method == "subscribe"
			mu.Unlock()
			_ = e.accept(sub, id)
		}
	})
	open := func() (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, is := range subs {
			if is {
				n++
			}
		}
		return n
	}
	until := func(want int) {
		t.Helper()
		for end := time.Now().Add(30 * time.Second); open() != want; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d subscriptions, want %d", open(), want)
			}
		}
	}
	var all []*Watch
	for range 10 {
		all = append(all, a.watch())
	}
	until(10)
	for _, w := range all[1:] {
		w.Close()
	}
	until(1)
	if n := a.dials.Load(); n != 1 {
		t.Errorf("%d lines", n)
	}
}

func TestALineThatBreaksIsOpenedAgain(t *testing.T) {
	pay := make(chan struct{})
	a := talk(t, func(e ear, n int) {
		_, sub, id, _ := e.hear()
		_ = e.accept(sub, id)
		if n < 3 {
			return // it breaks
		}
		<-pay
		_ = e.report(sub, "PAID")
		_, _, _, _ = e.hear()
	})
	w := a.watch()
	for a.dials.Load() < 3 {
		a.told(w, "the break") // something may have been missed
	}
	for !w.live.Load() {
		time.Sleep(time.Millisecond)
	}
	select {
	case <-w.news: // of the last break
	default:
	}
	close(pay)
	a.told(w, "the payment")
}

func TestAMintThatRefusesIsAskedSeldom(t *testing.T) {
	for name, status := range map[string]int{"has none": 404, "wants something else": 401, "sends elsewhere": 302, "is ill": 503} {
		t.Run(name, func(t *testing.T) {
			a := talkOver(t, func(_ *talker, w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "/v1/ws")
				w.WriteHeader(status)
			})
			w := a.watch()
			for range 20 {
				if err := w.Wait(t.Context(), 10*time.Millisecond); err != nil { // polling goes on
					t.Fatal(err)
				}
			}
			if n := a.dials.Load(); n > 15 {
				t.Errorf("it was dialled %d times", n)
			}
		})
	}
}

func TestAMintThatHangsDoesNotHoldUpPolling(t *testing.T) {
	hang := func(e ear) { <-e.ctx.Done() }
	for name, do := range map[string]func(e ear){
		"at once": hang,
		"after the subscription": func(e ear) {
			_, sub, id, _ := e.hear()
			_ = e.accept(sub, id)
			hang(e) // and reads no ping
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := talk(t, func(e ear, _ int) { do(e) })
			w := a.watch()
			for a.dials.Load() < 2 { // the dead line is noticed, and opened again
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				if err := w.Wait(ctx, 10*time.Millisecond); err != nil {
					t.Fatal(err)
				}
				cancel()
			}
		})
	}
	t.Run("before the upgrade", func(t *testing.T) {
		a := talkOver(t, func(_ *talker, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		w := a.watch()
		for range 5 {
			if err := w.Wait(t.Context(), 10*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A mint that talks without end, or nonsense, loses its line and is asked no more
// often than one that is polled.
func TestAMintThatTalksWithoutEndIsNotAskedWithoutEnd(t *testing.T) {
	for name, say := range map[string]func(e ear, sub string) error{
		"news":       func(e ear, sub string) error { return e.report(sub, "PAID") },
		"nonsense":   func(e ear, _ string) error { return e.say("hello") },
		"no text":    func(e ear, _ string) error { return e.conn.Write(e.ctx, websocket.MessageBinary, []byte{1}) },
		"a refusal":  func(e ear, _ string) error { return e.say(`{"jsonrpc":"2.0","error":{"code":-32602},"id":1}`) },
		"a long one": func(e ear, _ string) error { return e.say("%*d", maxMessage+1, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			a := talk(t, func(e ear, _ int) {
				_, sub, id, _ := e.hear()
				_ = e.accept(sub, id)
				for say(e, sub) == nil {
				}
			})
			w := a.watch()
			asked, began := 0, time.Now()
			for time.Since(began) < 300*time.Millisecond {
				if err := w.Wait(t.Context(), 100*time.Millisecond); err != nil {
					t.Fatal(err)
				}
				asked++
			}
			if most := int(time.Since(began)/quick.rest) + 2; asked > most {
				t.Errorf("asked %d times in %v, more than %d", asked, time.Since(began), most)
			}
			for end := time.Now().Add(30 * time.Second); a.dials.Load() < 2; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("the line was kept")
				}
			}
		})
	}
}

func TestAClientThatIsClosedLetsGo(t *testing.T) {
	gone := make(chan struct{})
	a := talk(t, func(e ear, _ int) {
		_, sub, id, _ := e.hear()
		_ = e.accept(sub, id)
		_, _, _, _ = e.hear()
		close(gone)
	})
	w := a.watch()
	for !w.live.Load() {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := w.Wait(ctx, long); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	w.Close()
	<-gone
	a.client.Close()
	w.Close() // again changes nothing
	if n := a.dials.Load(); n != 1 {
		t.Errorf("%d lines", n)
	}
}

func TestWithoutAFilterNobodyListens(t *testing.T) {
	a := talk(t, func(ear, int) {})
	for _, filters := range [][]string{nil, make([]string, maxFilters+1)} {
		w := a.client.Watch(Topic{Kind: ProofState, Filters: filters})
		if err := w.Wait(t.Context(), time.Millisecond); err != nil {
			t.Error(err)
		}
		w.Close()
	}
	if n := a.dials.Load(); n != 0 {
		t.Errorf("%d lines", n)
	}
}
