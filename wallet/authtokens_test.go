package wallet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tyler-smith/go-bip39"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/wallet"
	"mintmark/wallet/mintclient"
)

// wantsTokens is a mint that wants blind tokens for swaps and for minting.
func wantsTokens(t testing.TB, most int) mint.Auth {
	return mint.Auth{MaxTokens: most, TokensPerHour: -1, Blind: endpoints(t, "POST /v1/swap", "POST /v1/mint/*")}
}

// reserve is how many tokens a wallet has left.
func (w *world) reserve(x *wallet.Wallet) int {
	w.t.Helper()
	state, err := x.LoginState(w.t.Context(), w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	return state.Tokens
}

func TestBlindTokensAreTakenFromAReserve(t *testing.T) {
	t.Parallel()
	w := newGuarded(t, nil, wantsTokens(t, 3))
	x, store := w.wallet()
	w.logIn(x)
	blind, clear := w.shown("Blind-auth"), w.line.count
	w.fund(x, 100) // two requests
	if left := w.reserve(x); left != 1 {
		t.Errorf("%d tokens are left of 3", left)
	}
	if n, err := x.FillTokens(t.Context(), w.url); err != nil || n != 1 {
		t.Errorf("filled to %d without need: %v", n, err)
	}
	if _, err := x.Swap(t.Context(), w.url, "sat", true); err != nil {
		t.Fatal(err)
	}
	if n, err := x.FillTokens(t.Context(), w.url); err != nil || n != 3 {
		t.Errorf("filled to %d: %v", n, err)
	}
	if n := clear("POST /v1/auth/blind/mint"); n != 2 {
		t.Errorf("tokens were asked for %d times", n)
	}
	all := slices.Concat(blind("/v1/mint/quote/bolt11"), blind("/v1/mint/bolt11"), blind("/v1/swap"))
	slices.Sort(all)
	if len(all) != 3 || len(slices.Compact(slices.Clone(all))) != 3 || slices.Contains(all, "") {
		t.Errorf("3 requests have shown %q", all)
	}
	if got := blind("/v1/auth/blind/mint"); slices.ContainsFunc(got, func(s string) bool { return s != "" }) {
		t.Errorf("blind tokens were asked for with blind tokens")
	}
	for _, text := range all {
		token, err := cashu.ParseBlindAuthToken(text)
		if err != nil || strings.Contains(text, "dleq") {
			t.Fatalf("%v", err)
		}
		err = store.Update(t.Context(), func(tx wallet.Tx) error {
			for {
				kept, err := tx.TakeAuthToken(t.Context(), w.url, w.now().Unix())
				if errors.Is(err, wallet.ErrNotFound) {
					return nil
				}
				if err != nil || kept.Secret == token.Secret {
					return errors.New("a token that was shown is still there")
				}
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A request that is sent again has the same body and another token, also when another
// process sends it.
func TestARequestThatIsSentAgainShowsAnotherToken(t *testing.T) {
	t.Parallel()
	w := newGuarded(t, nil, wantsTokens(t, 4))
	x, store := w.wallet()
	w.logIn(x)
	w.fund(x, 64)
	var tokens []string
	var bodies [][]byte
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path != "/v1/swap" {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		tokens, bodies = append(tokens, r.Header.Get("Blind-auth")), append(bodies, body)
		if len(tokens) < 5 {
			return errors.New("lost")
		}
		return nil
	}, nil)
	_, _ = x.Swap(t.Context(), w.url, "sat", true)
	again := w.walletBy(store, w.line, bip39.NewSeed(words, ""))
	for range 5 {
		if _, err := again.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
	if len(tokens) < 5 {
		t.Errorf("the request was sent %d times", len(tokens))
	}
	for i := range bodies {
		if !bytes.Equal(bodies[i], bodies[0]) {
			t.Errorf("request %d has another body", i)
		}
	}
	slices.Sort(tokens)
	if len(slices.Compact(slices.Clone(tokens))) != len(tokens) {
		t.Error("a token was shown twice")
	}
}

func TestWhatAMintWithoutATokenAnswers(t *testing.T) {
	t.Parallel()
	auth := wantsTokens(t, 2)
	auth.TokensPerHour = 2
	w := newGuarded(t, nil, auth)
	x, store := w.wallet()
	if err := w.quoteOf(x); !errors.Is(err, wallet.ErrLogin) || mintclient.Sent(err) {
		t.Errorf("without a login: %v", err)
	}
	w.logIn(x)
	w.fund(x, 64) // takes both tokens
	if _, err := x.Swap(t.Context(), w.url, "sat", true); !errors.Is(err, cashu.ErrBlindAuthLimited) || mintclient.Sent(err) {
		t.Errorf("with no tokens for this hour: %v", err)
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 64 {
		t.Errorf("%d free: the swap that was not sent holds coins", free)
	}
	if sagas, err := store.Sagas(t.Context()); err != nil || len(sagas) != 0 {
		t.Errorf("left over: %v, %v", sagas, err)
	}
}

// A token that is received when the mint lets nobody in is kept, and comes in later.
func TestATokenThatCannotBeReceivedWithoutALoginWaits(t *testing.T) {
	t.Parallel()
	w := newGuarded(t, nil, wantsTokens(t, 10))
	x, xStore := w.wallet()
	y, yStore := w.walletOfSeed(newSeed(t))
	w.logIn(x)
	w.fund(x, 64)
	text := w.send(x, wallet.SendOptions{})
	if _, err := y.Receive(t.Context(), text, wallet.ReceiveOptions{AnyMint: true}); !errors.Is(err, wallet.ErrLogin) {
		t.Errorf("without a login: %v", err)
	}
	w.logIn(y)
	if _, err := y.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := w.balance(y, wallet.CoinUnspent); got < 36 {
		t.Errorf("after the login y has %d", got)
	}
	if _, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := w.audit(xStore, yStore); err != nil {
		t.Error(err)
	}
}

// answered changes what the mint answers when it is asked for tokens.
func (w *world) answered(change func(sigs []map[string]any)) {
	w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
		if r.URL.Path != "/v1/auth/blind/mint" {
			return nil
		}
		var v struct {
			Signatures []map[string]any `json:"signatures"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
			return err
		}
		change(v.Signatures)
		text, err := json.Marshal(v)
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		resp.Header.Del("Content-Length")
		return err
	})
}

func TestTokensWithoutAProofThatHoldsAreNotTaken(t *testing.T) {
	t.Parallel()
	w := newGuarded(t, nil, wantsTokens(t, 2))
	x, _ := w.wallet()
	w.logIn(x)
	for name, change := range map[string]func(sigs []map[string]any){
		"no proof":          func(s []map[string]any) { delete(s[1], "dleq") },
		"another's proof":   func(s []map[string]any) { s[0]["dleq"] = s[1]["dleq"] },
		"another's token":   func(s []map[string]any) { s[0], s[1] = s[1], s[0] },
		"another amount":    func(s []map[string]any) { s[1]["amount"] = 2 },
		"signed with no id": func(s []map[string]any) { delete(s[1], "id") },
	} {
		w.answered(change)
		if err := w.quoteOf(x); err == nil || mintclient.Sent(err) {
			t.Errorf("%s: %v", name, err)
		}
		if left := w.reserve(x); left != 0 {
			t.Errorf("%s: %d tokens are kept", name, left)
		}
	}
	w.line.cut(nil, nil)
	if err := w.quoteOf(x); err != nil {
		t.Errorf("and with proofs: %v", err)
	}
}

// Tokens that the mint does not take any more are dropped, and others asked for.
func TestTokensThatAreNoGoodAnyMoreAreReplaced(t *testing.T) {
	t.Parallel()
	w := newGuarded(t, nil, wantsTokens(t, 4))
	x, store := w.wallet()
	w.logIn(x)
	if n, err := x.FillTokens(t.Context(), w.url); err != nil || n != 4 {
		t.Fatalf("%d, %v", n, err)
	}
	var good cashu.BlindAuthToken
	err := store.Update(t.Context(), func(tx wallet.Tx) (err error) {
		if good, err = tx.TakeAuthToken(t.Context(), w.url, w.now().Unix()); err != nil {
			return err
		}
		if err := tx.DropAuthTokens(t.Context(), w.url, good.ID); err != nil {
			return err
		}
		bad, err := bdhke.HashToCurve([]byte("bad"))
		if err != nil {
			return err
		}
		return tx.AddAuthTokens(t.Context(), w.url, 0, []cashu.BlindAuthToken{{ID: good.ID, Secret: "a", C: bad}, {ID: good.ID, Secret: "b", C: bad}})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.quoteOf(x); err != nil {
		t.Errorf("with tokens that are no good: %v", err)
	}
	if left := w.reserve(x); left != 3 {
		t.Errorf("%d tokens are left, want 3 new ones", left)
	}

	// Those of a keyset that has ended are not even shown.
	w.rotateAuth(time.Hour)
	if err := store.Update(t.Context(), func(tx wallet.Tx) error { return tx.DropAuthTokens(t.Context(), w.url, cashu.KeysetID{}) }); err != nil {
		t.Fatal(err)
	}
	if n, err := x.FillTokens(t.Context(), w.url); err != nil || n != 4 {
		t.Fatalf("%d, %v", n, err)
	}
	w.later(2 * time.Hour)
	if left := w.reserve(x); left != 0 {
		t.Errorf("%d tokens of a keyset that has ended", left)
	}
	seen := w.shown("Blind-auth")
	w.rotateAuth(4 * time.Hour)
	if err := w.quoteOf(x); err != nil {
		t.Errorf("after the end of a keyset: %v", err)
	}
	if n := len(seen("/v1/mint/quote/bolt11")); n != 1 {
		t.Errorf("the request was sent %d times", n)
	}
}

// A mint may give fewer tokens at once than it has said.
func TestFewerTokensAtOnceThanTheMintHasSaid(t *testing.T) {
	t.Parallel()
	w := newGuarded(t, nil, wantsTokens(t, 5))
	x, _ := w.wallet()
	w.logIn(x)
	w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
		if r.URL.Path != "/v1/info" {
			return nil
		}
		text, err := io.ReadAll(resp.Body)
		text = bytes.ReplaceAll(text, []byte(`"bat_max_mint":5`), []byte(`"bat_max_mint":999`))
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		resp.Header.Del("Content-Length")
		return err
	})
	if _, err := x.RefreshMint(t.Context(), w.url); err != nil {
		t.Fatal(err)
	}
	if n, err := x.FillTokens(t.Context(), w.url); err != nil || n != 3 { // 50, 25, 12, 6, 3
		t.Errorf("got %d tokens: %v", n, err)
	}
}

// Two processes on one database never show the same token.
func TestProcessesDoNotShareATokenOfTheReserve(t *testing.T) {
	t.Parallel()
	w := newGuarded(t, nil, wantsTokens(t, 7))
	seed, path := newSeed(t), t.TempDir()+"/wallet.db"
	x, y := w.walletBy(w.openStore(path), w.line, seed), w.walletBy(w.openStore(path), w.line, seed)
	w.logIn(x)
	seen := w.shown("Blind-auth")
	var all sync.WaitGroup
	for range 12 {
		for _, z := range []*wallet.Wallet{x, y} {
			all.Go(func() {
				if err := w.quoteOf(z); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	tokens := seen("/v1/mint/quote/bolt11")
	slices.Sort(tokens)
	if n := len(slices.Compact(slices.Clone(tokens))); n != 24 || len(tokens) != 24 {
		t.Errorf("%d requests have shown %d tokens, want 24", len(tokens), n)
	}
}
