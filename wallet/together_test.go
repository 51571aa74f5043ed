package wallet_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/wallet"
)

// E3: two processes' worth of wallets on one database, and two that recover by force
// whatever the others are doing, under random schedules and faults. Who loses a
// version changes nothing; no coin is used twice, and none is lost.
func TestE3WalletsOnOneDatabaseDoNotHarmEachOther(t *testing.T) {
	steps, seed := fromEnv("MINTMARK_WALLET_STEPS", 12), fromEnv("MINTMARK_WALLET_SEED", 7)
	var verdicts tally
	began := time.Now()
	t.Cleanup(func() {
		t.Logf("%s| in | %v |", verdicts.table("two wallets at work, two that recover by force"), time.Since(began).Round(time.Second))
	})
	for name, path := range map[string]func(t *testing.T) string{
		"SQLite":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "wallet.db") },
		"PostgreSQL": func(t *testing.T) string { return postgres.Schema(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			at := path(t)
			s := w.stageOn(at)
			w.fund(s.x, 1000)
			w.fund(s.y, 1000)
			var wg sync.WaitGroup
			var mu sync.Mutex
			done, failed, taken := 0, 0, 0
			var lines []*brokenLine
			for i := range 2 {
				line := newBrokenLine("", 0, false)
				lines = append(lines, line)
				store := w.openStore(at)
				x := w.walletBy(store, line, s.xSeed)
				random := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
				wg.Go(func() {
					for range steps {
						line.breakNext(lineFaults[random.IntN(len(lineFaults))], random.IntN(8) == 0)
						err := w.anything(random, x, s.y)
						mu.Lock()
						if done++; err != nil {
							failed++
						}
						if errors.Is(err, wallet.ErrTakenOver) || errors.Is(err, wallet.ErrCoinsTaken) {
							taken++
						}
						mu.Unlock()
					}
				})
			}
			stop := make(chan struct{})
			var recoverers sync.WaitGroup
			for range 2 {
				x := w.walletBy(w.openStore(at), w.line, s.xSeed)
				recoverers.Go(func() {
					for {
						select {
						case <-stop:
							return
						case <-time.After(5 * time.Millisecond):
						}
						if _, err := x.Recover(t.Context(), wallet.RecoverOptions{Force: true}); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			close(stop)
			recoverers.Wait()
			for _, l := range lines {
				l.heal()
				l.arrive()
			}
			w.force = true // the stores of the others are still open
			err := s.settle("")
			verdicts.add(fmt.Sprintf("%d operations, %d with a fault or refused, %d lost to another", done, failed, taken), where(name), err)
			if err != nil {
				t.Error(err)
			}
			t.Logf("%d operations, %d of them failed, %d because somebody else was there", done, failed, taken)
		})
	}
}

// fromEnv is a number that a long run is given.
func fromEnv(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// breakNext gives the next request but a few a fault, or none.
func (l *brokenLine) breakNext(f fault, really bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault, l.at = "", 0
	if really {
		l.fault, l.at = f, l.n+1
	}
}

// anything does one operation.
func (w *world) anything(random *rand.Rand, x, y *wallet.Wallet) error {
	ctx := w.t.Context()
	switch random.IntN(7) {
	case 0:
		q, err := x.CreateMintQuote(ctx, w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 1 + cashu.Amount(random.IntN(200))})
		if err != nil {
			return err
		}
		_, err = x.Issue(ctx, w.url, q.ID, wallet.MintOptions{})
		return err
	case 1:
		_, err := x.Swap(ctx, w.url, "sat", true)
		return err
	case 2:
		sent, err := y.Send(ctx, w.url, "sat", wallet.SendOptions{Amount: 5 + cashu.Amount(random.IntN(20))})
		if err != nil {
			return err
		}
		_, err = x.Receive(ctx, sent.Token, wallet.ReceiveOptions{AnyMint: true})
		return err
	case 3:
		i, err := x.CreateMeltQuote(ctx, w.url, wallet.MeltQuoteOptions{Unit: "sat", Request: w.invoice(cashu.Amount(10+random.IntN(50)), "")})
		if err != nil {
			return err
		}
		_, err = x.Melt(ctx, w.url, i.ID, wallet.MeltOptions{Wait: 100 * time.Millisecond, Poll: time.Millisecond})
		return err
	case 4, 5:
		sent, err := x.Send(ctx, w.url, "sat", wallet.SendOptions{Amount: 5 + cashu.Amount(random.IntN(50))})
		if err != nil || random.IntN(2) == 0 {
			return err
		}
		_, err = y.Receive(ctx, sent.Token, wallet.ReceiveOptions{AnyMint: true})
		return err
	}
	return takeOneBack(ctx, x)
}

// takeOneBack takes a token or a payment back that is under way, if there is one.
func takeOneBack(ctx context.Context, x *wallet.Wallet) error {
	list, err := x.Operations(ctx)
	if err != nil {
		return err
	}
	for _, s := range list {
		switch s.State {
		case wallet.SendTokenCreated:
			_, err := x.Revoke(ctx, s.ID)
			return err
		case wallet.MeltMeltRequested:
			_, err := x.Reclaim(ctx, s.ID)
			return err
		}
	}
	return nil
}
