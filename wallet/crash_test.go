package wallet_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mintmark/internal/pgtest"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
	"mintmark/wallet/secrets"
	"mintmark/wallet/sqlstore"
)

// postgres is the server of the tests here.
var postgres pgtest.Shared

// childEnv holds the orders of a process that is to be killed.
const childEnv = "MINTMARK_WALLET_CHILD"

func TestMain(m *testing.M) {
	if orders := os.Getenv(childEnv); orders != "" {
		os.Exit(child(orders))
	}
	code := m.Run()
	postgres.Stop()
	os.Exit(code)
}

// edge is a kind of place at which a process dies.
type edge string

const (
	beforeRequest edge = "before request"
	afterAnswer   edge = "after the answer to request"
	beforeCommit  edge = "before commit"
	afterCommit   edge = "after commit"
	// when: after the commit that leaves the operations of When.
	when edge = "when"
)

// orders are what a process does, and where it dies.
type orders struct {
	Scenario string // empty: recovery
	URL, DB  string
	Seed     string
	Arg      string
	Edge     edge
	At       int    // the first is 1; 0: nowhere
	Path     string // only requests to it count; empty: all
	When     string // states, as statesOf writes them
	Odd      int    // so many swaps are refused in words that no mint has, on their way
}

// mortal counts places and ends the process at one of them.
type mortal struct {
	orders
	wallet.Store
	mu                sync.Mutex
	Requests, Commits int
}

func (m *mortal) passes(e edge, n int) {
	if m.Edge != e || m.At != n || n == 0 {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // no deferred function, nothing flushed
	select {}
}

func (m *mortal) count(n *int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	*n++
	return *n
}

func (m *mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	if listens(r) {
		return http.DefaultTransport.RoundTrip(r)
	}
	n := 0
	if m.Path == "" || m.Path == r.URL.Path {
		n = m.count(&m.Requests)
	}
	m.passes(beforeRequest, n)
	resp, err := http.DefaultTransport.RoundTrip(r)
	m.passes(afterAnswer, n)
	return resp, err
}

func (m *mortal) Update(ctx context.Context, fn func(tx wallet.Tx) error) error {
	n := m.count(&m.Commits)
	m.passes(beforeCommit, n)
	err := m.Store.Update(ctx, fn)
	m.passes(afterCommit, n)
	if err == nil && m.Edge == when {
		sagas, err := m.Sagas(ctx)
		if err != nil {
			return err
		}
		if statesOf(sagas) == m.When {
			m.passes(when, m.At)
		}
	}
	return err
}

// statesOf is what is unfinished, in a few words.
func statesOf(sagas []wallet.Saga) string {
	var list []string
	for _, s := range sagas {
		list = append(list, s.State.Family()+"."+s.State.String())
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// child is the process.
func child(text string) int {
	m := &mortal{}
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if err := json.Unmarshal([]byte(text), &m.orders); err != nil {
		return fail(err)
	}
	seed, err := hex.DecodeString(m.Seed)
	if err != nil {
		return fail(err)
	}
	source, err := secrets.New(seed)
	if err != nil {
		return fail(err)
	}
	ctx := context.Background()
	if m.Store, err = sqlstore.Open(ctx, sqlstore.Config{Path: m.DB, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}); err != nil {
		return fail(err)
	}
	x, err := wallet.New(wallet.Config{Store: m, Secrets: source, Transport: &odd{way: m, left: m.Odd}, Retry: time.Millisecond})
	if err != nil {
		return fail(err)
	}
	switch m.Scenario {
	case "":
		// That a process which used a server is dead takes long to prove, and is known.
		_, err = x.Recover(ctx, wallet.RecoverOptions{Force: sqldb.IsServer(m.DB)})
	case recoversAll:
		err = recoverForever(ctx, x)
	case doesAnything:
		return m.work(ctx, source)
	default:
		i := slices.IndexFunc(scenarios(), func(s scenario) bool { return s.name == m.Scenario })
		err = scenarios()[i].do(ctx, x, m.URL, m.Arg)
	}
	if err != nil && m.Scenario != "melt that fails" {
		return fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]int{"Requests": m.Requests, "Commits": m.Commits}); err != nil {
		return fail(err)
	}
	if err := m.Store.Close(); err != nil {
		return fail(err)
	}
	return 0
}

// work does anything, and tells what came of it.
func (m *mortal) work(ctx context.Context, source *secrets.Source) int {
	var job work
	line := newBrokenLine("", 0, false)
	x, err := wallet.New(wallet.Config{Store: m.Store, Secrets: source, Transport: line, Retry: time.Millisecond})
	if err == nil {
		err = json.Unmarshal([]byte(m.Arg), &job)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	fmt.Print(job.anything(ctx, x, line, m.URL))
	return 0
}

// run starts a process with orders. killed tells that it died where it was told to.
func (s *stage) run(o orders) (killed bool, requests, commits int) {
	s.t.Helper()
	out, err := s.process(o).Output()
	if err == nil {
		var n struct{ Requests, Commits int }
		s.must(json.Unmarshal(out, &n))
		return false, n.Requests, n.Commits
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		s.t.Fatal(err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		if o.Scenario != "" { // recovery may end with an error: something waits
			s.t.Fatalf("%s %d: %v: %s", o.Edge, o.At, err, exit.Stderr)
		}
		return false, 0, 0
	}
	return true, 0, 0
}

// Every operation in a process of its own that gets SIGKILL before and after every
// commit and every request; then recovery in another process, which gets SIGKILL
// too; then recovery. Nothing is lost, counted twice or pending. Those that wait on
// PostgreSQL, for the proof that a process is dead, do so at the same time.
func TestEveryOperationSurvivesSIGKILLAnywhere(t *testing.T) {
	all := os.Getenv(allFaults) != ""
	stride := 23
	if all {
		stride = 1
	}
	var byOperation, byPlace, recovering tally
	began := time.Now()
	t.Cleanup(func() {
		t.Log(byOperation.table("operation, killed"))
		t.Log(recovering.table("and recovery killed"))
		t.Logf("%s| in | %v |", byPlace.table("killed"), time.Since(began).Round(time.Second))
	})
	for _, e := range []edge{beforeRequest, afterAnswer, beforeCommit, afterCommit} {
		byPlace.expect(string(e))
		recovering.expect(string(e))
	}
	for offset, sc := range scenarios() {
		byOperation.expect(sc.name)
		if raced && offset%10 != 0 {
			continue
		}
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			requests, commits := countProcess(t, sc)
			byOperation.note(sc.name, "%d requests, %d commits", requests, commits)
			var places []orders
			for n := 1; n <= requests; n++ {
				places = append(places, orders{Edge: beforeRequest, At: n}, orders{Edge: afterAnswer, At: n})
			}
			for n := 1; n <= commits; n++ {
				places = append(places, orders{Edge: beforeCommit, At: n}, orders{Edge: afterCommit, At: n})
			}
			for i := offset % stride; i < len(places); i += stride {
				databases := []where{onSQLite, onPostgres}
				if !all {
					databases = databases[i/stride%2 : i/stride%2+1]
				}
				for _, on := range databases {
					t.Run(fmt.Sprintf("%s %d on %s", places[i].Edge, places[i].At, on), func(t *testing.T) {
						t.Parallel()
						again, err := kill(t, sc, places[i], i+offset, on)
						byOperation.add(sc.name, on, err)
						byPlace.add(string(places[i].Edge), on, err)
						if again != "" {
							recovering.add(string(again), on, err)
						}
						if err != nil {
							t.Error(err)
						}
					})
				}
			}
		})
	}
}

// countProcess does the operation without a kill: it works, and has so many places.
func countProcess(t *testing.T, sc scenario) (requests, commits int) {
	t.Helper()
	w := sc.world(t)
	path := filepath.Join(t.TempDir(), "wallet.db")
	s := w.stageOn(path)
	_, requests, commits = s.run(orders{Scenario: sc.name, URL: w.url, DB: path, Seed: hex.EncodeToString(s.xSeed), Arg: sc.prepare(s)})
	if err := s.settle(sc.name); err != nil {
		t.Fatalf("without a kill: %v", err)
	}
	return requests, commits
}

// kill does the operation in a process that dies at a place. The one that recovers
// dies as well, if it comes to its own place, which n chooses: again.
func kill(t *testing.T, sc scenario, place orders, n int, on where) (again edge, err error) {
	t.Helper()
	w := sc.world(t)
	var s *stage
	var o orders
	for tries := 0; ; tries++ {
		path := filepath.Join(t.TempDir(), "wallet.db")
		if on == onPostgres {
			path = postgres.Schema(t)
		}
		s = w.stageOn(path)
		o = orders{Scenario: sc.name, URL: w.url, DB: path, Seed: hex.EncodeToString(s.xSeed), Arg: sc.prepare(s), Edge: place.Edge, At: place.At}
		killed, requests, _ := s.run(o)
		if killed {
			break
		}
		// A restore asks ahead, and stops when it has seen enough: at times it comes to
		// fewer requests than when they were counted.
		asksAhead := sc.name == "restore" && requests < place.At
		if !asksAhead || tries == 20 {
			t.Fatalf("the process was not killed; it made %d requests", requests)
		}
	}
	edges := []edge{beforeRequest, afterAnswer, beforeCommit, afterCommit}
	o.Scenario, o.Edge, o.At = "", edges[n%4], 1+n/4%3
	if killed, _, _ := s.run(o); killed {
		again = o.Edge
	}
	return again, s.settle(sc.name)
}
