package wallet_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"regexp"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/wallet"
)

// A mint that has keys for each of its users, under one id, would know who shows a
// token. A wallet that has seen other keys before asks for no tokens of these.
func TestAMintThatShowsOtherKeysForItsTokensGetsNoRequestForThem(t *testing.T) {
	t.Parallel()
	w := newGuarded(t, nil, wantsTokens(t, 3))
	seed := newSeed(t)
	x, store := w.walletOfSeed(seed)
	w.logIn(x)
	if n, err := x.FillTokens(t.Context(), w.url); err != nil || n != 3 {
		t.Fatalf("filled to %d: %v", n, err)
	}
	drop := func() {
		t.Helper()
		err := store.Update(t.Context(), func(tx wallet.Tx) error { return tx.DropAuthTokens(t.Context(), w.url, cashu.KeysetID{}) })
		if err != nil {
			t.Fatal(err)
		}
	}
	drop()
	other, err := bdhke.HashToCurve([]byte("of this user alone"))
	if err != nil {
		t.Fatal(err)
	}
	w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
		if !regexp.MustCompile(`^/v1/auth/blind/keys/`).MatchString(r.URL.Path) {
			return nil
		}
		text, err := io.ReadAll(resp.Body)
		text = regexp.MustCompile(`"0[23][0-9a-f]{64}"`).ReplaceAll(text, []byte(`"`+other.String()+`"`))
		resp.Header.Del("Content-Length")
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		return err
	})
	y := w.walletBy(store, w.line, seed) // another process
	if _, err := y.FillTokens(t.Context(), w.url); !errors.Is(err, wallet.ErrExists) {
		t.Errorf("with other keys: %v", err)
	}
	if n := w.line.count("POST /v1/auth/blind/mint"); n != 1 {
		t.Errorf("tokens were asked for %d times", n)
	}
	w.line.cut(nil, nil)
	if n, err := y.FillTokens(t.Context(), w.url); err != nil || n != 3 {
		t.Errorf("with the keys of before: %d, %v", n, err)
	}
}
