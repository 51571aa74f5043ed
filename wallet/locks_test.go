package wallet_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/cashu/token"
	"mintmark/wallet"
)

// newKey is a key of a wallet.
func (w *world) newKey(x *wallet.Wallet) bdhke.Point {
	w.t.Helper()
	key, err := x.NewKey(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return key
}

// send makes a token of 37, of several coins.
func (w *world) send(x *wallet.Wallet, o wallet.SendOptions) string {
	w.t.Helper()
	o.Amount = 37
	sent, err := x.Send(w.t.Context(), w.url, "sat", o)
	if err != nil {
		w.t.Fatal(err)
	}
	return sent.Token
}

// coinsOf is what is in a token.
func coinsOf(t *testing.T, text string) []token.Coin {
	t.Helper()
	parsed, err := token.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Unchecked(nil)
}

// opened receives a token, and tells whether it could be opened; else it must be in
// the inbox.
func (w *world) opened(x *wallet.Wallet, text string, o wallet.ReceiveOptions) bool {
	w.t.Helper()
	o.AnyMint = true
	before, err := x.Inbox(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	_, receiveErr := x.Receive(w.t.Context(), text, o)
	after, err := x.Inbox(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if (receiveErr == nil) != (len(after) == len(before)) {
		w.t.Errorf("receiving: %v, and %d tokens came into the inbox", receiveErr, len(after)-len(before))
	}
	return receiveErr == nil
}

// bodies is everything that is sent to the mint from now on.
func (w *world) bodies() func() string {
	var mu sync.Mutex
	var sent strings.Builder
	w.line.cut(func(r *http.Request) error {
		if r.Body == nil {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		defer mu.Unlock()
		sent.Write(body)
		return err
	}, nil)
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return sent.String()
	}
}

// NUT-28: whose coins they are is known to sender and receiver, and to nobody else.
func TestTheMintDoesNotSeeWhoseKeysAreBlinded(t *testing.T) {
	t.Parallel()
	for name, all := range map[string]bool{"each coin": false, "all together": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			x, _ := w.wallet()
			y, _ := w.walletOfSeed(newSeed(t))
			stranger, _ := w.walletOfSeed(newSeed(t))
			w.fund(x, 200)
			w.newKey(y)
			key := w.newKey(y)
			w.newKey(stranger)
			sent := w.bodies()
			text := w.send(x, wallet.SendOptions{Lock: &conditions.Lock{Key: key, SigAll: all}, Blind: true})

			ephemeral := map[bdhke.Point]bool{}
			for _, c := range coinsOf(t, text) {
				if c.E.IsZero() || strings.Contains(c.Secret, key.String()) {
					t.Fatalf("a coin whose key is not blinded")
				}
				ephemeral[c.E] = true
			}
			if want := map[bool]int{false: len(coinsOf(t, text)), true: 1}[all]; len(ephemeral) != want {
				t.Errorf("%d coins have %d ephemeral keys, want %d", len(coinsOf(t, text)), len(ephemeral), want)
			}
			if w.opened(stranger, text, wallet.ReceiveOptions{}) {
				t.Error("somebody else opens it")
			}
			if n := w.line.count("POST /v1/swap"); n != 1 { // the sender's own
				t.Errorf("the mint was shown the coins by somebody who cannot open them: %d swaps", n)
			}
			if !w.opened(y, text, wallet.ReceiveOptions{}) {
				t.Error("its receiver cannot open it")
			}
			seen := sent()
			if !strings.Contains(seen, "P2PK") || !strings.Contains(seen, "signatures") {
				t.Fatal("the swap of the receiver was not seen")
			}
			for e := range ephemeral {
				if strings.Contains(seen, e.String()) {
					t.Error("the mint has seen an ephemeral key")
				}
			}
			if x := key.String()[2:]; strings.Contains(seen, x) || strings.Contains(seen, "p2pk_e") {
				t.Error("the mint has seen the key")
			}
		})
	}
}

// Every form of a lock opens for those that it is for, and for no one else.
func TestBlindedLocksOfEveryForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	one, _ := w.walletOfSeed(newSeed(t))
	two, _ := w.walletOfSeed(newSeed(t))
	w.fund(x, 1000)
	a, b, mine := w.newKey(one), w.newKey(two), w.newKey(x)
	preimage := [32]byte{7}
	given := wallet.ReceiveOptions{Preimages: [][32]byte{preimage}}
	past := uint64(w.now().Add(-time.Hour).Unix())
	later := uint64(w.now().Add(time.Hour).Unix())

	both, err := bdhke.RandomScalar(nil)
	if err != nil {
		t.Fatal(err)
	}
	bothKeys := wallet.ReceiveOptions{Keys: []bdhke.Scalar{both}}
	odd := both
	if odd, err = both.Negate(); err != nil { // the same x, the other sign of y
		t.Fatal(err)
	}

	for _, tc := range []struct {
		name string
		lock conditions.Lock
		by   *wallet.Wallet
		o    wallet.ReceiveOptions
		ok   bool
	}{
		{"one of two, the second", conditions.Lock{Key: a, Pubkeys: []bdhke.Point{b}}, two, wallet.ReceiveOptions{}, true},
		{"two of two, with one key", conditions.Lock{Key: a, Pubkeys: []bdhke.Point{both.Public()}, NSigs: 2}, one, wallet.ReceiveOptions{}, false},
		{"two of two, with both keys", conditions.Lock{Key: a, Pubkeys: []bdhke.Point{both.Public()}, NSigs: 2}, one, bothKeys, true},
		{"two of three, all signatures over all", conditions.Lock{Key: b, Pubkeys: []bdhke.Point{both.Public(), a}, NSigs: 2, SigAll: true}, one, bothKeys, true},
		{"the sender's refund, too early", conditions.Lock{Key: a, Locktime: later, Refund: []bdhke.Point{mine}}, x, wallet.ReceiveOptions{}, false},
		{"the sender's refund", conditions.Lock{Key: a, Locktime: past, Refund: []bdhke.Point{mine}}, x, wallet.ReceiveOptions{}, true},
		{"the receiver after the time", conditions.Lock{Key: a, Locktime: past, Refund: []bdhke.Point{mine}}, one, wallet.ReceiveOptions{}, true},
		{"a hash and a key", conditions.Lock{Hash: sha256.Sum256(preimage[:]), Pubkeys: []bdhke.Point{a}}, one, given, true},
		{"a hash and a key, without the preimage", conditions.Lock{Hash: sha256.Sum256(preimage[:]), Pubkeys: []bdhke.Point{a}}, one, wallet.ReceiveOptions{}, false},
		{"a hash and a key, of another", conditions.Lock{Hash: sha256.Sum256(preimage[:]), Pubkeys: []bdhke.Point{a}}, two, given, false},
		{"a key known by x alone", conditions.Lock{Key: odd.Public()}, one, bothKeys, true},
	} {
		text := w.send(x, wallet.SendOptions{Lock: &tc.lock, Blind: true})
		if ok := w.opened(tc.by, text, tc.o); ok != tc.ok {
			t.Errorf("%s: opened %v, want %v", tc.name, ok, tc.ok)
		}
	}
}

func TestALockThatCannotBeBlindedCostsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.fund(x, 200)
	key := w.newKey(x)
	var many []bdhke.Point
	for range conditions.MaxSlots {
		many = append(many, w.newKey(x))
	}
	for name, o := range map[string]wallet.SendOptions{
		"no lock":           {Amount: 10},
		"too many keys":     {Amount: 10, Lock: &conditions.Lock{Key: key, Pubkeys: many}},
		"a key that is two": {Amount: 10, Lock: &conditions.Lock{Key: key, Pubkeys: []bdhke.Point{key}, NSigs: 2}},
	} {
		o.Blind = true
		_, err := x.Send(t.Context(), w.url, "sat", o)
		if err == nil {
			t.Errorf("%s: sent", name)
		}
		if name == "too many keys" && !errors.Is(err, conditions.ErrTooManySlots) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 200 {
		t.Errorf("%d free, want 200", free)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}

// The words are all that a wallet needs for its keys, too.
func TestAKeyOpensLocksAfterTheWalletCameBackFromItsWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 200)
	seed := newSeed(t)
	y, _ := w.walletOfSeed(seed)
	var key bdhke.Point
	for range 5 {
		key = w.newKey(y)
	}
	again, _ := w.walletOfSeed(seed)
	for _, blind := range []bool{false, true} {
		if !w.opened(again, w.send(x, wallet.SendOptions{Lock: &conditions.Lock{Key: key}, Blind: blind}), wallet.ReceiveOptions{}) {
			t.Errorf("blinded %v: it does not open", blind)
		}
	}
	if keys, err := again.Keys(t.Context()); err != nil || len(keys) != 0 {
		t.Errorf("keys that were not given out are listed: %v, %v", keys, err)
	}
}

// A coin of a stranger's may carry anything beside its secret.
func TestATokenWithAnEphemeralKeyThatFitsNothingGoesIntoTheInbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	y, _ := w.walletOfSeed(newSeed(t))
	w.fund(x, 200)
	key := w.newKey(y)
	reseal := func(text string, change func(c *token.Coin)) string {
		parsed, err := token.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		m, err := x.Mint(t.Context(), w.url)
		if err != nil {
			t.Fatal(err)
		}
		coins, err := parsed.Coins(m.KeysetIDs())
		if err != nil {
			t.Fatal(err)
		}
		for i := range coins {
			change(&coins[i])
		}
		if parsed, err = token.New(parsed.Mint, parsed.Unit, "", coins); err != nil {
			t.Fatal(err)
		}
		if text, err = parsed.Encode(); err != nil {
			t.Fatal(err)
		}
		return text
	}
	blinded := w.send(x, wallet.SendOptions{Lock: &conditions.Lock{Key: key}, Blind: true})
	if w.opened(y, reseal(blinded, func(c *token.Coin) { c.E = key }), wallet.ReceiveOptions{}) {
		t.Error("it opens with another ephemeral key")
	}
	if w.opened(y, reseal(blinded, func(c *token.Coin) { c.E = bdhke.Point{} }), wallet.ReceiveOptions{}) {
		t.Error("it opens without the ephemeral key")
	}
	if !w.opened(y, blinded, wallet.ReceiveOptions{}) {
		t.Error("it does not open as it was made")
	}
	plain := w.send(x, wallet.SendOptions{Lock: &conditions.Lock{Key: key}})
	if !w.opened(y, reseal(plain, func(c *token.Coin) { c.E = key }), wallet.ReceiveOptions{}) {
		t.Error("a lock that is not blinded does not open because of a key beside it")
	}
	var many []bdhke.Point
	for range conditions.MaxSlots {
		many = append(many, w.newKey(x))
	}
	wide := w.send(x, wallet.SendOptions{Lock: &conditions.Lock{Key: key, Pubkeys: many}})
	if !w.opened(y, reseal(wide, func(c *token.Coin) { c.E = key }), wallet.ReceiveOptions{}) {
		t.Error("a lock of more keys than can be blinded does not open because of a key beside it")
	}
	if got := w.balance(y, wallet.CoinUnspent); got < cashu.Amount(3*36) {
		t.Errorf("y has %d", got)
	}
}
