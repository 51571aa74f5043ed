package wallet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
)

// lab is a stage on which every commit is looked at and every request is kept.
type lab struct {
	*stage
	file    string
	seen    *witness
	struck  int // how often that happened which the scenario is about
	words   []string
	secrets []string // that nothing may show
}

// witness is a way to the mint that keeps what was said, and a store that looks at
// every commit.
type witness struct {
	way http.RoundTripper
	wallet.Store
	look func() error

	mu      sync.Mutex
	said    map[string][][]byte // by path
	breach  error
	commits int
	quotes  map[string]wallet.Quote
}

func (o *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	if listens(r) || r.Method != http.MethodPost {
		return o.way.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	o.mu.Lock()
	o.said[r.URL.Path] = append(o.said[r.URL.Path], body)
	o.mu.Unlock()
	return o.way.RoundTrip(r)
}

func (o *witness) Update(ctx context.Context, fn func(tx wallet.Tx) error) error {
	err := o.Store.Update(ctx, fn)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.commits++; o.breach == nil {
		o.breach = errors.Join(o.look(), o.monotone(context.WithoutCancel(ctx)))
	}
	return err
}

// monotone is quote-monotonicity: amounts of a quote only grow, and what was paid or
// issued stays so.
func (o *witness) monotone(ctx context.Context) error {
	rank := map[string]int{"UNPAID": 0, "PENDING": 0, "PAID": 1, "ISSUED": 2}
	quotes, err := o.Quotes(ctx)
	for _, q := range quotes {
		was, known := o.quotes[q.ID]
		if known && (q.Paid < was.Paid || q.Issued < was.Issued || rank[q.State] < rank[was.State]) {
			return fmt.Errorf("quote-monotonicity: %d paid, %d issued, %s after %d, %d, %s", q.Paid, q.Issued, q.State, was.Paid, was.Issued, was.State)
		}
		o.quotes[q.ID] = q
	}
	return err
}

func newLab(t *testing.T) *lab {
	t.Helper()
	w := newWorldOf(t, func(_ *fake.Config, c *mint.Config) { c.PayTimeout = 500 * time.Millisecond })
	file := filepath.Join(t.TempDir(), "wallet.db")
	l := &lab{stage: w.stageOn(file), file: file}
	l.seen = &witness{way: w.line, Store: l.xStore, said: map[string][][]byte{}, quotes: map[string]wallet.Quote{}}
	l.seen.look = l.nothingIsAnOrphans // proof-exclusivity: who holds a coin is there, and is one
	l.x = l.restarted()
	return l
}

// restarted is the wallet as another process finds it.
func (l *lab) restarted() *wallet.Wallet { return l.walletBy(l.seen, l.seen, l.xSeed) }

// lose loses the answer to a path, or the request, if it is not to leave. From then on
// nothing leaves any more, as if the process were gone.
func (l *lab) lose(path string, request bool) {
	gone := false
	hit := func(r *http.Request) error {
		l.seen.mu.Lock()
		defer l.seen.mu.Unlock()
		if r.URL.Path == path && r.Method == http.MethodPost && !gone {
			gone = true
			l.struck++
		}
		if gone {
			return errors.New("lost")
		}
		return nil
	}
	if request {
		l.line.cut(hit, nil)
		return
	}
	l.line.cut(func(*http.Request) error {
		l.seen.mu.Lock()
		defer l.seen.mu.Unlock()
		if gone {
			return errors.New("lost")
		}
		return nil
	}, func(r *http.Request, _ *http.Response) error { return hit(r) })
}

// until is a context that ends when something is so.
func (l *lab) until(so func() bool) context.Context {
	ctx, cancel := context.WithCancel(l.t.Context())
	go func() {
		defer cancel()
		for ctx.Err() == nil && !so() {
			time.Sleep(time.Millisecond)
		}
	}()
	return ctx
}

// heldInvoice is one of another node, whose owner takes the money when the bank says so.
func (l *lab) heldInvoice(amount cashu.Amount) string {
	l.t.Helper()
	node, err := fake.Open(l.t.Context(), fake.Config{Path: sqldb.Memory, Units: []cashu.Unit{"sat"}, Logger: slog.New(slog.DiscardHandler)})
	l.must(err)
	l.t.Cleanup(func() { l.must(node.Close()) })
	invoice, err := node.CreateInvoice(l.t.Context(), lightning.InvoiceRequest{QuoteID: "x", Amount: amount, Unit: "sat", Description: "hold the payment"})
	l.must(err)
	return invoice.Request
}

// paid waits until a payment is finished, which other processes look after.
func (l *lab) paid(quote string) {
	l.t.Helper()
	for tries := 0; ; tries++ {
		l.recover(l.restarted(), wallet.RecoverOptions{})
		ops, err := l.xStore.Sagas(l.t.Context())
		l.must(err)
		if len(ops) == 0 {
			break
		}
		if tries == 2000 {
			l.t.Fatalf("it is still %s", statesOf(ops))
		}
		time.Sleep(5 * time.Millisecond)
	}
	l.must(paidFor(l.stage, quote))
}

// told keeps what a person or a log would see.
func (l *lab) told(list ...any) {
	for _, v := range list {
		l.words = append(l.words, fmt.Sprintf("%v %+v", v, v))
	}
}

// identical is request-identity-immutability: what was sent to a path was always the
// same, of those requests that are about something.
func (l *lab) identical(path, with string) {
	l.t.Helper()
	list := slices.DeleteFunc(slices.Clone(l.seen.said[path]), func(body []byte) bool { return !bytes.Contains(body, []byte(with)) })
	if len(list) < 2 {
		l.t.Errorf("no-unsupported-pass: %s was sent %d times", path, len(list))
	}
	for _, body := range list {
		if !bytes.Equal(body, list[0]) {
			l.t.Errorf("request-identity-immutability: %s was sent with another body", path)
		}
	}
}

// replays is exact-replay: the request, once more, is answered twice the same.
func (l *lab) replays(path string) {
	l.t.Helper()
	var answers [2]string
	for i := range answers {
		resp, err := http.Post(l.url+path, "application/json", bytes.NewReader(l.seen.said[path][0]))
		l.must(err)
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		l.must(err)
		if answers[i] = string(text); resp.StatusCode != http.StatusOK {
			l.t.Errorf("exact-replay: HTTP %d", resp.StatusCode)
		}
	}
	if answers[0] != answers[1] {
		l.t.Error("exact-replay: two answers")
	}
}

// judge checks what must hold at the end of every scenario: value-conservation,
// idempotent-effect, at-most-once-lightning-settlement, no-secret-leakage,
// no-unsupported-pass, and what was looked at on the way.
func (l *lab) judge(name string) {
	l.t.Helper()
	l.line.cut(nil, nil)
	if err := l.settle(name); err != nil { // which recovers again and again
		l.t.Errorf("value-conservation, idempotent-effect: %v", err)
	}
	if err := l.seen.breach; err != nil {
		l.t.Error(err)
	}
	if l.struck == 0 || l.seen.commits == 0 {
		l.t.Errorf("no-unsupported-pass: %d faults, %d commits", l.struck, l.seen.commits)
	}
	coins, err := l.xStore.Coins(l.t.Context(), wallet.CoinFilter{})
	l.must(err)
	for _, c := range coins {
		l.secrets = append(l.secrets, c.Secret, c.C.String())
	}
	for _, word := range l.words {
		for _, secret := range l.secrets {
			if strings.Contains(word, secret) {
				l.t.Errorf("no-secret-leakage: %.60s shows a secret", word)
			}
		}
	}
}

func (l *lab) free(x *wallet.Wallet, want cashu.Amount) {
	l.t.Helper()
	if got := l.balance(x, wallet.CoinUnspent); got != want {
		l.t.Errorf("%d free, want %d", got, want)
	}
}

func (l *lab) recover(x *wallet.Wallet, o wallet.RecoverOptions) {
	l.t.Helper()
	done, err := x.Recover(l.t.Context(), o)
	l.must(err)
	for _, d := range done {
		l.told(d, d.Err)
	}
}

// pending starts something that is to end in doubt.
func (l *lab) pending(err error) {
	l.t.Helper()
	if !errors.Is(err, wallet.ErrPending) {
		l.t.Fatalf("got %v", err)
	}
	l.told(err)
}
