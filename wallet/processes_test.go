package wallet_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/wallet"
)

// What a process does that is ordered one of these in place of a scenario.
const (
	doesAnything = "does anything"
	recoversAll  = "recovers by force"
)

// work is what a process that does anything is given, as it is alone.
type work struct {
	Steps    int
	Random   uint64
	Tokens   []string // of somebody else
	Invoices []string // of somebody else
}

// E3: a process that works and two that recover by force, whatever it is doing, on one
// database: processes of their own, not only wallets of one. The line of the first is
// broken at random, the others get SIGKILL at random and are started again.
func TestE3ProcessesOnOneDatabaseDoNotHarmEachOther(t *testing.T) {
	steps, seed := fromEnv("MINTMARK_WALLET_STEPS", 12), fromEnv("MINTMARK_WALLET_SEED", 7)
	began := time.Now()
	var verdicts tally
	t.Cleanup(func() {
		t.Logf("%s| in | %v |", verdicts.table("one process at work, two that recover by force and are killed"), time.Since(began).Round(time.Second))
	})
	for _, on := range []where{onSQLite, onPostgres} {
		t.Run(string(on), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			at := filepath.Join(t.TempDir(), "wallet.db")
			if on == onPostgres {
				at = postgres.Schema(t)
			}
			s := w.stageOn(at)
			w.fund(s.x, 1000)
			job := work{Steps: steps, Random: uint64(seed)}
			for range steps/4 + 1 {
				w.fund(s.y, 32)
				job.Tokens = append(job.Tokens, s.sendFrom(s.y, wallet.SendOptions{Amount: 32}).Token)
				job.Invoices = append(job.Invoices, w.invoice(cashu.Amount(10+len(job.Invoices)%40), ""))
			}
			o := orders{URL: w.url, DB: at, Seed: hex.EncodeToString(s.xSeed)}
			done := make(chan struct{})
			var recovering sync.WaitGroup
			var mu sync.Mutex
			killed := 0
			for i := range 2 {
				random := rand.New(rand.NewPCG(uint64(seed)+1, uint64(i)))
				recovering.Go(func() {
					for {
						over, err := s.recoverer(o, done, time.Duration(50+random.IntN(1500))*time.Millisecond)
						if err != nil {
							t.Error(err)
						}
						if over || err != nil {
							return
						}
						mu.Lock()
						killed++
						mu.Unlock()
					}
				})
			}
			text, err := json.Marshal(job)
			s.must(err)
			work := o // the others read theirs meanwhile
			work.Scenario, work.Arg = doesAnything, string(text)
			told, err := s.process(work).Output()
			close(done)
			recovering.Wait()
			if err != nil {
				t.Fatalf("the process that works: %v: %s", err, told)
			}
			err = s.settle("")
			verdicts.add(fmt.Sprintf("%s; %d killed", told, killed), on, err)
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func (s *stage) process(o orders) *exec.Cmd {
	s.t.Helper()
	text, err := json.Marshal(o)
	s.must(err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	return cmd
}

// recoverer runs a process that recovers, kills it after a while, or lets it end when
// the work is done: over.
func (s *stage) recoverer(o orders, done <-chan struct{}, life time.Duration) (over bool, err error) {
	o.Scenario = recoversAll
	cmd := s.process(o)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return false, err
	}
	select {
	case <-done:
		stdin.Close() // it ends by itself
		return true, cmd.Wait()
	case <-time.After(life):
		if err := cmd.Process.Kill(); err != nil {
			return false, err
		}
		_ = cmd.Wait()
		return false, nil
	}
}

// recoverForever recovers by force until its parent says that it is enough.
func recoverForever(ctx context.Context, x *wallet.Wallet) error {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	for ctx.Err() == nil {
		if _, err := x.Recover(ctx, wallet.RecoverOptions{Force: true}); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// anything does what it is given, in a random order, over a line that breaks at random.
func (j work) anything(ctx context.Context, x *wallet.Wallet, line *brokenLine, url string) string {
	random := rand.New(rand.NewPCG(j.Random, 1))
	failed, taken := 0, 0
	for range j.Steps {
		line.breakNext(lineFaults[random.IntN(len(lineFaults))], random.IntN(8) == 0)
		err := j.one(ctx, random, x, url)
		if err != nil {
			failed++
		}
		if errors.Is(err, wallet.ErrTakenOver) || errors.Is(err, wallet.ErrCoinsTaken) {
			taken++
		}
	}
	line.heal()
	line.arrive()
	return fmt.Sprintf("%d operations, %d with a fault or refused, %d lost to another", j.Steps, failed, taken)
}

func (j *work) one(ctx context.Context, random *rand.Rand, x *wallet.Wallet, url string) error {
	switch n := random.IntN(6); {
	case n == 0:
		q, err := x.CreateMintQuote(ctx, url, wallet.MintQuoteOptions{Unit: "sat", Amount: 1 + cashu.Amount(random.IntN(200))})
		if err != nil {
			return err
		}
		return doIssue(ctx, x, url, q.ID)
	case n == 1:
		return doSwap(ctx, x, url, "")
	case n == 2 && len(j.Tokens) > 0:
		token := j.Tokens[0]
		j.Tokens = j.Tokens[1:]
		return doReceive(ctx, x, url, token)
	case n == 3 && len(j.Invoices) > 0:
		invoice := j.Invoices[0]
		j.Invoices = j.Invoices[1:]
		q, err := x.CreateMeltQuote(ctx, url, wallet.MeltQuoteOptions{Unit: "sat", Request: invoice})
		if err != nil {
			return err
		}
		return doMelt(impatient(ctx), x, url, q.ID)
	case n == 4:
		sent, err := x.Send(ctx, url, "sat", wallet.SendOptions{Amount: 5 + cashu.Amount(random.IntN(50))})
		if err != nil || random.IntN(2) == 0 {
			return err
		}
		_, err = x.Receive(ctx, sent.Token, wallet.ReceiveOptions{AnyMint: true})
		return err
	}
	return takeOneBack(ctx, x)
}
