package wallet_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/internal/sqldb"
	"mintmark/keystore"
	"mintmark/mint"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
)

// most is how many coins the mint of these tests takes in one request.
const most = 16

// newSmallWorld is a world whose mint takes few coins at once.
func newSmallWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOf(t, func(_ *fake.Config, cfg *mint.Config) {
		cfg.Limits.MaxInputs, cfg.Limits.MaxOutputs, cfg.Limits.MaxStates = most, most, most
	})
}

// coppers gives a wallet many coins of 1, of a keyset that is retired then.
func (w *world) coppers(x *wallet.Wallet, n int) { w.coppersAt(x, n, 0) }

// coppersAt is coppers that cost something to spend.
func (w *world) coppersAt(x *wallet.Wallet, n int, fee uint64) {
	w.t.Helper()
	if _, err := w.keys.Rotate(w.t.Context(), keystore.RotateParams{Unit: "sat", InputFeePPK: &fee, Amounts: []cashu.Amount{1}}); err != nil {
		w.t.Fatal(err)
	}
	w.heard()
	if _, err := x.RefreshMint(w.t.Context(), w.url); err != nil {
		w.t.Fatal(err)
	}
	for ; n > 0; n -= most {
		w.fund(x, cashu.Amount(min(n, most)))
	}
	w.rotate(100)
	if _, err := x.RefreshMint(w.t.Context(), w.url); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) coins(store wallet.Store, states ...wallet.CoinState) int {
	w.t.Helper()
	coins, err := store.Coins(w.t.Context(), wallet.CoinFilter{States: states})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(coins)
}

// A wallet of more coins than the mint takes at once does with them whatever it could
// do with few: nothing is locked, and no request is refused.
func TestMoreCoinsThanTheMintTakesAtOnceAreNoHindrance(t *testing.T) {
	t.Parallel()
	const n = 5 * most
	melt := func(s *stage, change bool) error {
		q := s.meltQuote(s.x, 60)
		_, err := s.x.Melt(s.t.Context(), s.url, q.ID, wallet.MeltOptions{Wait: 30 * time.Second, Poll: time.Millisecond})
		return err
	}
	out := func(s *stage) wallet.Sent { // a token of many coins
		return s.sendFrom(s.x, wallet.SendOptions{Amount: n, Offline: true})
	}
	for _, tt := range []struct {
		name string
		do   func(s *stage) error
	}{
		{"all are exchanged", func(s *stage) error {
			got, err := s.x.Swap(s.t.Context(), s.url, "sat", true)
			if err == nil && (got != n || s.coins(s.xStore, wallet.CoinUnspent) > most) {
				err = fmt.Errorf("%d came back, in %d coins", got, s.coins(s.xStore, wallet.CoinUnspent))
			}
			return err
		}},
		{"a locked token", func(s *stage) error {
			key, err := s.y.NewKey(s.t.Context())
			s.must(err)
			_, err = s.x.Send(s.t.Context(), s.url, "sat", wallet.SendOptions{Amount: 60, Lock: &conditions.Lock{Key: key}})
			return err
		}},
		{"a token", func(s *stage) error {
			_, err := s.x.Send(s.t.Context(), s.url, "sat", wallet.SendOptions{Amount: 60, IncludeFee: true})
			return err
		}},
		{"a payment", func(s *stage) error { return melt(s, true) }},
		{"a token of many coins is received", func(s *stage) error {
			got, err := s.y.Receive(s.t.Context(), out(s).Token, wallet.ReceiveOptions{AnyMint: true, Key: "mine"})
			if err == nil && got.Amount != n {
				err = fmt.Errorf("received %+v", got)
			}
			again, againErr := s.y.Receive(s.t.Context(), "anything", wallet.ReceiveOptions{Key: "mine"})
			if againErr == nil && again != got {
				againErr = fmt.Errorf("again it was %+v", again)
			}
			return errors.Join(err, againErr)
		}},
		{"a token of many coins is looked at", func(s *stage) error {
			status, err := s.x.CheckSend(s.t.Context(), out(s).ID)
			if err == nil && status.Unclaimed != n {
				err = fmt.Errorf("it is %+v", status)
			}
			return err
		}},
		{"a token of many coins is taken back", func(s *stage) error {
			sent := out(s)
			got, err := s.x.Revoke(s.t.Context(), sent.ID)
			if err == nil && got != n {
				err = fmt.Errorf("%d came back", got)
			}
			if entry, readErr := s.xStore.Transaction(s.t.Context(), sent.ID); readErr != nil || entry.Status != wallet.StatusTakenBack {
				err = errors.Join(err, fmt.Errorf("the history says %q: %w", entry.Status, readErr))
			}
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newSmallWorld(t)
			s := w.stageOn(sqldb.Memory)
			w.coppers(s.x, n)
			w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
				if resp.StatusCode >= 400 {
					w.t.Errorf("%s: HTTP %d", r.URL.Path, resp.StatusCode)
				}
				return nil
			})
			if err := tt.do(s); err != nil {
				t.Fatal(err)
			}
			w.line.cut(nil, nil)
			if err := s.settle(""); err != nil {
				t.Error(err)
			}
		})
	}
}

// silent takes max_array_length out of what the mint says.
func (w *world) silent() {
	w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
		if r.URL.Path != "/v1/info" {
			return nil
		}
		text, err := io.ReadAll(resp.Body)
		body := strings.Replace(string(text), `"max_array_length"`, `"something_else"`, 1)
		resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		return err
	})
}

// A mint that does not say how much it takes refuses what is too much, with one of
// several codes, or a server before it does: then nothing was begun, the coins are
// free at once, and those of an older program that were locked so come free.
func TestARefusalForSizeFreesTheCoins(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		status, code int
		kind         string
	}{
		{"too many inputs", 0, 0, ""},
		{"the body is too large", 413, 40004, "application/json"},
		{"a proxy refuses the body", 413, 0, "text/html"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newSmallWorld(t)
			s := w.stageOn(sqldb.Memory)
			w.silent()
			way := &tooLong{way: w.line, status: tt.status, kind: tt.kind, body: fmt.Sprintf(`{"detail":"too large","code":%d}`, tt.code)}
			x := w.walletBy(s.xStore, way, s.xSeed)
			w.coppers(x, 3*most)
			if _, err := x.Swap(t.Context(), w.url, "sat", true); err == nil || errors.Is(err, wallet.ErrPending) {
				t.Fatalf("got %v", err)
			}
			if free := w.balance(x, wallet.CoinUnspent); free != 3*most {
				t.Errorf("%d are free", free)
			}
			if err := w.audit(s.xStore); err != nil {
				t.Error(err)
			}
		})
	}
}

// tooLong is a server before a mint that refuses long requests; status 0: it does not.
type tooLong struct {
	way        http.RoundTripper
	status     int
	kind, body string
}

func (f *tooLong) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.status == 0 || r.URL.Path != "/v1/swap" {
		return f.way.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: f.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {f.kind}}, Body: io.NopCloser(strings.NewReader(f.body)),
	}, nil
}

// What the mint would have to sign too much for is refused before anything is set
// aside.
func TestWhatWouldNeedTooManySignaturesIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	w := newSmallWorld(t)
	x, store := w.wallet()
	w.coppers(x, most)
	var fee uint64
	if _, err := w.keys.Rotate(t.Context(), keystore.RotateParams{Unit: "sat", InputFeePPK: &fee, Amounts: []cashu.Amount{1}}); err != nil {
		t.Fatal(err)
	}
	w.heard()
	w.later(time.Hour)
	q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 2 * most})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Issue(t.Context(), w.url, q.ID, wallet.MintOptions{}); !errors.Is(err, wallet.ErrTooMany) {
		t.Errorf("got %v", err)
	}
	if sagas, err := store.Sagas(t.Context()); err != nil || len(sagas) != 0 {
		t.Errorf("left over: %v, %v", sagas, err)
	}
}

// A token that is taken back in several swaps: the receiver gets some of it after the
// first. What came back is ours, what is out goes on being a token, and it ends well.
func TestATokenThatIsTakenBackInPartStaysOutWithTheRest(t *testing.T) {
	t.Parallel()
	w := newSmallWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.coppers(s.x, 3*most)
	sent := s.sendFrom(s.x, wallet.SendOptions{Amount: 3 * most, Offline: true})
	swaps := 0
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == "/v1/swap" {
			if swaps++; swaps > 1 {
				return errRefuse
			}
		}
		return nil
	}, nil)
	way := &refuser{w.line}
	x := w.walletBy(s.xStore, way, s.xSeed)
	if back, err := x.Revoke(t.Context(), sent.ID); err == nil || errors.Is(err, wallet.ErrPending) || back != most {
		t.Fatalf("%d came back, %v", back, err)
	}
	w.line.cut(nil, nil)
	status, err := s.x.CheckSend(t.Context(), sent.ID)
	if err != nil || status.Unclaimed != 2*most || status.Claimed != 0 {
		t.Errorf("it is %+v, %v", status, err)
	}
	if back, err := s.x.Revoke(t.Context(), sent.ID); err != nil || back != 2*most {
		t.Errorf("%d came back, %v", back, err)
	}
	if err := s.settle(""); err != nil {
		t.Error(err)
	}
}

var errRefuse = errors.New("refuse")

// refuser answers with a final refusal where the line has an errRefuse.
type refuser struct{ way http.RoundTripper }

func (f *refuser) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := f.way.RoundTrip(r)
	if !errors.Is(err, errRefuse) {
		return resp, err
	}
	return &http.Response{
		StatusCode: 400, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"detail":"no","code":11006}`)),
	}, nil
}
