package sqlstore

import (
	"testing"

	"pgregory.net/rapid"

	"mintmark/cashu"
)

func TestDividingTotalsLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := shard{
			issued:   cashu.Amount(rapid.Uint64().Draw(t, "issued")),
			redeemed: cashu.Amount(rapid.Uint64().Draw(t, "redeemed")),
		}
		n := rapid.IntRange(1, 32).Draw(t, "n")
		parts := s.divide(n)
		var issued, redeemed cashu.Amount
		for i, p := range parts {
			if p.number != int64(i) {
				t.Fatalf("part %d is number %d", i, p.number)
			}
			if s.redeemed <= s.issued && p.redeemed > p.issued {
				t.Fatalf("part %d is overdrawn: %+v", i, p)
			}
			issued, redeemed = issued+p.issued, redeemed+p.redeemed
		}
		if len(parts) != n || issued != s.issued || redeemed != s.redeemed {
			t.Fatalf("%d parts of %+v come to %d and %d", len(parts), s, issued, redeemed)
		}
	})
}
