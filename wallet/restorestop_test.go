package wallet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// spread gives a wallet coins in several batches of counters, and returns the keyset.
func (s *stage) spread(counters ...uint32) cashu.KeysetID {
	s.t.Helper()
	id := s.mint.Keysets().All()[0].ID
	for _, at := range counters {
		s.must(s.xStore.Update(s.t.Context(), func(tx wallet.Tx) error { return tx.AdvanceCounter(s.t.Context(), id, at) }))
		s.fund(s.x, 7)
	}
	return id
}

// busyMint is a mint that some requests are too many for.
type busyMint struct {
	way    http.RoundTripper
	mu     sync.Mutex
	refuse func(path string, n int) bool // the nth request for the path, from 1
	each   bool                          // the nth of those that ask the same, that is
	header string                        // Retry-After; empty: none
	coded  bool                          // with a code of the protocol
	seen   map[string]int
}

func (f *busyMint) RoundTrip(r *http.Request) (*http.Response, error) {
	what := r.URL.Path
	if f.each && r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		what += string(body)
	}
	f.mu.Lock()
	if f.seen == nil {
		f.seen = map[string]int{}
	}
	f.seen[what]++
	refused := f.refuse(r.URL.Path, f.seen[what])
	f.mu.Unlock()
	if !refused {
		return f.way.RoundTrip(r)
	}
	h, text := http.Header{"Content-Type": {"application/json"}}, `{"detail":"Rate limit exceeded."}`
	if f.header != "" {
		h.Set("Retry-After", f.header)
	}
	if f.coded {
		text = `{"detail":"too many requests","code":40006}`
	}
	return &http.Response{StatusCode: 429, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: h, Body: io.NopCloser(strings.NewReader(text))}, nil
}

// A mint that answers every other question with "too many" is asked again until the
// restore is done; when it says for how long, it is left alone for so long.
func TestARestoreIsPatientWithABusyMint(t *testing.T) {
	t.Parallel()
	for _, coded := range []bool{true, false} {
		w := newWorld(t)
		s := w.stageOn(sqldb.Memory)
		s.spread(0, 120, 250)
		way := &busyMint{way: w.line, coded: coded, each: true, refuse: func(path string, n int) bool {
			return n%2 == 1 && (path == "/v1/restore" || path == "/v1/checkstate")
		}}
		y := w.walletBy(w.openStore(sqldb.Memory), way, s.xSeed)
		got, err := y.Restore(t.Context(), w.url, wallet.RestoreOptions{})
		if err != nil || !got.Complete || got.Unspent["sat"] != 21 {
			t.Errorf("restored %+v, %v", got, err)
		}
	}
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	s.spread(0)
	began := time.Now()
	way := &busyMint{way: w.line, header: "1", coded: true, refuse: func(path string, n int) bool { return path == "/v1/swap" && n == 1 }}
	if _, err := w.walletBy(s.xStore, way, s.xSeed).Swap(t.Context(), w.url, "sat", true); err != nil || time.Since(began) < time.Second {
		t.Errorf("a swap after %v: %v", time.Since(began), err)
	}
}

// A restore that stops says so, keeps what it has found, and goes on where it was.
func TestARestoreThatHasStoppedGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	id := s.spread(0, 150, 350, 620)
	way := &busyMint{way: w.line, header: "100000", coded: true, refuse: func(path string, n int) bool { return path == "/v1/restore" && n > 4 }}
	store := w.openStore(sqldb.Memory)
	y := w.walletBy(store, way, s.xSeed)
	got, err := y.Restore(t.Context(), w.url, wallet.RestoreOptions{})
	if !errors.Is(err, wallet.ErrIncomplete) || !errors.Is(err, cashu.ErrRateLimited) || got.Complete || got.Unspent["sat"] == 0 {
		t.Fatalf("restored %+v, %v", got, err)
	}
	reached, err := store.Restored(t.Context(), id)
	if err != nil || reached == 0 {
		t.Fatalf("it has come to %d, %v", reached, err)
	}
	way.mu.Lock()
	way.refuse = func(string, int) bool { return false }
	way.mu.Unlock()
	lowest := uint32(1 << 30)
	more, err := y.Restore(t.Context(), w.url, wallet.RestoreOptions{Progress: func(p wallet.RestoreProgress) { lowest = min(lowest, p.Counter) }})
	if err != nil || !more.Complete || got.Unspent["sat"]+more.Unspent["sat"] != 28 || w.balance(y, wallet.CoinUnspent) != 28 {
		t.Errorf("then %+v, %v", more, err)
	}
	if lowest <= reached {
		t.Errorf("it began again at %d, having come to %d", lowest, reached)
	}
	// What is complete begins at the first counter again.
	lowest = 1 << 30
	again, err := y.Restore(t.Context(), w.url, wallet.RestoreOptions{Progress: func(p wallet.RestoreProgress) { lowest = min(lowest, p.Counter) }})
	if err != nil || again.Unspent["sat"] != 28 || lowest > 100 {
		t.Errorf("once more %+v from %d, %v", again, lowest, err)
	}
}

// Coins that are spent are not asked for: that they are is known without it. Their
// counters are passed over all the same, whole batches of them too.
func TestARestoreAsksOnlyForWhatIsNotSpent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	id := s.spread(0, 100, 200)
	if _, err := s.x.Swap(t.Context(), w.url, "sat", true); err != nil { // 21 of 9 coins for others
		t.Fatal(err)
	}
	next, err := s.xStore.Counter(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	requests, asked := 0, 0
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path != "/v1/restore" {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var req cashu.RestoreRequest
		if err == nil {
			err = cashu.Decode(body, &req)
		}
		mu.Lock()
		defer mu.Unlock()
		requests, asked = requests+1, asked+len(req.Outputs)
		return err
	}, nil)
	store := w.openStore(sqldb.Memory)
	y := w.walletBy(store, w.line, s.xSeed)
	got, err := y.Restore(t.Context(), w.url, wallet.RestoreOptions{})
	if err != nil || got.Unspent["sat"] != w.balance(s.x, wallet.CoinUnspent) {
		t.Errorf("restored %+v, %v", got, err)
	}
	if is, err := store.Counter(t.Context(), id); err != nil || is != next {
		t.Errorf("the counter is %d, want %d: %v", is, next, err)
	}
	if n := w.coins(store, wallet.CoinSpent); n != 0 {
		t.Errorf("%d spent coins came back", n)
	}
	if requests*100-asked != 9-3 { // in three batches, of each of which one is asked for
		t.Errorf("%d outputs in %d requests, with 9 that are spent in 3 batches", asked, requests)
	}
}

// The last coins that were signed are all spent: a wallet from the same words must not
// use their counters again.
func TestARestorePassesOverBatchesOfSpentCoins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	id := s.spread(0, 100, 200)
	sent := s.sendFrom(s.x, wallet.SendOptions{Amount: 21})
	if _, err := s.y.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true}); err != nil {
		t.Fatal(err)
	}
	next, err := s.xStore.Counter(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	store := w.openStore(sqldb.Memory)
	z := w.walletBy(store, w.line, s.xSeed)
	if got, err := z.Restore(t.Context(), w.url, wallet.RestoreOptions{}); err != nil || got.Coins != 0 {
		t.Fatalf("restored %+v, %v", got, err)
	}
	if is, err := store.Counter(t.Context(), id); err != nil || is != next || is < 203 {
		t.Errorf("the counter is %d, want %d: %v", is, next, err)
	}
	before := w.line.count("POST /v1/mint/bolt11")
	w.fund(z, 5)
	if n := w.line.count("POST /v1/mint/bolt11") - before; n != 1 {
		t.Errorf("its first coins took %d requests", n)
	}
}

// A coin in a request that has not ended at the mint comes back as pending, and its
// operation finds out how that ends: one way, and the other.
func TestACoinThatIsPendingAtTheMintComesBackAsPending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	s.spread(0)
	coins, err := s.xStore.Coins(t.Context(), wallet.CoinFilter{})
	if err != nil || len(coins) != 3 {
		t.Fatal(len(coins), err)
	}
	says := map[bdhke.Point]cashu.ProofState{coins[0].Y: cashu.ProofPending, coins[1].Y: cashu.ProofPending}
	var mu sync.Mutex
	say := func(c wallet.StoredCoin, state cashu.ProofState) {
		mu.Lock()
		defer mu.Unlock()
		says[c.Y] = state
	}
	w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
		if r.URL.Path != "/v1/checkstate" {
			return nil
		}
		var v cashu.CheckStateResponse
		text, err := io.ReadAll(resp.Body)
		if err == nil {
			err = json.Unmarshal(text, &v)
		}
		mu.Lock()
		defer mu.Unlock()
		for i := range v.States {
			if state, ok := says[v.States[i].Y]; ok {
				v.States[i].State = state
			}
		}
		text, _ = cashu.Encode(v)
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		return err
	})
	store := w.openStore(sqldb.Memory)
	y := w.walletBy(store, w.line, s.xSeed)
	for range 2 {
		got, err := y.Restore(t.Context(), w.url, wallet.RestoreOptions{})
		if err != nil || got.Pending["sat"] != coins[0].Amount+coins[1].Amount || got.Unspent["sat"] != coins[2].Amount {
			t.Fatalf("restored %+v, %v", got, err)
		}
		if p, f := w.balance(y, wallet.CoinPending), w.balance(y, wallet.CoinUnspent); p != coins[0].Amount+coins[1].Amount || f != coins[2].Amount {
			t.Errorf("%d are pending, %d free", p, f)
		}
		if sagas, err := store.Sagas(t.Context()); err != nil || len(sagas) != 1 {
			t.Fatalf("%d operations hold them: %v", len(sagas), err)
		}
	}
	swaps := w.line.count("POST /v1/swap")
	recovered := func(want wallet.RecoveryResult) {
		t.Helper()
		done, err := y.Recover(t.Context(), wallet.RecoverOptions{})
		if err != nil || len(done) != 1 || done[0].Result != want || done[0].Err != nil {
			t.Fatalf("recovered %+v, %v", done, err)
		}
	}
	recovered(wallet.RecoveredWaiting)
	say(coins[0], cashu.ProofSpent)
	recovered(wallet.RecoveredWaiting)
	if p := w.balance(y, wallet.CoinPending); p != coins[1].Amount {
		t.Errorf("%d are pending", p)
	}
	say(coins[1], cashu.ProofUnspent)
	recovered(wallet.RecoveredDone)
	if f, spent := w.balance(y, wallet.CoinUnspent), w.coins(store, wallet.CoinSpent); f != coins[1].Amount+coins[2].Amount || spent != 1 {
		t.Errorf("%d are free, %d spent", f, spent)
	}
	if w.line.count("POST /v1/swap") != swaps {
		t.Error("something was sent")
	}
}
