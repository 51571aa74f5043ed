package wallet_test

import (
	"errors"
	"strings"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu/token"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// A coin that comes with a proof (NUT-12) which does not hold is not genuine, and the
// mint is not even shown it.
func TestATokenWhoseProofsDoNotHoldIsRefusedUnasked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 64)
	sent := s.sendFrom(s.x, wallet.SendOptions{Amount: 64})
	m, err := s.y.Mint(t.Context(), w.url)
	s.must(err)
	forged := func(change func(c *token.Coin)) string {
		t.Helper()
		parsed, err := token.Parse(sent.Token)
		s.must(err)
		coins, err := parsed.Coins(m.KeysetIDs())
		s.must(err)
		change(&coins[0])
		made, err := token.New(parsed.Mint, parsed.Unit, parsed.Memo, coins)
		s.must(err)
		text, err := made.Encode()
		s.must(err)
		return text
	}
	other, err := bdhke.RandomScalar(nil)
	s.must(err)
	before := w.line.count("POST /v1/swap")
	for name, change := range map[string]func(c *token.Coin){
		"another challenge":       func(c *token.Coin) { c.DLEQ.E = other.Bytes() },
		"another answer":          func(c *token.Coin) { c.DLEQ.S = other.Bytes() },
		"another blinding factor": func(c *token.Coin) { c.DLEQ.R = other },
		"another signature":       func(c *token.Coin) { c.C = other.Public() },
	} {
		_, err := s.y.Receive(t.Context(), forged(change), wallet.ReceiveOptions{AnyMint: true})
		if err == nil || !strings.Contains(err.Error(), "not genuine") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := w.line.count("POST /v1/swap") - before; n != 0 {
		t.Errorf("the mint was shown %d of them", n)
	}
	if _, err := s.y.Receive(t.Context(), forged(func(*token.Coin) {}), wallet.ReceiveOptions{AnyMint: true}); err != nil {
		t.Errorf("the same token unchanged: %v", err)
	}
}

// Two mints with one keyset would get the same secrets (NUT-13): the second is refused,
// and nothing of it is remembered.
func TestAMintWithAKeysetOfAnotherIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	if _, err := x.RefreshMint(t.Context(), w.url); err != nil {
		t.Fatal(err)
	}
	alias := strings.Replace(w.url, "127.0.0.1", "localhost", 1)
	if alias == w.url {
		t.Fatalf("no other name for %s", w.url)
	}
	if _, err := x.Mint(t.Context(), alias); !errors.Is(err, wallet.ErrExists) {
		t.Errorf("got %v", err)
	}
	if _, err := x.KnownMint(t.Context(), alias); !errors.Is(err, wallet.ErrNotFound) {
		t.Errorf("it is remembered: %v", err)
	}
	if _, err := x.RefreshMint(t.Context(), w.url); err != nil {
		t.Errorf("the first one: %v", err)
	}
}
