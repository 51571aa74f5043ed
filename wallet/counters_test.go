package wallet_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/keystore"
	"mintmark/wallet"
)

// onlyOnes gives the mint a keyset that has no other coins than of 1.
func (w *world) onlyOnes(x *wallet.Wallet) cashu.KeysetID {
	w.t.Helper()
	var fee uint64
	set, err := w.keys.Rotate(w.t.Context(), keystore.RotateParams{Unit: "sat", InputFeePPK: &fee, Amounts: []cashu.Amount{1}})
	if err != nil {
		w.t.Fatal(err)
	}
	for w.mint.Keysets().Epoch() < w.keys.Keysets().Epoch {
		time.Sleep(time.Millisecond)
	}
	if _, err := x.RefreshMint(w.t.Context(), w.url); err != nil {
		w.t.Fatal(err)
	}
	return set.ID
}

// A request for more coins than a restore looks through is refused before anything
// happens: no gap can be closed for it, whatever the mint says.
func TestMoreCoinsThanARestoreFindsAreNotAskedForAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	id := w.onlyOnes(x)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	q, err := x.CreateMintQuote(ctx, w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 400})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Issue(ctx, w.url, q.ID, wallet.MintOptions{}); !errors.Is(err, wallet.ErrTooMany) {
		t.Errorf("issued 400 coins: %v", err)
	}
	if next, err := store.Counter(ctx, id); err != nil || next != 0 {
		t.Errorf("the counter is %d, %v", next, err)
	}
	w.fund(x, 300) // is not too much
	w.fund(x, 100)
	if _, err := x.Swap(ctx, w.url, "sat", true); !errors.Is(err, wallet.ErrTooMany) {
		t.Errorf("swapped 400 coins: %v", err)
	}
	if ctx.Err() != nil {
		t.Error("it took for ever")
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}

// The counters of an operation that was given up are its own: it can be taken up again,
// and no other operation may have had the same secrets signed meanwhile (I3).
func TestTheCountersOfAnOperationThatWasGivenUpStayItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	way := &refusing{way: w.line}
	store := w.openStore(sqldb.Memory)
	x := w.walletBy(store, way, newSeed(t))
	w.fund(x, 64)
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == "/v1/swap" {
			return errors.New("lost")
		}
		return nil
	}, nil)
	w.rewrite("/v1/checkstate", `"UNSPENT"`, `"PENDING"`)
	_, err := x.Swap(t.Context(), w.url, "sat", true)
	id := operationOf(t, err)
	if _, err := x.Abandon(t.Context(), id, wallet.AbandonOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	w.line.cut(nil, nil)
	left, err := x.Abandoned(t.Context())
	if err != nil || len(left) != 1 {
		t.Fatalf("%d are given up, %v", len(left), err)
	}
	d, ok := left[0].Data.(*wallet.SwapData)
	if !ok || d.End == nil {
		t.Fatal("it holds no counters")
	}
	keyset := d.Outputs[0].KeysetID
	way.paths.Store(&[]string{"/v1/mint/bolt11"})
	for range 60 {
		q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 1023})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.Issue(t.Context(), w.url, q.ID, wallet.MintOptions{}); !errors.Is(err, cashu.ErrMintingDisabled) {
			t.Fatalf("got %v", err)
		}
		if next, err := store.Counter(t.Context(), keyset); err != nil || next < *d.End+10 {
			t.Fatalf("an operation got counters before %d, and one that was given up has those before %d: %v", next, *d.End, err)
		}
	}
	way.paths.Store(nil)
	w.fund(x, 77)
	if err := x.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := w.balance(x, wallet.CoinUnspent); got < 64+77-1 {
		t.Errorf("%d are left of 141", got)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}

// boaster is a mint that calls everything spent, and shows a signature for whatever it
// is asked about; or something that is none.
type boaster struct {
	*world
	honest bool // its signatures are good
	asked  atomic.Int64
}

func (b *boaster) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := func(status int, v any) (*http.Response, error) {
		text, err := cashu.Encode(v)
		return &http.Response{
			StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
			Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(string(text))),
		}, err
	}
	switch r.URL.Path {
	case "/v1/checkstate", "/v1/restore", "/v1/mint/bolt11":
	default:
		return b.line.RoundTrip(r)
	}
	if r.URL.Path == "/v1/mint/bolt11" {
		return answer(400, cashu.ErrorResponse{Detail: "signed before", Code: cashu.CodeOutputsSigned})
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if r.URL.Path == "/v1/checkstate" {
		var req cashu.CheckStateRequest
		if err := cashu.Decode(body, &req); err != nil {
			return nil, err
		}
		var says cashu.CheckStateResponse
		for _, y := range req.Ys {
			says.States = append(says.States, cashu.StateEntry{Y: y, State: cashu.ProofSpent})
		}
		return answer(200, says)
	}
	if b.asked.Add(1) > 100 {
		return nil, errors.New("this is asked for without end")
	}
	var req cashu.RestoreRequest
	if err := cashu.Decode(body, &req); err != nil {
		return nil, err
	}
	for i := range req.Outputs {
		req.Outputs[i].Amount = 1
	}
	sigs, err := b.keys.Sign(r.Context(), req.Outputs)
	if err != nil {
		return nil, err
	}
	if !b.honest {
		for i := range sigs {
			var other bdhke.Point
			if other, err = bdhke.HashToCurve([]byte("anything")); err != nil {
				return nil, err
			}
			sigs[i].C = other
		}
	}
	return answer(200, cashu.RestoreResponse{Outputs: req.Outputs, Signatures: sigs})
}

// A mint cannot lengthen a restore by signatures that are none.
func TestARestoreBelievesNoSignatureThatDoesNotHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := &boaster{world: w}
	store := w.openStore(sqldb.Memory)
	x := w.walletBy(store, b, newSeed(t))
	if got, err := x.Restore(t.Context(), w.url, wallet.RestoreOptions{}); !errors.Is(err, wallet.ErrIncomplete) || got.Coins != 0 {
		t.Errorf("restored %+v, %v", got, err)
	}
	if n := b.asked.Load(); n > 10 {
		t.Errorf("it asked %d times", n)
	}
	if next, err := store.Counter(t.Context(), w.mint.Keysets().All()[0].ID); err != nil || next != 0 {
		t.Errorf("the counter is %d, %v", next, err)
	}
}

// A mint that has signed with every counter there is, as it says, does not have one
// operation pass over all of them.
func TestAnOperationPassesOverAFewCountersOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := &boaster{world: w, honest: true}
	store := w.openStore(sqldb.Memory)
	x := w.walletBy(store, b, newSeed(t))
	q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 8})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Issue(t.Context(), w.url, q.ID, wallet.MintOptions{}); err == nil {
		t.Error("it was issued")
	}
	next, err := store.Counter(t.Context(), w.mint.Keysets().All()[0].ID)
	if err != nil || next == 0 || next > 3000 {
		t.Errorf("the counter is %d, %v", next, err)
	}
	if n := b.asked.Load(); n > 40 {
		t.Errorf("it asked %d times", n)
	}
}
