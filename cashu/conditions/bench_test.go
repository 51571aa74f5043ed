package conditions_test

import (
	"fmt"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/cashu/conditions"
)

// Every input of every swap is asked for its kind; a plain one must cost next to
// nothing.
func BenchmarkKind(b *testing.B) {
	for name, secret := range map[string]string{
		"plain": strings.Repeat("0a", 32),
		"p2pk":  locked(b, conditions.Lock{Key: key(b, 1).Public()}).Secret,
	} {
		b.Run("secret="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				conditions.Kind(secret)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, keys := range []int{1, 3, 11} {
		l := conditions.Lock{Key: key(b, 0).Public(), Locktime: 1}
		for i := 1; i < keys; i++ {
			l.Pubkeys = append(l.Pubkeys, key(b, i).Public())
		}
		secret := locked(b, l).Secret
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := conditions.Parse(secret); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSpend(b *testing.B) {
	one := conditions.Lock{Key: key(b, 0).Public()}
	most := conditions.Lock{Key: key(b, 0).Public(), NSigs: 11}
	var all []int
	for i := range 11 {
		all = append(all, i)
	}
	most.Pubkeys = publics(b, all[1:]...)
	repeat := func(p cashu.Proof, n int) conditions.Transaction {
		var tx conditions.Transaction
		for range n {
			tx.Inputs = append(tx.Inputs, p)
		}
		return tx
	}
	for _, bm := range []struct {
		name string
		tx   conditions.Transaction
	}{
		{"inputs=1000/plain", repeat(coin(b, strings.Repeat("0a", 32)), 1000)},
		{"inputs=1/keys=1", repeat(sign(b, locked(b, one), 0), 1)},
		{"inputs=100/keys=1", repeat(sign(b, locked(b, one), 0), 100)},
		{"inputs=1/keys=11", repeat(sign(b, locked(b, most), all...), 1)},
		{"inputs=2/SIG_ALL", signedAll(b, one, "", 0)},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.Run("step=check", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := conditions.Check(bm.tx, now); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("step=verify", func(b *testing.B) {
				s, err := conditions.Check(bm.tx, now)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if err := s.Verify(); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
