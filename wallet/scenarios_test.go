package wallet_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/mint"
	"mintmark/wallet"
)

// scenario is one operation that is put through faults. What prepare returns is all
// that do needs, so that another process can do it.
type scenario struct {
	name    string
	prepare func(s *stage) string
	do      func(ctx context.Context, x *wallet.Wallet, url, arg string) error
	guarded bool // the mint wants a blind token for everything
}

// world is a new world that the scenario plays in: that of many coins at a mint that
// takes few at once.
func (sc scenario) world(t testing.TB) *world {
	t.Helper()
	switch {
	case strings.Contains(sc.name, "many coins"):
		return newSmallWorld(t)
	case !sc.guarded:
		return newWorld(t)
	}
	return newGuarded(t, nil, mint.Auth{
		// Two tokens at a time, so that they run out all the time.
		MaxTokens: 2, TokensPerHour: -1,
		Blind: endpoints(t, "POST /v1/swap", "POST /v1/mint/*", "POST /v1/melt/*", "GET /v1/melt/quote/*", "POST /v1/checkstate", "POST /v1/restore"),
	})
}

// guarded is a scenario where the mint wants blind tokens.
func guarded(sc scenario) scenario {
	sc.name += " with blind tokens"
	sc.guarded = true
	return sc
}

// stage is what a scenario plays on: x does it, y is somebody else.
type stage struct {
	*world
	x, y           *wallet.Wallet
	xStore, yStore wallet.Store
	xSeed          []byte
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) mintQuote(x *wallet.Wallet, amount cashu.Amount) string {
	s.t.Helper()
	q, err := x.CreateMintQuote(s.t.Context(), s.url, wallet.MintQuoteOptions{Unit: "sat", Amount: amount})
	s.must(err)
	return q.ID
}

func (s *stage) sendFrom(x *wallet.Wallet, o wallet.SendOptions) wallet.Sent {
	s.t.Helper()
	sent, err := x.Send(s.t.Context(), s.url, "sat", o)
	s.must(err)
	return sent
}

// funded is a scenario of a wallet that has 200.
func funded(name string, prepare func(s *stage) string, do func(ctx context.Context, x *wallet.Wallet, url, arg string) error) scenario {
	return scenario{name: name, prepare: func(s *stage) string {
		s.fund(s.x, 200)
		if prepare == nil {
			return ""
		}
		return prepare(s)
	}, do: do}
}

// many is a scenario of a wallet that has more coins than the mint takes at once: its
// name has "many coins" in it.
func many(name string, prepare func(s *stage) string, do func(ctx context.Context, x *wallet.Wallet, url, arg string) error) scenario {
	return scenario{name: name, prepare: func(s *stage) string {
		s.coppers(s.x, 2*most+1)
		if prepare == nil {
			return ""
		}
		return prepare(s)
	}, do: do}
}

func doIssue(ctx context.Context, x *wallet.Wallet, url, quote string) error {
	_, err := x.Issue(ctx, url, quote, wallet.MintOptions{})
	return err
}

func doClaim(ctx context.Context, x *wallet.Wallet, _, _ string) error {
	done, err := x.Claim(ctx)
	for _, c := range done {
		err = errors.Join(err, c.Err)
	}
	return err
}

func doSwap(ctx context.Context, x *wallet.Wallet, url, _ string) error {
	_, err := x.Swap(ctx, url, "sat", true)
	return err
}

// meltWait is how long a payment is waited for.
const meltWait = 30 * time.Second

// impatient is a context in which a payment is waited for only a little. Where faults
// last more is in vain.
func impatient(ctx context.Context) context.Context {
	return context.WithValue(ctx, waitKey{}, 300*time.Millisecond)
}

type waitKey struct{}

// waitOf is how long a payment is waited for under a context.
func waitOf(ctx context.Context) time.Duration {
	if wait, given := ctx.Value(waitKey{}).(time.Duration); given {
		return wait
	}
	return meltWait
}

func doMelt(ctx context.Context, x *wallet.Wallet, url, quote string) error {
	_, err := x.Melt(ctx, url, quote, wallet.MeltOptions{Wait: waitOf(ctx), Poll: time.Millisecond})
	return err
}

func doParts(ctx context.Context, x *wallet.Wallet, _, invoice string) error {
	plan, err := x.PlanParts(ctx, wallet.PartsOptions{Unit: "sat", Request: invoice})
	if err != nil {
		return err
	}
	_, err = x.PayParts(ctx, plan, wallet.MeltOptions{Wait: waitOf(ctx), Poll: time.Millisecond})
	return err
}

func doReceive(ctx context.Context, x *wallet.Wallet, _, token string) error {
	_, err := x.Receive(ctx, token, wallet.ReceiveOptions{AnyMint: true})
	return err
}

// op runs something on the operation that arg names.
func op[T any](fn func(x *wallet.Wallet, ctx context.Context, id uuid.UUID) (T, error)) func(ctx context.Context, x *wallet.Wallet, url, arg string) error {
	return func(ctx context.Context, x *wallet.Wallet, _, arg string) error {
		id, err := uuid.Parse(arg)
		if err != nil {
			return err
		}
		_, err = fn(x, ctx, id)
		return err
	}
}

// doGiveUp gives an operation up and takes it up again.
func doGiveUp(ctx context.Context, x *wallet.Wallet, _, arg string) error {
	id, err := uuid.Parse(arg)
	if err != nil {
		return err
	}
	if a, err := x.Abandon(ctx, id, wallet.AbandonOptions{Force: true}); err != nil || a.Ended {
		return err
	}
	return x.Resume(ctx, id)
}

// inDoubt starts a payment whose request is lost, and with it the process.
func inDoubt(s *stage) string {
	q := s.meltQuote(s.x, 100)
	s.line.cut(nil, nil)
	ctx, die := context.WithCancel(s.t.Context())
	defer die()
	dying := s.walletBy(s.xStore, lostMelts{die}, s.xSeed)
	_, err := dying.Melt(ctx, s.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond})
	failed, ok := errors.AsType[*wallet.OperationError](err)
	if !ok {
		s.t.Fatalf("got %v", err)
	}
	return failed.ID.String()
}

// lostSwaps is a way to the mint on which swaps are lost.
type lostSwaps struct{}

func (lostSwaps) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/v1/swap" {
		return nil, errors.New("lost")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// exchangeInDoubt starts something whose request is lost.
func exchangeInDoubt(s *stage, do func(x *wallet.Wallet) error) string {
	failed, ok := errors.AsType[*wallet.OperationError](do(s.walletBy(s.xStore, lostSwaps{}, s.xSeed)))
	if !ok {
		s.t.Fatal("it is not in doubt")
	}
	return failed.ID.String()
}

func scenarios() []scenario {
	send := func(o wallet.SendOptions) func(ctx context.Context, x *wallet.Wallet, url, arg string) error {
		return func(ctx context.Context, x *wallet.Wallet, url, arg string) error {
			if o.Lock != nil {
				key, err := bdhke.ParsePointHex(arg)
				if err != nil {
					return err
				}
				lock := *o.Lock
				lock.Key = key
				o.Lock = &lock
			}
			_, err := x.Send(ctx, url, "sat", o)
			return err
		}
	}
	theirKey := func(s *stage) string {
		key, err := s.y.NewKey(s.t.Context())
		s.must(err)
		return key.String()
	}
	rotated := func(prepare func(s *stage) string) func(s *stage) string {
		return func(s *stage) (arg string) {
			if prepare != nil {
				arg = prepare(s)
			}
			s.rotate(100)
			return arg
		}
	}
	locked := func(all, blind bool) func(s *stage) string {
		return func(s *stage) string {
			key, err := s.x.NewKey(s.t.Context())
			s.must(err)
			s.fund(s.y, 200)
			return s.sendFrom(s.y, wallet.SendOptions{Amount: 50, Lock: &conditions.Lock{Key: key, SigAll: all}, Blind: blind}).Token
		}
	}
	quote := func(s *stage) string { return s.mintQuote(s.x, 77) }
	batch := func(s *stage) string {
		s.paidQuotes(s.x, 5, 64, 100)
		return ""
	}
	melt := func(s *stage) string { return s.meltQuote(s.x, 100).ID }
	token := func(s *stage) string {
		s.fund(s.y, 200)
		return s.sendFrom(s.y, wallet.SendOptions{Amount: 50}).Token
	}
	out := func(s *stage) string { return s.sendFrom(s.x, wallet.SendOptions{Amount: 50}).ID.String() }
	return []scenario{
		{name: "issue", prepare: quote, do: doIssue},
		{name: "issue after a rotation", prepare: rotated(quote), do: doIssue},
		guarded(scenario{name: "issue", prepare: quote, do: doIssue}),
		{name: "issue a batch", prepare: batch, do: doClaim},
		{name: "issue a batch after a rotation", prepare: rotated(batch), do: doClaim},
		funded("issue where another device was", func(s *stage) string {
			device, _ := s.walletOfSeed(s.xSeed)
			if _, err := device.Restore(s.t.Context(), s.url, wallet.RestoreOptions{}); err != nil {
				s.t.Fatal(err)
			}
			quote := s.mintQuote(s.x, 100)
			s.fund(device, 100)
			return quote
		}, doIssue),
		funded("swap", nil, doSwap),
		funded("swap after a rotation", rotated(nil), doSwap),
		funded("send what fits", nil, send(wallet.SendOptions{Amount: 128})),
		funded("send after a swap", nil, send(wallet.SendOptions{Amount: 50, IncludeFee: true})),
		funded("send after a swap after a rotation", rotated(nil), send(wallet.SendOptions{Amount: 50})),
		funded("send to a key", theirKey, send(wallet.SendOptions{Amount: 50, Lock: &conditions.Lock{}})),
		funded("send to a blinded key", theirKey, send(wallet.SendOptions{Amount: 50, Lock: &conditions.Lock{}, Blind: true})),
		funded("check a token that was claimed", func(s *stage) string {
			sent := s.sendFrom(s.x, wallet.SendOptions{Amount: 50})
			_, err := s.y.Receive(s.t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true})
			s.must(err)
			return sent.ID.String()
		}, op((*wallet.Wallet).CheckSend)),
		funded("revoke", out, op((*wallet.Wallet).Revoke)),
		funded("revoke after a rotation", rotated(out), op((*wallet.Wallet).Revoke)),
		funded("receive", token, doReceive),
		guarded(funded("receive", token, doReceive)),
		funded("receive after a rotation", rotated(token), doReceive),
		funded("receive with a key", locked(false, false), doReceive),
		funded("receive with signatures over all", locked(true, false), doReceive),
		funded("receive with a blinded key", locked(true, true), doReceive),
		funded("melt", melt, doMelt),
		guarded(funded("melt", melt, doMelt)),
		funded("melt after a rotation", rotated(melt), doMelt),
		funded("melt that fails", func(s *stage) string {
			q, err := s.x.CreateMeltQuote(s.t.Context(), s.url, wallet.MeltQuoteOptions{Unit: "sat", Request: s.invoice(100, "fail the payment")})
			s.must(err)
			return q.ID
		}, doMelt),
		funded("pay in parts", func(s *stage) string {
			s.atSecond(200)
			return s.outside(300, "")
		}, doParts),
		funded("reclaim", inDoubt, op((*wallet.Wallet).Reclaim)),
		funded("reclaim a swap", func(s *stage) string {
			return exchangeInDoubt(s, func(x *wallet.Wallet) error { return doSwap(s.t.Context(), x, s.url, "") })
		}, op((*wallet.Wallet).Reclaim)),
		funded("reclaim a token", func(s *stage) string {
			text := token(s)
			return exchangeInDoubt(s, func(x *wallet.Wallet) error { return doReceive(s.t.Context(), x, s.url, text) })
		}, op((*wallet.Wallet).Reclaim)),
		funded("give up and take up again", inDoubt, doGiveUp),
		{name: "restore", prepare: func(s *stage) string {
			device, _ := s.walletOfSeed(s.xSeed)
			s.fund(device, 100)
			s.rotate(100)
			if _, err := device.RefreshMint(s.t.Context(), s.url); err != nil {
				s.t.Fatal(err)
			}
			s.fund(device, 77)
			return ""
		}, do: func(ctx context.Context, x *wallet.Wallet, url, _ string) error {
			_, err := x.Restore(ctx, url, wallet.RestoreOptions{})
			return err
		}},
		many("swap of many coins", nil, doSwap),
		many("send of many coins to a key", theirKey, send(wallet.SendOptions{Amount: 25, Lock: &conditions.Lock{}})),
		many("receive of many coins", func(s *stage) string {
			s.coppers(s.y, 2*most+1)
			return s.sendFrom(s.y, wallet.SendOptions{Amount: 2*most + 1, Offline: true}).Token
		}, doReceive),
		many("revoke of many coins", func(s *stage) string {
			return s.sendFrom(s.x, wallet.SendOptions{Amount: 2*most + 1, Offline: true}).ID.String()
		}, op((*wallet.Wallet).Revoke)),
	}
}

// settle brings a stage to rest after the faults are over: recovery, every token
// that is out is claimed by y, every seed is restored once more where the scenario is
// about that. Then everything must add up.
func (s *stage) settle(name string) error {
	ctx := s.t.Context()
	if name == "restore" || name == "issue where another device was" {
		if _, err := s.x.Restore(ctx, s.url, wallet.RestoreOptions{}); err != nil {
			return err
		}
	}
	abandoned, err := s.x.Abandoned(ctx)
	if err != nil {
		return err
	}
	for _, a := range abandoned {
		if a.Data.Common().Parent == uuid.Nil {
			s.must(s.x.Resume(ctx, a.ID))
		}
	}
	if err := s.recovered([]wallet.Store{s.xStore, s.yStore}, s.x, s.y); err != nil {
		return fmt.Errorf("after recovery: %w", err)
	}
	sagas, err := s.xStore.Sagas(ctx)
	if err != nil {
		return err
	}
	for _, saga := range sagas {
		d, ok := saga.Data.(*wallet.SendData)
		if !ok {
			continue
		}
		_, err := s.y.Receive(ctx, string(d.Token), wallet.ReceiveOptions{AnyMint: true})
		if strings.HasPrefix(name, "revoke") && errors.Is(err, wallet.ErrTaken) { // a part is taken back: so can the rest be
			if _, err = s.x.Revoke(ctx, saga.ID); errors.Is(err, wallet.ErrTaken) { // y has got it
				err = nil
			}
		}
		if err != nil {
			return fmt.Errorf("a token that is out: %w", err)
		}
	}
	if strings.HasPrefix(name, "issue") { // what was not issued still can be
		if err := doClaim(ctx, s.x, "", ""); err != nil {
			return fmt.Errorf("issuing what is left: %w", err)
		}
		quotes, err := s.xStore.Quotes(ctx)
		if err != nil {
			return err
		}
		for _, q := range quotes {
			if q.Issued != q.Amount {
				return fmt.Errorf("of %d on a quote %d are issued", q.Amount, q.Issued)
			}
		}
	}
	for range 2 { // again changes nothing
		if _, err := s.x.Recover(ctx, wallet.RecoverOptions{}); err != nil {
			return err
		}
		if _, err := s.y.Recover(ctx, wallet.RecoverOptions{}); err != nil {
			return err
		}
		if err := s.audit(s.xStore, s.yStore); err != nil {
			return fmt.Errorf("in the end: %w", err)
		}
	}
	inbox, err := s.xStore.Inbox(ctx)
	if err != nil {
		return err
	}
	for _, i := range inbox {
		if _, err := s.x.Receive(ctx, string(i.Token), wallet.ReceiveOptions{}); err != nil {
			return fmt.Errorf("a token in the inbox: %w", err)
		}
	}
	if err := s.recovered([]wallet.Store{s.xStore, s.yStore}, s.x, s.y); err != nil {
		return fmt.Errorf("with the inbox: %w", err)
	}
	return s.paidOnce(s.xStore)
}
