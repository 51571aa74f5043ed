package wallet_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// fault is what happens to one request, or to one commit.
type fault string

const (
	lostRequest  fault = "request lost"
	lostAnswer   fault = "answer lost"
	slow         fault = "mint slow" // it arrives when nobody waits any more
	veryLate     fault = "request arrives after recovery"
	down         fault = "mint down"
	unavailable  fault = "HTTP 503"
	badGateway   fault = "HTTP 502 after all"
	cutOff       fault = "answer cut off"
	garbage      fault = "answer is garbage"
	empty        fault = "answer is empty"
	refused      fault = "refused"
	refusedAfter fault = "refused after all"
	limited      fault = "too many requests"

	notCommitted fault = "commit fails"
	committed    fault = "commit fails after all"
)

// lasting is the end of the name of a fault that is not over after one time.
const lasting = ", lasting"

var (
	lineFaults  = []fault{lostRequest, lostAnswer, slow, veryLate, down, unavailable, badGateway, cutOff, garbage, empty, refused, refusedAfter, limited}
	storeFaults = []fault{notCommitted, committed}
)

// brokenLine is a way to the mint on which request number at has a fault, and those
// after it if it lasts.
type brokenLine struct {
	mu    sync.Mutex
	n, at int
	fault fault
	lasts bool
	late  sync.WaitGroup
	gate  chan struct{} // closed when very late requests arrive
}

func newBrokenLine(f fault, at int, lasts bool) *brokenLine {
	return &brokenLine{fault: f, at: at, lasts: lasts, gate: make(chan struct{})}
}

// heal ends faults. Requests that are late have arrived when it returns.
func (l *brokenLine) heal() {
	l.mu.Lock()
	l.fault = ""
	l.mu.Unlock()
}

// listens tells that a request opens a WebSocket. When that happens says nothing
// about an operation, and what is heard there proves nothing.
func listens(r *http.Request) bool { return r.Header.Get("Upgrade") != "" }

func (l *brokenLine) RoundTrip(r *http.Request) (*http.Response, error) {
	if listens(r) {
		return http.DefaultTransport.RoundTrip(r)
	}
	l.mu.Lock()
	l.n++
	f := l.fault
	if l.n < l.at || l.n > l.at && !l.lasts {
		f = ""
	}
	l.mu.Unlock()
	answer := func(status int, kind, text string) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
			Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)),
		}, nil
	}
	const refusal = `{"detail":"not balanced","code":11002}`
	switch f {
	case lostRequest:
		return nil, errors.New("lost")
	case down:
		return nil, &net.OpError{Op: "dial", Err: errors.New("down")}
	case unavailable:
		return answer(503, "text/html", "<h1>later</h1>")
	case limited:
		return answer(429, "application/json", `{"detail":"slow down","code":31999}`)
	case refused:
		return answer(400, "application/json", refusal)
	case slow, veryLate:
		return nil, l.lateRequest(r, f)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || f == "" {
		return resp, err
	}
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	switch f {
	case badGateway:
		return answer(502, "text/html", "<h1>bad</h1>")
	case garbage:
		return answer(200, "application/json", "<h1>hello</h1>")
	case empty:
		return answer(200, "application/json", "{}")
	case refusedAfter:
		return answer(400, "application/json", refusal)
	case cutOff:
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(text[:len(text)/2]), broken{}))
		return resp, nil
	}
	return nil, errors.New("the answer is lost")
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// lateRequest sends the request when nobody waits for it any more.
func (l *brokenLine) lateRequest(r *http.Request, f fault) error {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	later := r.Clone(context.Background())
	later.Body = io.NopCloser(bytes.NewReader(body))
	l.late.Go(func() {
		if f == veryLate {
			<-l.gate
		} else {
			time.Sleep(5 * time.Millisecond)
		}
		if resp, err := http.DefaultTransport.RoundTrip(later); err == nil {
			resp.Body.Close()
		}
	})
	return context.DeadlineExceeded
}

// arrive lets what is late arrive.
func (l *brokenLine) arrive() {
	close(l.gate)
	l.late.Wait()
}

// brokenStore is a store in which commit number at has a fault, and those after it
// if it lasts.
type brokenStore struct {
	wallet.Store
	mu    sync.Mutex
	n, at int
	fault fault
	lasts bool
}

var errStore = errors.New("the disk is full")

func (s *brokenStore) Update(ctx context.Context, fn func(tx wallet.Tx) error) error {
	s.mu.Lock()
	s.n++
	f := s.fault
	if s.n < s.at || s.n > s.at && !s.lasts {
		f = ""
	}
	s.mu.Unlock()
	if f == notCommitted {
		return errStore
	}
	err := s.Store.Update(ctx, fn)
	if err == nil && f == committed {
		return errStore
	}
	return err
}

func (s *brokenStore) heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = ""
}

func newSeed(t testing.TB) []byte {
	t.Helper()
	seed := make([]byte, 64)
	if _, err := rand.Read(seed); err != nil {
		t.Fatal(err)
	}
	return seed
}

// stageOn sets a stage on databases; path is x's.
func (w *world) stageOn(path string) *stage {
	w.t.Helper()
	w.ahead.Store(0)
	w.spare = w.owed()
	s := &stage{world: w, xSeed: newSeed(w.t)}
	s.xStore, s.yStore = w.openStore(path), w.openStore(sqldb.Memory)
	s.x, s.y = w.walletBy(s.xStore, w.line, s.xSeed), w.walletBy(s.yStore, w.line, newSeed(w.t))
	for _, x := range []*wallet.Wallet{s.x, s.y} { // they know the mint
		if _, err := x.Mint(w.t.Context(), w.url); err != nil {
			w.t.Fatal(err)
		}
		if w.guarded {
			w.logIn(x)
		}
	}
	return s
}

func (w *world) walletOfSeed(seed []byte) (*wallet.Wallet, wallet.Store) {
	store := w.openStore(sqldb.Memory)
	return w.walletBy(store, w.line, seed), store
}

// lostMelts is a way to the mint on which payments are lost.
type lostMelts struct{ lost func() }

func (l lostMelts) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Path, "/v1/melt/bolt11") {
		l.lost()
		return nil, errors.New("lost")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// faultCase is one fault at one place.
type faultCase struct {
	line  *brokenLine
	store *brokenStore
	on    where
	fault string // and how long it lasts
	what  string
}

// faultCases are all faults at all places of an operation. Every fourth is one of a
// wallet on PostgreSQL.
func faultCases(requests, commits int) (cases []faultCase) {
	add := func(f fault, line *brokenLine, store *brokenStore, place string, lasts bool) {
		c := faultCase{line: line, store: store, on: onSQLite, fault: string(f)}
		if lasts {
			c.fault += lasting
		}
		c.what = c.fault + " at " + place
		cases = append(cases, c)
	}
	for _, lasts := range []bool{false, true} {
		for at := 1; at <= requests; at++ {
			for _, f := range lineFaults {
				add(f, newBrokenLine(f, at, lasts), &brokenStore{}, fmt.Sprintf("request %d of %d", at, requests), lasts)
			}
		}
		for at := 1; at <= commits; at++ {
			for _, f := range storeFaults {
				add(f, newBrokenLine("", 0, false), &brokenStore{fault: f, at: at, lasts: lasts}, fmt.Sprintf("commit %d of %d", at, commits), lasts)
			}
		}
	}
	for i := range cases {
		if i%4 == 3 {
			cases[i].on = onPostgres
		}
	}
	return cases
}

// allFaults asks for the whole matrix, which takes minutes; without it one case
// of 37 is done.
const allFaults = "MINTMARK_WALLET_MATRIX"

// Every operation, with every fault at every request and every commit, once and for
// a while: after recovery nothing is lost, nothing is counted twice, and nothing is
// pending (I1 to I12).
func TestEveryFaultAtEveryEdge(t *testing.T) {
	stride := 37
	if os.Getenv(allFaults) != "" {
		stride = 1
	}
	var byOperation, byFault tally
	began := time.Now()
	t.Cleanup(func() {
		t.Log(byOperation.table("operation, with a fault"))
		t.Logf("%s| in | %v |", byFault.table("fault"), time.Since(began).Round(time.Second))
	})
	for _, f := range slices.Concat(lineFaults, storeFaults) {
		byFault.expect(string(f), string(f)+lasting)
	}
	for offset, sc := range scenarios() {
		byOperation.expect(sc.name)
		if raced && offset%10 != 0 {
			continue
		}
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			requests, commits := countEdges(t, sc)
			byOperation.note(sc.name, "%d requests, %d commits", requests, commits)
			cases := faultCases(requests, commits)
			var chosen []faultCase
			for i := offset % stride; i < len(cases); i += stride {
				chosen = append(chosen, cases[i])
			}
			// A mint for a few cases: it keeps all its keysets.
			for list := range slices.Chunk(chosen, 8) {
				t.Run(list[0].what, func(t *testing.T) {
					t.Parallel()
					w := sc.world(t)
					for _, c := range list {
						err := w.underFault(sc, c)
						byOperation.add(sc.name, c.on, err)
						byFault.add(c.fault, c.on, err)
						if err != nil {
							t.Errorf("%s on %s: %v", c.what, c.on, err)
						}
					}
				})
			}
			t.Logf("%d requests, %d commits, %d of %d faults", requests, commits, len(chosen), len(cases))
		})
	}
}

// countEdges does the operation without a fault: it works, and has so many places.
func countEdges(t *testing.T, sc scenario) (requests, commits int) {
	t.Helper()
	w := sc.world(t)
	s := w.stageOn(sqldb.Memory)
	arg := sc.prepare(s)
	line, store := newBrokenLine("", 0, false), &brokenStore{Store: s.xStore}
	err := sc.do(t.Context(), w.walletBy(store, line, s.xSeed), w.url, arg)
	if err != nil && sc.name != "melt that fails" {
		t.Fatalf("without a fault: %v", err)
	}
	if err := s.settle(sc.name); err != nil {
		t.Fatalf("without a fault: %v", err)
	}
	return line.n, store.n
}

func (w *world) underFault(sc scenario, c faultCase) error {
	w.t.Helper()
	path := sqldb.Memory
	if c.on == onPostgres {
		path = postgres.Schema(w.t)
	}
	s := w.stageOn(path)
	arg := sc.prepare(s)
	c.store.Store = s.xStore
	ended := sc.do(impatient(w.t.Context()), w.walletBy(c.store, c.line, s.xSeed), w.url, arg)
	c.line.heal()
	c.store.heal()
	_, err := s.x.Recover(w.t.Context(), wallet.RecoverOptions{})
	c.line.arrive()
	if err == nil {
		err = s.settle(sc.name)
	}
	if err != nil {
		return fmt.Errorf("it ended with %v, and then: %w", ended, err)
	}
	return nil
}
