package wallet_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tyler-smith/go-bip39"

	"mintmark/cashu"
	"mintmark/internal/seedfile"
	"mintmark/internal/sqldb"
	"mintmark/keystore"
	"mintmark/mint"
	"mintmark/mint/httpapi"
	"mintmark/mint/lightning/fake"
	mintstore "mintmark/mint/sqlstore"
	"mintmark/signatory"
	"mintmark/wallet"
	"mintmark/wallet/secrets"
	"mintmark/wallet/sqlstore"
)

// signer is a keystore as the mint sees one, without the line between them.
type signer struct{ *keystore.Keystore }

func (s signer) BlindSign(ctx context.Context, m []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	return s.Sign(ctx, m)
}

func (s signer) VerifyProofs(ctx context.Context, p []cashu.Proof) error { return s.Verify(ctx, p) }

func (s signer) Keysets(context.Context) (signatory.Snapshot, error) {
	k := s.Keystore.Keysets()
	return signatory.Snapshot{Identity: s.Identity(), Epoch: k.Epoch, Keysets: k.Keysets}, nil
}

func (s signer) SubscribeKeysets(ctx context.Context, fn func(signatory.Snapshot) error) error {
	for {
		changed := s.Changed()
		snapshot, _ := s.Keysets(ctx)
		if err := fn(snapshot); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// world is a real mint in this process and the way to it, which can be broken.
type world struct {
	t    testing.TB
	url  string
	keys *keystore.Keystore
	mint *mint.Mint
	bank *fake.Backend
	line *line
	// second is a mint that some wallets of this one know as well; nil: none.
	second *world
	// stranger is a node of nobody, made when it is needed.
	stranger *fake.Backend
	books    mint.Store
	force    bool         // recovery also takes what living processes work on
	spare    cashu.Amount // owed to wallets that an audit does not look at

	logins  *logins
	guarded bool // the mint lets nobody in who has not logged in

	ahead atomic.Int64 // of the wallets' clocks, in nanoseconds
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOf(t, func(*fake.Config, *mint.Config) {})
}

// newWorldOf is a world whose bank and mint are otherwise.
func newWorldOf(t testing.TB, change func(*fake.Config, *mint.Config)) *world {
	t.Helper()
	return newWorldBy(t, "5a", change)
}

// newWorldBy is a world whose mint has other keys: one wallet can know several then.
func newWorldBy(t testing.TB, seedByte string, change func(*fake.Config, *mint.Config)) *world {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	seed, err := seedfile.FromHex(strings.Repeat(seedByte, 32))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keystore.Open(t.Context(), keystore.Config{Path: sqldb.Memory, Create: true, Seed: seed, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, keys: keys, line: &line{}, logins: &logins{}}
	w.rotate(100)
	store, err := mintstore.Open(t.Context(), mintstore.Config{Path: sqldb.Memory, Owner: "world", Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	w.books = store
	bank := fake.Config{Path: sqldb.Memory, Units: []cashu.Unit{"sat", "usd"}, SettleOnCheck: true, IncomingDelay: -1, OutgoingDelay: -1, Logger: quiet}
	cfg := mint.Config{Store: store, Signer: signer{keys}, Source: signer{keys}, Owner: "world", Logger: quiet, PollInterval: time.Nanosecond, Clock: newMillisecond()}
	change(&bank, &cfg)
	if w.bank, err = fake.Open(t.Context(), bank); err != nil {
		t.Fatal(err)
	}
	cfg.Backends = []mint.Backend{{Receiver: w.bank, Payer: w.bank}}
	if w.mint, err = mint.New(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	handler, err := httpapi.New(httpapi.Config{Mint: w.mint, Logger: quiet, Logins: w.logins})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = w.mint.Run(ctx) })
	<-w.mint.Ready()
	t.Cleanup(func() {
		handler.CloseSockets(ctx)
		server.Close()
		stop()
		running.Wait()
		for _, c := range []io.Closer{w.bank, store, keys} {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	w.url = server.URL
	return w
}

// newMillisecond is a clock that never shows a millisecond twice: a mint asks its bank
// about a quote once in each, and a wallet here is quick enough to ask in the one in
// which it was made.
func newMillisecond() func() time.Time {
	var last atomic.Int64
	return func() time.Time {
		for {
			before := last.Load()
			if now := max(time.Now().UnixMilli(), before+1); last.CompareAndSwap(before, now) {
				return time.UnixMilli(now)
			}
		}
	}
}

// now is what the wallets' clocks show.
func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// later moves the wallets' clocks.
func (w *world) later(d time.Duration) { w.ahead.Add(int64(d)) }

// rotate gives the mint a new active keyset.
func (w *world) rotate(feePPK uint64) cashu.Keyset {
	w.t.Helper()
	amounts := make([]cashu.Amount, 20)
	for i := range amounts {
		amounts[i] = 1 << i
	}
	set, err := w.keys.Rotate(w.t.Context(), keystore.RotateParams{Unit: "sat", InputFeePPK: &feePPK, Amounts: amounts})
	if err != nil {
		w.t.Fatal(err)
	}
	w.heard()
	return set
}

// heard waits until the mint knows the keysets that there are.
func (w *world) heard() {
	for w.mint != nil && w.mint.Keysets().Epoch() < w.keys.Keysets().Epoch {
		time.Sleep(time.Millisecond)
	}
}

// line is the way from wallets to the mint.
type line struct {
	mu     sync.Mutex
	before func(*http.Request) error                 // the request does not leave
	after  func(*http.Request, *http.Response) error // the answer does not arrive
	seen   []string
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	before, after := l.before, l.after
	l.seen = append(l.seen, r.Method+" "+r.URL.Path)
	l.mu.Unlock()
	if before != nil {
		if err := before(r); err != nil {
			return nil, err
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && after != nil {
		if err := after(r, resp); err != nil {
			resp.Body.Close()
			return nil, err
		}
	}
	return resp, err
}

// count is how often a request was made.
func (l *line) count(what string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.seen {
		if s == what {
			n++
		}
	}
	return n
}

// cut sets what happens to requests and to answers; nil is nothing.
func (l *line) cut(before func(*http.Request) error, after func(*http.Request, *http.Response) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before, l.after = before, after
}

const words = "half depart obvious quality work element tank gorilla view sugar picture humble"

// wallet is a new wallet on a database of its own.
func (w *world) wallet() (*wallet.Wallet, wallet.Store) {
	w.t.Helper()
	return w.walletOf(words)
}

// walletOf is a new wallet of other words.
func (w *world) walletOf(words string) (*wallet.Wallet, wallet.Store) {
	w.t.Helper()
	return w.walletOn(filepath.Join(w.t.TempDir(), "wallet.db"), words)
}

// newcomer is a wallet that has nothing to do with those before it: the line works and
// has seen nothing, and an audit looks at this one alone.
func (w *world) newcomer() (*wallet.Wallet, wallet.Store) {
	w.t.Helper()
	w.line.cut(nil, nil)
	w.line.mu.Lock()
	w.line.seen = nil
	w.line.mu.Unlock()
	w.spare = w.owed()
	return w.walletOfSeed(newSeed(w.t))
}

// walletOn is a wallet on a database that may be there already.
func (w *world) walletOn(path, words string) (*wallet.Wallet, wallet.Store) {
	w.t.Helper()
	store := w.openStore(path)
	return w.walletBy(store, w.line, bip39.NewSeed(words, "")), store
}

// openStore opens a database that the end of the test closes.
func (w *world) openStore(path string) wallet.Store {
	w.t.Helper()
	store, err := sqlstore.Open(w.t.Context(), sqlstore.Config{Path: path, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := store.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return store
}

// walletBy is a wallet on a store and a way to the mint.
func (w *world) walletBy(store wallet.Store, way http.RoundTripper, seed []byte) *wallet.Wallet {
	w.t.Helper()
	source, err := secrets.New(seed)
	if err != nil {
		w.t.Fatal(err)
	}
	made, err := wallet.New(wallet.Config{Store: store, Secrets: source, Transport: way, Retry: time.Millisecond, Clock: w.now})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(made.Close)
	return made
}

// fund gives a wallet coins.
func (w *world) fund(x *wallet.Wallet, amount cashu.Amount) {
	w.t.Helper()
	q, err := x.CreateMintQuote(w.t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: amount})
	if err != nil {
		w.t.Fatal(err)
	}
	got, err := x.Issue(w.t.Context(), w.url, q.ID, wallet.MintOptions{})
	for n := 0; n < 100 && errors.Is(err, cashu.ErrQuoteUnpaid); n++ { // the bank is asked again
		time.Sleep(20 * time.Millisecond)
		got, err = x.Issue(w.t.Context(), w.url, q.ID, wallet.MintOptions{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if got != amount {
		w.t.Fatalf("issued %d, want %d", got, amount)
	}
}

// balance is what a wallet has in a state.
func (w *world) balance(x *wallet.Wallet, state wallet.CoinState) (sum cashu.Amount) {
	w.t.Helper()
	list, err := x.Balances(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range list {
		if b.State == state {
			sum += b.Amount
		}
	}
	return sum
}
