package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"mintmark/e2e/harness"
)

// people are wallets in one data directory, used by processes of the real program
// that can be made to crash.
type people struct {
	t       *testing.T
	program string
	dir     string
	mint    *harness.Stack
}

func newPeople(t *testing.T) *people {
	t.Helper()
	p := &people{t: t, dir: t.TempDir(), mint: startMints(t, 1)[0]}
	p.program = p.mint.Programs.Wallet
	for _, name := range []string{"a", "b"} {
		p.must(name, "seed", "new", "--plaintext-seed", "--no-words")
	}
	return p
}

func (p *people) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(p.program, append([]string{"--data-dir", p.dir, "--wallet", name, "--yes", "--json"}, args...)...)
	cmd.Env = append(os.Environ(), "MINTMARK_CRASH_AT=")
	return cmd
}

// must runs a command and returns the last line that it printed.
func (p *people) must(name string, args ...string) string {
	p.t.Helper()
	cmd := p.command(name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("wallet %v: %v\n%s%s", args, err, out, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// crash runs a command that is killed at a crash point.
func (p *people) crash(at, name string, args ...string) {
	p.t.Helper()
	cmd := p.command(name, args...)
	cmd.Env = append(cmd.Env, "MINTMARK_CRASH_AT="+at)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		p.t.Fatalf("at %s wallet %v: %v\n%s", at, args, err, out)
	}
}

func (p *people) balance(name string) (total balanceJSON) {
	p.t.Helper()
	var v balancesJSON
	if err := json.Unmarshal([]byte(p.must(name, "balance")), &v); err != nil {
		p.t.Fatal(err)
	}
	if len(v.Totals) == 1 {
		total = v.Totals[0]
	}
	return total
}

func (p *people) token(line string) string {
	p.t.Helper()
	var v sentJSON
	if err := json.Unmarshal([]byte(line), &v); err != nil {
		p.t.Fatal(err)
	}
	return v.Token
}

// Two processes at a time send from one database. Every token is worth what it says
// to another wallet, and together they are what is gone.
func TestProcessesOnOneDatabaseSpendNoCoinTwice(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	const n = 8
	for range n {
		p.must("a", "mint", "1", "--mint", p.mint.URL())
	}
	tokens := make([]string, n)
	var sending sync.WaitGroup
	slots := make(chan struct{}, 4)
	for i := range n {
		sending.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			out, err := p.command("a", "send", "1").Output()
			if err != nil {
				t.Errorf("send: %v", err)
				return
			}
			tokens[i] = string(out)
		})
	}
	sending.Wait()
	if t.Failed() {
		return
	}
	for _, line := range tokens {
		p.must("b", "receive", p.token(line))
	}
	if a, b := p.balance("a"), p.balance("b"); a.Available != 0 || b.Available != n {
		t.Errorf("one has %d, the other %d of %d", a.Available, b.Available, n)
	}
}

// A wallet is killed in the middle of what it does, at each place that matters. What
// it left behind is brought to its end, by the next command that moves money or by
// "ops recover", and nothing is lost.
func TestAKilledWalletLosesNothing(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	p.must("a", "mint", "64", "--mint", p.mint.URL())
	have := uint64(64)
	for _, step := range []string{"reserved", "sending", "answered", "taken"} {
		p.crash("wallet.mint."+step, "a", "mint", "8", "--mint", p.mint.URL())
		p.must("a", "ops", "recover")
		p.must("a", "quotes", "claim")
		have += 8
		if got := p.balance("a"); uint64(got.Available) != have || got.Pending != 0 {
			t.Fatalf("after wallet.mint.%s: %+v, want %d", step, got, have)
		}
	}
	for _, at := range []string{"wallet.send.reserved", "wallet.swap.sending", "wallet.swap.answered", "wallet.swap.taken"} {
		p.crash(at, "a", "send", "3", "--lock-to", p.key())
		p.must("a", "ops", "recover")
		got := p.balance("a")
		if uint64(got.Available+got.Sent) != have || got.Pending != 0 {
			t.Fatalf("after %s: %+v, want %d", at, got, have)
		}
		for _, sent := range p.pending("a") {
			p.must("b", "receive", sent.Token)
			have -= uint64(sent.Amount)
		}
		p.must("a", "pending", "check")
	}
	for _, step := range []string{"reserved", "sending", "answered", "taken"} {
		token := p.token(p.must("a", "send", "2"))
		p.crash("wallet.receive."+step, "b", "receive", token)
		before := p.balance("b").Available
		p.must("b", "send", "1", "--op", "after "+step) // recovers first
		have -= 2
		p.must("a", "pending", "check")
		b := p.balance("b")
		if a := p.balance("a"); uint64(a.Available) != have || b.Pending != 0 {
			t.Fatalf("after wallet.receive.%s: %+v and %+v (before %d), want %d", step, a, b, before, have)
		}
	}
	if a, b := p.balance("a"), p.balance("b"); a.Available+b.Available+b.Sent != 64+4*8 {
		t.Errorf("%d and %d with %d out is not %d", a.Available, b.Available, b.Sent, 64+4*8)
	}
	if ops := p.must("a", "ops"); ops != "[]" {
		t.Errorf("left over: %s", ops)
	}
}

func (p *people) key() string {
	p.t.Helper()
	var v keyJSON
	if err := json.Unmarshal([]byte(p.must("b", "keys", "new")), &v); err != nil {
		p.t.Fatal(err)
	}
	return v.Key
}

func (p *people) pending(name string) (list []pendingJSON) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.must(name, "pending", "list", "--tokens")), &list); err != nil {
		p.t.Fatal(err)
	}
	return list
}
