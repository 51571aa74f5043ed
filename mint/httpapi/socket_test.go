package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/events"
	"mintmark/mint/gate"
)

// site is a server with WebSockets, and its mint.
type site struct {
	*httptest.Server
	handler *Handler
	mint    *fakeMint
	logged  *logText
}

func serveSockets(t testing.TB, limits SocketLimits) *site {
	t.Helper()
	m := newFakeMint()
	h, logged := server(t, m, func(c *Config) {
		c.Sockets, c.Gate = limits, openGate(t)
	})
	s := &site{httptest.NewServer(h), h.(*Handler), m, logged}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.hub.Run(ctx) }()
	t.Cleanup(func() {
		s.handler.CloseSockets(ctx)
		s.Close()
		cancel()
		<-done
	})
	return s
}

// openGate lets everybody in, and believes this machine who asks.
func openGate(t testing.TB) Gate {
	t.Helper()
	g, err := gate.New(gate.Config{Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// quote puts a quote into the mint, as it is after so many changes.
func (s *site) quote(id string, changes int) {
	q := mint.MintQuote{ID: id, Method: "bolt11", Unit: "sat", Amount: 8, Request: "lnbc8", Updated: time.Unix(1_800_000_000+int64(changes), 0)}
	if changes > 0 {
		q.AmountPaid = 8
	}
	s.mint.change("bolt11_mint_quote", id, mint.MintQuoteNews{MintQuote: q})
}

// wallet is the other end of a WebSocket.
type wallet struct {
	t    testing.TB
	conn *websocket.Conn
}

func (s *site) connect(t testing.TB) *wallet {
	t.Helper()
	conn, resp, err := websocket.Dial(t.Context(), s.URL+"/v1/ws", &websocket.DialOptions{
		HTTPHeader: http.Header{"Origin": {"https://wallet.example"}},
	})
	if err != nil {
		t.Fatalf("%v (%v)", err, resp)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &wallet{t, conn}
}

func (w *wallet) say(text string, args ...any) {
	w.t.Helper()
	if len(args) > 0 {
		text = fmt.Sprintf(text, args...)
	}
	if err := w.conn.Write(w.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		w.t.Fatalf("saying %.100s: %v", text, err)
	}
}

func (w *wallet) hear() (string, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	_, text, err := w.conn.Read(ctx)
	return string(text), err
}

func (w *wallet) want(texts ...string) {
	w.t.Helper()
	for _, want := range texts {
		got, err := w.hear()
		if err != nil {
			w.t.Fatalf("waiting for %s: %v", want, err)
		}
		if got != want {
			w.t.Fatalf("heard %s\n want %s", got, want)
		}
	}
}

func (w *wallet) wantEnd(code websocket.StatusCode) {
	w.t.Helper()
	for {
		if _, err := w.hear(); err != nil {
			if got := websocket.CloseStatus(err); got != code {
				w.t.Errorf("it ended with %v, %v; want %v", got, err, code)
			}
			return
		}
	}
}

const (
	subscribeQuote = `{"jsonrpc":"2.0","id":%d,"method":"subscribe","params":{"kind":"bolt11_mint_quote","subId":"%s","filters":["%s"]}}`
	okReply        = `{"jsonrpc":"2.0","result":{"status":"OK","subId":"%s"},"id":%s}`
)

func notified(subID, quote string, changes int) string {
	paid, state := 0, "UNPAID"
	if changes > 0 {
		paid, state = 8, "PAID"
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","method":"subscribe","params":{"subId":"%s","payload":`+
		`{"quote":"%s","request":"lnbc8","unit":"sat","amount":8,"method":"bolt11","state":"%s","expiry":null,"amount_paid":%d,"amount_issued":0,"updated_at":%d}}}`,
		subID, quote, state, paid, 1_800_000_000+changes)
}

func TestAWalletSubscribesHearsAndUnsubscribes(t *testing.T) {
	t.Parallel()
	s := serveSockets(t, SocketLimits{})
	s.quote("q1", 0)
	w := s.connect(t)
	w.say(subscribeQuote, 1, "s1", "q1")
	w.want(fmt.Sprintf(okReply, "s1", "1"), notified("s1", "q1", 0))
	s.quote("q1", 1)
	w.want(notified("s1", "q1", 1))
	w.say(`{"jsonrpc":"2.0","id":"two","method":"unsubscribe","params":{"subId":"s1"}}`)
	w.want(fmt.Sprintf(okReply, "s1", `"two"`))
	s.quote("q1", 2)
	w.say(subscribeQuote, 3, "s1", "q1") // the same name again
	w.want(fmt.Sprintf(okReply, "s1", "3"), notified("s1", "q1", 2))
	if err := w.conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
}

// The payload is what the wallet would get by asking.
func TestNotificationsCarryWhatTheRoutesAnswer(t *testing.T) {
	t.Parallel()
	s := serveSockets(t, SocketLimits{})
	y := point(t, 7)
	s.quote("q1", 1)
	s.mint.mintQuote = func(string, string) (mint.MintQuote, error) {
		return s.mint.states[events.Topic{Kind: "bolt11_mint_quote", ID: "q1"}].(mint.MintQuoteNews).MintQuote, nil
	}
	record := mint.ProofRecord{SpentProof: mint.SpentProof{Y: y, Witness: `{"preimage":"<&>"}`}, State: mint.ProofSpent}
	s.mint.change("proof_state", "y", mint.ProofNews{ProofRecord: record})
	w := s.connect(t)
	payload := func(kind, id string) string {
		w.say(`{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"kind":"%s","subId":"%s","filters":["%s"]}}`, kind, id, id)
		w.want(fmt.Sprintf(okReply, id, "1"))
		text, err := w.hear()
		if err != nil {
			t.Fatal(err)
		}
		var n struct {
			Params struct{ Payload json.RawMessage }
		}
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			t.Fatal(err)
		}
		return string(n.Params.Payload)
	}
	if got, want := payload("bolt11_mint_quote", "q1"), ask(s.handler, "GET", "/v1/mint/quote/bolt11/q1", "").Body.String(); got != want {
		t.Errorf("the payload is %s\nthe route says %s", got, want)
	}
	want, _ := cashu.Encode(stateEntry(record))
	if got := payload("proof_state", "y"); got != string(want) {
		t.Errorf("the payload is %s, want %s", got, want)
	}
}

func TestWrongRequestsAreAnsweredWithTheCodesOfJSONRPC(t *testing.T) {
	t.Parallel()
	s := serveSockets(t, SocketLimits{Subscriptions: 2, Filters: 3})
	s.quote("q1", 0)
	w := s.connect(t)
	w.say(subscribeQuote, 0, "taken", "q1")
	w.want(fmt.Sprintf(okReply, "taken", "0"), notified("taken", "q1", 0))
	for _, tt := range []struct {
		text string
		code int
		id   string
	}{
		{`{`, -32700, "null"},
		{``, -32700, "null"},
		{"\"\xff\"", -32700, "null"},
		{`{"jsonrpc":"2.0","id":1,"id":2,"method":"subscribe"}`, -32700, "null"},
		{`[]`, -32600, "null"},
		{`[{"jsonrpc":"2.0","id":1,"method":"subscribe"}]`, -32600, "null"},
		{`{"jsonrpc":"2.0","method":"subscribe"}`, -32600, "null"},
		{`{"jsonrpc":"2.0","id":null,"method":"subscribe"}`, -32600, "null"},
		{`{"jsonrpc":"2.0","id":{},"method":"subscribe"}`, -32600, "null"},
		{`{"jsonrpc":"2.0","id":1,"method":7}`, -32600, "null"},
		{`{"jsonrpc":"1.0","id":1,"method":"subscribe"}`, -32600, "1"},
		{`{"id":1,"method":"subscribe"}`, -32600, "1"},
		{`{"jsonrpc":"2.0","id":"1","method":"ask"}`, -32601, `"1"`},
		{`{"jsonrpc":"2.0","id":1,"method":"subscribe"}`, -32602, "1"},
		{`{"jsonrpc":"2.0","id":1,"method":"subscribe","params":[]}`, -32602, "1"},
		{`{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"kind":"bolt11_mint_quote","filters":["q1"]}}`, -32602, "1"},
		{`{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"kind":["bolt11_mint_quote"],"subId":"s","filters":["q1"]}}`, -32602, "1"},
		{`{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"kind":"x","subId":"s","filters":["q1"]}}`, -32602, "1"},
		{`{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"kind":"bolt11_mint_quote","subId":"s","filters":["q1","nobody's"]}}`, -32602, "1"},
		{`{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"kind":"bolt11_mint_quote","subId":"s","filters":["q1","q1","q1"]}}`, -32602, "1"},
		{fmt.Sprintf(subscribeQuote, 1, "taken", "q1"), -32602, "1"},
		{fmt.Sprintf(subscribeQuote, 1, strings.Repeat("x", 129), "q1"), -32602, "1"},
		{`{"jsonrpc":"2.0","id":1,"method":"unsubscribe","params":{"subId":"other"}}`, -32602, "1"},
	} {
		w.say("%s", tt.text)
		text, err := w.hear()
		if err != nil {
			t.Fatalf("%s: %v", tt.text, err)
		}
		var reply struct {
			JSONRPC string
			ID      json.RawMessage
			Error   struct {
				Code    int
				Message string
			}
		}
		if err := json.Unmarshal([]byte(text), &reply); err != nil || reply.JSONRPC != "2.0" || reply.Error.Code != tt.code ||
			string(reply.ID) != tt.id || reply.Error.Message == "" {
			t.Errorf("%s\nis answered with %s, want code %d and id %s", tt.text, text, tt.code, tt.id)
		}
	}
	w.say(subscribeQuote, 1, "s", "q1")
	w.want(fmt.Sprintf(okReply, "s", "1"), notified("s", "q1", 0))
	w.say(subscribeQuote, 1, "one too many", "q1")
	if text, _ := w.hear(); !strings.Contains(text, "-32602") {
		t.Errorf("a third subscription: %s", text)
	}
}

func TestWhatIsTooLongOrNoTextEndsTheConnection(t *testing.T) {
	t.Parallel()
	s := serveSockets(t, SocketLimits{Message: 4 << 10})
	long := s.connect(t)
	_ = long.conn.Write(t.Context(), websocket.MessageText, bytes.Repeat([]byte(" "), 4<<10+1))
	long.wantEnd(websocket.StatusMessageTooBig)
	binary := s.connect(t)
	_ = binary.conn.Write(t.Context(), websocket.MessageBinary, []byte("{}"))
	binary.wantEnd(websocket.StatusUnsupportedData)
	flood := s.connect(t)
	go func() {
		for range 2 * budgetBurst {
			if flood.conn.Write(t.Context(), websocket.MessageText, []byte("{}")) != nil {
				return
			}
		}
	}()
	flood.wantEnd(websocket.StatusPolicyViolation)
}

func TestAConnectionThatNobodyUsesIsClosedAndOneInUseIsNot(t *testing.T) {
	t.Parallel()
	s := serveSockets(t, SocketLimits{Ping: time.Second, Idle: 2 * time.Second})
	s.quote("q1", 0)
	used, unused := s.connect(t), s.connect(t)
	used.say(subscribeQuote, 1, "s1", "q1")
	used.want(fmt.Sprintf(okReply, "s1", "1"), notified("s1", "q1", 0))
	go func() {
		time.Sleep(4 * time.Second)
		s.quote("q1", 1)
	}()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		unused.wantEnd(websocket.StatusNormalClosure)
	}()
	used.want(notified("s1", "q1", 1)) // and answers pings meanwhile
	<-ended
}

func TestAWalletThatAnswersNoPingIsClosed(t *testing.T) {
	t.Parallel()
	s := serveSockets(t, SocketLimits{Ping: 50 * time.Millisecond})
	w := s.connect(t)
	time.Sleep(300 * time.Millisecond) // it reads nothing, so it answers nothing
	if n := s.handler.api.sockets.count(); n != 0 {
		w.wantEnd(websocket.StatusPolicyViolation)
	}
}

func (s *sockets) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

func TestASlowReaderIsToldAndClosed(t *testing.T) {
	t.Parallel()
	s := serveSockets(t, SocketLimits{Write: 300 * time.Millisecond})
	s.quote("q1", 0)
	slow, quick := s.connect(t), s.connect(t)
	for _, w := range []*wallet{slow, quick} {
		w.say(subscribeQuote, 1, "s1", "q1")
		w.want(fmt.Sprintf(okReply, "s1", "1"), notified("s1", "q1", 0))
	}
	for i := 1; s.mint.hub.Stats().Slow == 0; i++ {
		s.quote("q1", i)
		quick.want(notified("s1", "q1", i))
		if i > 1_000_000 {
			t.Fatal("a million notifications wait for one that reads nothing")
		}
	}
	eventually(t, "the slow one is gone", func() bool { return s.handler.api.sockets.count() == 1 })
	if got := s.mint.hub.Stats(); got.Slow != 1 || got.Inboxes != 1 {
		t.Errorf("%+v", got)
	}
}

// One that reads again in time hears why.
func TestOneWhoFellBehindIsToldSo(t *testing.T) {
	t.Parallel()
	s := serveSockets(t, SocketLimits{Write: 20 * time.Second})
	s.quote("q1", 0)
	w := s.connect(t)
	w.say(subscribeQuote, 1, "s1", "q1")
	w.want(fmt.Sprintf(okReply, "s1", "1"))
	for i := 1; s.mint.hub.Stats().Slow == 0; i++ {
		s.quote("q1", i)
	}
	w.wantEnd(websocket.StatusTryAgainLater)
}

func eventually(t testing.TB, what string, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !yes(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func TestTooManyConnectionsAreRefusedBeforeTheUpgrade(t *testing.T) {
	t.Parallel()
	s := serveSockets(t, SocketLimits{Connections: 3, PerAddress: 2})
	dial := func(header ...string) (*websocket.Conn, int) {
		h := http.Header{}
		for i := 0; i+1 < len(header); i += 2 {
			h.Add(header[i], header[i+1])
		}
		conn, resp, err := websocket.Dial(t.Context(), s.URL+"/v1/ws", &websocket.DialOptions{HTTPHeader: h})
		if err == nil {
			t.Cleanup(func() { _ = conn.CloseNow() })
		}
		return conn, resp.StatusCode
	}
	proxied := []string{"X-Forwarded-For", "203.0.113.1, 198.51.100.7"}
	for i, want := range []int{101, 101, 503} {
		if _, got := dial(proxied...); got != want {
			t.Errorf("connection %d of one address: %d, want %d", i+1, got, want)
		}
	}
	last, got := dial("X-Forwarded-For", "198.51.100.7, 203.0.113.1")
	if got != 101 {
		t.Errorf("of another address: %d", got)
	}
	if _, got := dial(); got != 503 {
		t.Errorf("one more than there may be: %d", got)
	}
	_ = last.CloseNow()
	eventually(t, "there is room again", func() bool { _, got := dial(); return got == 101 })
}

func TestARequestThatIsNoWebSocketIsRefused(t *testing.T) {
	t.Parallel()
	s := serveSockets(t, SocketLimits{})
	if w := ask(s.handler, "GET", "/v1/ws", ""); w.Code != http.StatusUpgradeRequired || !strings.Contains(w.Body.String(), `"detail"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if n := s.handler.api.sockets.count(); n != 0 {
		t.Errorf("%d are open", n)
	}
}

func TestShutdownSaysGoodbyeAndAdmitsNoMore(t *testing.T) {
	t.Parallel()
	s := serveSockets(t, SocketLimits{})
	s.quote("q1", 0)
	polite, dead := s.connect(t), s.connect(t)
	polite.say(subscribeQuote, 1, "s1", "q1")
	polite.want(fmt.Sprintf(okReply, "s1", "1"), notified("s1", "q1", 0))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		s.handler.CloseSockets(ctx)
		close(ended)
	}()
	polite.wantEnd(websocket.StatusGoingAway)
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("one that does not answer holds up the shutdown")
	}
	_, resp, err := websocket.Dial(t.Context(), s.URL+"/v1/ws", nil)
	if err == nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("after the shutdown: %v %v", resp, err)
	}
	_ = dead.conn.CloseNow()
}

func TestASocketIsOneRecordInTheLogWithoutWhatWasSaid(t *testing.T) {
	t.Parallel()
	s := serveSockets(t, SocketLimits{})
	s.quote("hush", 0)
	w := s.connect(t)
	w.say(subscribeQuote, 1, "hush", "hush")
	w.want(fmt.Sprintf(okReply, "hush", "1"))
	_ = w.conn.Close(websocket.StatusNormalClosure, "hush")
	eventually(t, "it has ended", func() bool { return s.handler.api.sockets.count() == 0 })
	text := s.logged.String()
	if strings.Contains(text, "hush") || strings.Count(text, "\n") != 1 || !strings.Contains(text, `route="GET /v1/ws" status=101`) {
		t.Errorf("log:\n%s", text)
	}
}

// Nothing of a connection is left when it is gone, however it went.
func TestTenThousandConnectionsLeaveNothingBehind(t *testing.T) {
	s := serveSockets(t, SocketLimits{})
	s.quote("q1", 0)
	round := func(n int) {
		var wg sync.WaitGroup
		for worker := range 20 {
			wg.Go(func() {
				for i := worker; i < n; i += 20 {
					s.comeAndGo(t, i)
				}
			})
		}
		wg.Wait()
		eventually(t, "all are gone", func() bool { return s.handler.api.sockets.count() == 0 })
	}
	round(400) // so that what is kept for ever is there
	memory := func() (uint64, int) {
		http.DefaultClient.CloseIdleConnections()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, runtime.NumGoroutine()
	}
	heap, goroutines := memory()
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	round(n)
	var after uint64
	eventually(t, "goroutines end", func() bool {
		var left int
		after, left = memory()
		return left <= goroutines+5
	})
	if after > heap+(2<<20) {
		t.Errorf("the heap has grown from %d to %d bytes", heap, after)
	}
	if got := s.mint.hub.Stats(); got.Inboxes != 0 || got.Subscriptions != 0 || got.Topics != 0 {
		t.Errorf("left behind: %+v", got)
	}
	s.handler.api.sockets.mu.Lock()
	defer s.handler.api.sockets.mu.Unlock()
	if len(s.handler.api.sockets.from) != 0 {
		t.Errorf("%d addresses are left behind", len(s.handler.api.sockets.from))
	}
}

// comeAndGo is one short visit, which ends in one of several ways.
func (s *site) comeAndGo(t *testing.T, i int) {
	conn, resp, err := websocket.Dial(t.Context(), s.URL+"/v1/ws", &websocket.DialOptions{
		HTTPHeader: http.Header{"X-Forwarded-For": {fmt.Sprintf("203.0.113.%d", i%250)}},
	})
	if err != nil {
		t.Errorf("%v %v", err, resp)
		return
	}
	defer conn.CloseNow()
	if i%5 == 0 {
		return
	}
	if err := conn.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, subscribeQuote, 1, "s1", "q1")); err != nil {
		t.Error(err)
		return
	}
	for range i % 3 {
		if _, _, err := conn.Read(t.Context()); err != nil {
			t.Error(err)
			return
		}
	}
	switch i % 4 {
	case 0:
		_ = conn.Close(websocket.StatusNormalClosure, "")
	case 1:
		_ = conn.Write(t.Context(), websocket.MessageBinary, nil)
	}
}

func FuzzSocketCommand(f *testing.F) {
	m := newFakeMint()
	m.states[events.Topic{Kind: "bolt11_mint_quote", ID: "q1"}] = mint.MintQuoteNews{MintQuote: mint.MintQuote{ID: "q1"}}
	h, _ := server(f, m, nil)
	for _, text := range []string{
		fmt.Sprintf(subscribeQuote, 1, "s1", "q1"), `{"jsonrpc":"2.0","id":1,"method":"unsubscribe","params":{"subId":"s1"}}`,
		`{`, `[]`, `{"id":1e999}`, `{"jsonrpc":"2.0","id":"\ud800","method":"subscribe"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &socket{api: h.(*Handler).api, subs: map[string]*events.Subscription{}}
		s.ctx, s.end = context.WithCancelCause(t.Context())
		defer s.end(nil)
		s.inbox = m.OpenInbox()
		defer s.inbox.Close()
		reply := s.command(text)
		if reply != nil {
			s.inbox.Post(reply)
		}
		list, err := s.inbox.Next(t.Context())
		if err != nil || len(list) == 0 {
			t.Fatalf("no answer: %v", err)
		}
		for _, d := range list {
			if answer, err := encodeDelivery(d); err != nil || !json.Valid(answer) {
				t.Fatalf("answer %q: %v", answer, err)
			}
		}
	})
}
