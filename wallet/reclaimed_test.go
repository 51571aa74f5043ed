package wallet_test

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"

	"mintmark/cashu"
	"mintmark/wallet"
)

// A process takes the coins of a payment, of a swap or of a token back, and gets SIGKILL
// before and after each of its commits: also between the one that brings the new coins
// and the one that ends what the old ones were for. Recovery brings that to its end, and
// the coins are there once.
func TestAReclaimSurvivesSIGKILLAtEveryCommit(t *testing.T) {
	for scenario, tc := range map[string]struct {
		prepare func(s *stage) string
		odd     int // the reclaim asks about the request itself, once
		want    cashu.Amount
		before  cashu.Amount // if nothing was exchanged: what never left is given back
	}{
		"reclaim": {inDoubt, 0, 199, 200},
		"reclaim a swap": {func(s *stage) string {
			_, err := s.walletBy(s.xStore, &odd{way: s.line, left: 3}, s.xSeed).Swap(s.t.Context(), s.url, "sat", true)
			return operationOf(s.t.(*testing.T), err).String()
		}, 1, 199, 199},
		"reclaim a token": {func(s *stage) string {
			s.fund(s.y, 64)
			token := s.sendFrom(s.y, wallet.SendOptions{Amount: 64}).Token
			_, err := s.walletBy(s.xStore, &odd{way: s.line, left: 3}, s.xSeed).Receive(s.t.Context(), token, wallet.ReceiveOptions{AnyMint: true})
			return operationOf(s.t.(*testing.T), err).String()
		}, 1, 263, 263},
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			reclaim := func(at orders) (s *stage, killed bool, commits int) {
				path := filepath.Join(t.TempDir(), "wallet.db")
				s = w.stageOn(path)
				s.fund(s.x, 200)
				at.Scenario, at.URL, at.DB, at.Seed, at.Odd, at.Arg = scenario, w.url, path, hex.EncodeToString(s.xSeed), tc.odd, tc.prepare(s)
				killed, _, commits = s.run(at)
				return s, killed, commits
			}
			settled := func(s *stage, what string) {
				if err := s.recovered([]wallet.Store{s.xStore, s.yStore}, s.x, s.y); err != nil {
					t.Errorf("%s: recovery: %v", what, err)
				}
				if free := s.balance(s.x, wallet.CoinUnspent); free != tc.want && free != tc.before {
					t.Errorf("%s: %d are free, want %d", what, free, tc.want)
				}
				if ops, err := s.xStore.Sagas(t.Context()); err != nil || len(ops) > 0 {
					t.Errorf("%s: left over: %s, %v", what, statesOf(ops), err)
				}
				if err := s.settle(""); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			s, _, commits := reclaim(orders{})
			if settled(s, "without a kill"); commits < 3 {
				t.Fatalf("%d commits", commits)
			}
			for n := commits; n > 0; n-- {
				if raced && n < commits-1 {
					break // the last ones are what no other matrix comes to
				}
				for _, e := range []edge{beforeCommit, afterCommit} {
					what := fmt.Sprintf("%s %d of %d", e, n, commits)
					s, killed, _ := reclaim(orders{Edge: e, At: n})
					if !killed {
						t.Fatalf("%s: the process was not killed", what)
					}
					settled(s, what)
				}
			}
		})
	}
}
