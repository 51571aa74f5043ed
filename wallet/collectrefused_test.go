package wallet_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/cashu/paymentrequest"
	"mintmark/cashu/token"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// counter is a shop where payments over 16 are taken.
type counter struct {
	*world
	payer, shop *wallet.Wallet
	store       *waitingStore
	url         string
	paid        []error
}

// waitingStore is a store whose commits fail with an error of its own; nil: none.
type waitingStore struct {
	*brokenStore
	fails error
}

func (s *waitingStore) Update(ctx context.Context, fn func(tx wallet.Tx) error) error {
	err := s.brokenStore.Update(ctx, fn)
	if s.fails != nil && errors.Is(err, errStore) {
		return s.fails
	}
	return err
}

func newCounter(w *world) *counter {
	t := w.t
	c := &counter{world: w, store: &waitingStore{brokenStore: &brokenStore{Store: w.openStore(sqldb.Memory)}}}
	c.payer, _ = w.wallet()
	c.shop = w.walletBy(c.store, w.line, newSeed(t))
	w.fund(c.payer, 800)
	request := paymentrequest.Request{ID: "lunch", Amount: 16, Unit: "sat", Mints: []string{w.url}}
	server := httptest.NewServer(c.shop.Collect(request, wallet.ReceiveOptions{}, func(_ wallet.Received, err error) { c.paid = append(c.paid, err) }))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *counter) payment(o wallet.SendOptions) (wallet.Sent, []token.Coin) {
	c.t.Helper()
	if o.Amount == 0 {
		o.Amount = 16
	}
	sent, err := c.payer.Send(c.t.Context(), c.world.url, "sat", o)
	if err != nil {
		c.t.Fatal(err)
	}
	parsed, err := token.Parse(sent.Token)
	if err != nil {
		c.t.Fatal(err)
	}
	m, err := c.payer.KnownMint(c.t.Context(), c.world.url)
	if err != nil {
		c.t.Fatal(err)
	}
	coins, err := parsed.Coins(m.KeysetIDs())
	if err != nil {
		c.t.Fatal(err)
	}
	return sent, coins
}

func (c *counter) post(coins []token.Coin) int {
	c.t.Helper()
	body, err := cashu.Encode(paymentrequest.Payload{ID: "lunch", Mint: c.world.url, Unit: "sat", Coins: coins})
	if err != nil {
		c.t.Fatal(err)
	}
	return post(c.t.(*testing.T), c.url, http.MethodPost, string(body))
}

// keeps tells how many tokens are in the shop's inbox, and in its history.
func (c *counter) keeps(inbox, history int) {
	c.t.Helper()
	items, err := c.shop.Inbox(c.t.Context())
	if err != nil || len(items) != inbox {
		c.t.Errorf("the inbox has %d tokens, not %d: %v", len(items), inbox, err)
	}
	list, err := c.store.Transactions(c.t.Context(), 0)
	if err != nil || len(list) != history {
		c.t.Errorf("the history has %d entries, not %d: %v", len(list), history, err)
	}
}

// forged are coins that no mint has signed.
func forged(coins []token.Coin) []token.Coin {
	for i := range coins {
		coins[i].Secret, coins[i].DLEQ = coins[i].Secret[1:]+"0", nil
	}
	return coins
}

// What is refused stays the payer's, who pays in another way: nothing of it is kept.
func TestNothingIsKeptOfAPaymentThatIsRefused(t *testing.T) {
	t.Parallel()
	c := newCounter(newWorld(t))
	key, err := c.shop.NewKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, locked := c.payment(wallet.SendOptions{Lock: &conditions.Lock{Key: key}})
	stranger, err := bdhke.RandomScalar(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, lockedToOthers := c.payment(wallet.SendOptions{Lock: &conditions.Lock{Key: stranger.Public()}})
	taken, takenCoins := c.payment(wallet.SendOptions{})
	if _, err := c.payer.Revoke(t.Context(), taken.ID); err != nil {
		t.Fatal(err)
	}
	_, fake := c.payment(wallet.SendOptions{})
	forged(fake)
	for name, coins := range map[string][]token.Coin{
		"locked to a key of the shop": locked, "locked to somebody else": lockedToOthers, "taken back": takenCoins, "forged": fake,
	} {
		if status := c.post(coins); status != 400 {
			t.Errorf("%s: HTTP %d", name, status)
		}
	}
	if len(c.paid) != 0 {
		t.Errorf("paid: %v", c.paid)
	}
	c.keeps(0, 0)
	_, good := c.payment(wallet.SendOptions{})
	if status := c.post(good); status != 200 {
		t.Errorf("good coins: HTTP %d", status)
	}
	c.keeps(0, 1)
}

// A payment is taken as a whole or not at all: one that would go in parts, of which the
// mint could refuse some, is refused.
func TestAPaymentInMoreCoinsThanAMintTakesAtOnceIsRefused(t *testing.T) {
	t.Parallel()
	c := newCounter(newSmallWorld(t))
	var coins []token.Coin
	for len(coins) <= most {
		_, some := c.payment(wallet.SendOptions{Amount: 15})
		coins = append(coins, some...)
	}
	if status := c.post(coins); status != 400 {
		t.Errorf("HTTP %d", status)
	}
	c.keeps(0, 0)
	if status := c.post(coins[:8]); status != 200 {
		t.Errorf("fewer coins: HTTP %d", status)
	}
}

// Nothing is written down while the mint is not there: the payer can come again.
func TestAPaymentIsNotTakenWhileItsMintIsAway(t *testing.T) {
	t.Parallel()
	c := newCounter(newWorld(t))
	_, coins := c.payment(wallet.SendOptions{})
	c.line.cut(func(r *http.Request) error {
		if r.URL.Path == "/v1/swap" {
			return &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused")}
		}
		return nil
	}, nil)
	if status := c.post(coins); status != 503 || len(c.paid) != 0 {
		t.Errorf("HTTP %d, paid: %v", status, c.paid)
	}
	c.keeps(0, 0)
	c.line.cut(nil, nil)
	if status := c.post(coins); status != 200 || len(c.paid) != 1 {
		t.Errorf("HTTP %d, paid: %v", status, c.paid)
	}
	c.keeps(0, 1)
}

// A payment that waits for something before it is written down is not told to be.
func TestAPaymentThatIsNotWrittenDownIsNotAccepted(t *testing.T) {
	t.Parallel()
	c := newCounter(newWorld(t))
	_, coins := c.payment(wallet.SendOptions{})
	c.store.fails = wallet.ErrPending
	c.store.at, c.store.lasts, c.store.fault = 0, true, notCommitted
	if status := c.post(coins); status != 503 || len(c.paid) != 0 {
		t.Errorf("HTTP %d, paid: %v", status, c.paid)
	}
	c.store.heal()
	if status := c.post(coins); status != 200 || len(c.paid) != 1 {
		t.Errorf("HTTP %d, paid: %v", status, c.paid)
	}
}

// A payment that the payer was told is written down is kept, however it ends.
func TestAPaymentThatWasNotRefusedIsKept(t *testing.T) {
	t.Parallel()
	for name, hinder := range map[string]func(c *counter){
		"the mint does not answer": func(c *counter) {
			c.line.cut(func(r *http.Request) error {
				if r.URL.Path == "/v1/swap" {
					return errors.New("lost")
				}
				return nil
			}, nil)
		},
		"the refusal cannot be written": func(c *counter) {
			c.line.cut(func(r *http.Request) error {
				if r.URL.Path == "/v1/checkstate" {
					c.store.mu.Lock()
					defer c.store.mu.Unlock()
					c.store.at, c.store.lasts, c.store.fault = 0, true, notCommitted
				}
				return nil
			}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(newWorld(t))
			_, coins := c.payment(wallet.SendOptions{})
			forged(coins)
			hinder(c)
			if status := c.post(coins); status != 202 {
				t.Errorf("HTTP %d", status)
			}
			if len(c.paid) != 1 || !errors.Is(c.paid[0], wallet.ErrPending) {
				t.Errorf("paid: %v", c.paid)
			}
			c.line.cut(nil, nil)
			c.store.heal()
			c.later(5 * time.Minute) // nothing is on its way any more
			if _, err := c.shop.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
				t.Fatal(err)
			}
			c.keeps(1, 1)
		})
	}
}
