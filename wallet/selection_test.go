package wallet

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mintmark/cashu"
)

// feeMint is a mint with a keyset for each fee. Those at odd places are retired if
// some are.
func feeMint(t interface{ Fatal(...any) }, someRetired bool, ppk ...uint64) (Mint, []cashu.KeysetID) {
	var keysets []cashu.Keyset
	var ids []cashu.KeysetID
	for i, fee := range ppk {
		id, err := cashu.KeysetIDFromBytes([]byte{0, 1, 2, 3, 4, 5, 6, byte(i)})
		if err != nil {
			t.Fatal(err)
		}
		var k cashu.Keyset
		k.ID, k.Unit, k.InputFeePPK, k.Active = id, "sat", fee, !someRetired || i%2 == 0
		keysets, ids = append(keysets, k), append(ids, id)
	}
	m, err := newMint(KnownMint{}, keysets)
	if err != nil {
		t.Fatal(err)
	}
	return m, ids
}

func coinOf(amount cashu.Amount, id cashu.KeysetID) StoredCoin {
	var c StoredCoin
	c.Amount, c.ID = amount, id
	return c
}

// verdict is how good a choice is by the rules that choose states, the first first.
type verdict [4]uint64 // fee, worth of active keysets, worth, coins

func judged(m Mint, coins []StoredCoin) (v verdict) {
	var ppk uint64
	for _, c := range coins {
		k, _ := m.Keyset(c.ID)
		ppk += k.InputFeePPK
		if k.Active {
			v[1] += uint64(c.Amount)
		}
		v[2] += uint64(c.Amount)
		v[3]++
	}
	v[0] = (ppk + 999) / 1000
	return v
}

// subsets calls fn with every choice of the coins.
func subsets(coins []StoredCoin, fn func([]StoredCoin)) {
	for mask := 1; mask < 1<<len(coins); mask++ {
		var some []StoredCoin
		for i, c := range coins {
			if mask>>i&1 == 1 {
				some = append(some, c)
			}
		}
		fn(some)
	}
}

func drawnPurse(t *rapid.T) (Mint, []StoredCoin, cashu.Amount) {
	fees := rapid.SliceOfN(rapid.SampledFrom([]uint64{0, 1, 100, 600, 1000, 1500, 2000, 3000}), 1, 4).Draw(t, "fees")
	m, ids := feeMint(t, rapid.Bool().Draw(t, "some retired"), fees...)
	amounts := rapid.Custom(func(t *rapid.T) cashu.Amount { return 1 << rapid.IntRange(0, 6).Draw(t, "power") })
	if rapid.Bool().Draw(t, "odd amounts") {
		amounts = rapid.Custom(func(t *rapid.T) cashu.Amount { return cashu.Amount(rapid.IntRange(1, 40).Draw(t, "amount")) })
	}
	coins := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) StoredCoin {
		return coinOf(amounts.Draw(t, "amount"), rapid.SampledFrom(ids).Draw(t, "keyset"))
	}), 1, 10).Draw(t, "coins")
	sum, err := sumOf(coins)
	if err != nil {
		t.Fatal(err)
	}
	return m, coins, cashu.Amount(rapid.Uint64Range(1, uint64(sum)).Draw(t, "to pay"))
}

// Of up to ten coins the choice is the best of all that there are, and none is refused
// that can be paid.
func TestAChoiceAmongFewCoinsIsTheBest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, coins, amount := drawnPurse(t)
		best := verdict{math.MaxUint64}
		subsets(coins, func(some []StoredCoin) {
			v := judged(m, some)
			if v[2] >= uint64(amount)+v[0] && slices.Compare(v[:], best[:]) < 0 {
				best = v
			}
		})
		chosen, fee, err := choose(m, coins, amount)
		if best[0] == math.MaxUint64 {
			if !errors.Is(err, ErrFunds) {
				t.Fatalf("what cannot be paid: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatalf("what can be paid with %v: %v", best, err)
		}
		if got := judged(m, chosen); got != best || uint64(fee) != best[0] {
			t.Fatalf("chose %v with a fee of %d, the best is %v", got, fee, best)
		}
	})
}

// Coins that fit exactly are found whenever there are any. Where the fee counts, coins
// that cost what they are worth are none: they would only be burnt.
func TestCoinsThatFitAreFoundAmongFew(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, coins, amount := drawnPurse(t)
		withFee := rapid.Bool().Draw(t, "with the fee")
		fits := func(some []StoredCoin) bool {
			burnt := func(c StoredCoin) bool { return pile(m, []StoredCoin{c})[0].net == 0 }
			if withFee && slices.ContainsFunc(some, burnt) {
				return false
			}
			v := judged(m, some)
			return v[2] == uint64(amount) && !withFee || withFee && v[2] == uint64(amount)+v[0]
		}
		possible := false
		subsets(coins, func(some []StoredCoin) { possible = possible || fits(some) })
		chosen, found := exact(m, coins, amount, withFee)
		if found != possible {
			t.Fatalf("found %v, possible %v", found, possible)
		}
		if found && !fits(chosen) {
			t.Fatalf("%v does not fit", judged(m, chosen))
		}
	})
}

func TestChoicesThatPeopleWouldNotice(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		fees    []uint64 // active, retired
		amount  cashu.Amount
		coins   []cashu.Amount // of the first keyset
		retired []cashu.Amount // of the second
		want    verdict
	}{
		{"two large coins cost less than three that fit better", []uint64{1000}, 51, []cashu.Amount{32, 32, 16, 8, 8, 2, 1, 1}, nil, verdict{2, 64, 64, 2}},
		{"the smallest coin that is enough, not any", []uint64{1000}, 5, []cashu.Amount{64, 32, 8, 16}, nil, verdict{1, 8, 8, 1}},
		{"what is retired goes first where it costs the same", []uint64{100, 100}, 6, []cashu.Amount{8, 4, 2}, []cashu.Amount{8}, verdict{1, 0, 8, 1}},
		{"nobody pays for what is retired", []uint64{0, 2000}, 6, []cashu.Amount{8}, []cashu.Amount{8}, verdict{0, 8, 8, 1}},
		{"a coin that costs more than it is worth stays", []uint64{0, 3000}, 6, []cashu.Amount{4, 2, 1}, []cashu.Amount{2, 2}, verdict{0, 6, 6, 2}},
	} {
		m, ids := feeMint(t, true, tc.fees...)
		var coins []StoredCoin
		for _, a := range tc.coins {
			coins = append(coins, coinOf(a, ids[0]))
		}
		for _, a := range tc.retired {
			coins = append(coins, coinOf(a, ids[1]))
		}
		chosen, _, err := choose(m, coins, tc.amount)
		if got := judged(m, chosen); err != nil || got != tc.want {
			t.Errorf("%s: chose %v, want %v: %v", tc.name, got, tc.want, err)
		}
	}
}

// What no sum in thousandths can hold is chosen all the same.
func TestAmountsBeyondAllReasonAreChosen(t *testing.T) {
	t.Parallel()
	m, ids := feeMint(t, false, 1000)
	coins := []StoredCoin{coinOf(1<<63, ids[0]), coinOf(1<<62, ids[0]), coinOf(1, ids[0])}
	if chosen, fee, err := choose(m, coins, 1<<63); err != nil || fee != 2 || len(chosen) != 2 {
		t.Errorf("chose %v, fee %d: %v", judged(m, chosen), fee, err)
	}
	if _, _, err := choose(m, coins, math.MaxUint64); !errors.Is(err, ErrFunds) {
		t.Errorf("more than there is: %v", err)
	}
}

// Twenty thousand coins are chosen from in a moment, at the lowest fee.
func TestAChoiceAmongManyCoinsIsQuick(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const n = 20_000
	for _, fees := range [][]uint64{{0}, {1000}, {100, 1000}, {100, 200, 300, 400}} {
		for _, powers := range []int{3, 20} {
			m, ids := feeMint(t, true, fees...)
			coins := make([]StoredCoin, n)
			for i := range coins {
				coins[i] = coinOf(1<<random.IntN(powers), ids[random.IntN(len(ids))])
			}
			var sum cashu.Amount // that can be paid with them
			for _, p := range pile(m, coins) {
				sum += cashu.Amount(p.net / 1000 * uint64(len(p.coins)))
			}
			for _, amount := range []cashu.Amount{3, sum / 2, sum / 10 * 9} {
				name := fmt.Sprintf("fees %v, %d amounts, %d of %d", fees, powers, amount, sum)
				var chosen []StoredCoin
				var fee cashu.Amount
				var err error
				took := quickest(func() { chosen, fee, err = choose(m, coins, amount) })
				v := judged(m, chosen)
				if err != nil || v[2] < uint64(amount)+v[0] || uint64(fee) != v[0] {
					t.Errorf("%s: chose %v, fee %d: %v", name, v, fee, err)
				}
				if len(fees) == 1 && uint64(fee) != leastFee(coins, amount, fees[0]) {
					t.Errorf("%s: the fee is %d, the least is %d", name, fee, leastFee(coins, amount, fees[0]))
				}
				var found bool
				exactly := quickest(func() { _, found = exact(m, coins, amount, true) })
				t.Logf("%s: %v in %v; exactly, %v in %v", name, v, took, found, exactly)
				if max(took, exactly) > aMoment {
					t.Errorf("%s: %v and %v", name, took, exactly)
				}
			}
		}
	}
}

// aMoment is far more than a choice takes.
const aMoment = 2 * time.Second

// quickest is how long something takes at best, where others want the processor too.
func quickest(do func()) time.Duration {
	best := time.Duration(math.MaxInt64)
	for range 5 {
		began := time.Now()
		do()
		if best = min(best, time.Since(began)); best <= aMoment {
			break
		}
	}
	return best
}

// leastFee is that of the largest coins, where all cost the same.
func leastFee(coins []StoredCoin, amount cashu.Amount, ppk uint64) uint64 {
	sorted := slices.SortedFunc(slices.Values(coins), func(a, b StoredCoin) int { return int(b.Amount) - int(a.Amount) })
	var sum, fee uint64
	for i, c := range sorted {
		sum += uint64(c.Amount)
		if fee = (uint64(i+1)*ppk + 999) / 1000; sum >= uint64(amount)+fee {
			return fee
		}
	}
	return math.MaxUint64
}
