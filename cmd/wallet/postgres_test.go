package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mintmark/internal/pgtest"
)

// The whole life of a wallet whose coins are on a PostgreSQL server; and that such a
// database is one seed's alone.
func TestAWalletOnPostgreSQL(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	url := pgtest.Start(t, pgtest.Options{}).Database(t)
	p.must("c", "seed", "new", "--plaintext-seed", "--no-words", "--database", url)
	p.must("c", "mint", "64", "--mint", p.mint.URL())
	p.must("b", "receive", p.token(p.must("c", "send", "5")))
	p.must("c", "pending", "check")
	p.crash("wallet.swap.answered", "c", "send", "3", "--lock-to", p.key())
	p.must("c", "quotes", "claim") // as any command that moves money does, it goes on with it first
	if got := p.balance("c"); got.Available+got.Sent != 59 || got.Sent != 3 || got.Pending != 0 {
		t.Errorf("got %+v", got)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "c", "wallet.db")); !os.IsNotExist(err) {
		t.Errorf("there is a file besides: %v", err)
	}

	refused := func(name string, args ...string) {
		t.Helper()
		out, err := p.command(name, args...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "the database belongs to a wallet of another seed") {
			t.Errorf("wallet %v: %v: %s", args, err, out)
		}
	}
	refused("d", "seed", "new", "--plaintext-seed", "--no-words", "--database", url)
	refused("a", "mint", "1", "--mint", p.mint.URL(), "--database", url)
	if _, err := os.Stat(filepath.Join(p.dir, "d", "seed")); !os.IsNotExist(err) {
		t.Errorf("a seed was made all the same: %v", err)
	}
	p.must("d", "seed", "new", "--plaintext-seed", "--no-words") // nothing is in the way
}
