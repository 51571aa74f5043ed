package wallet

import "mintmark/cashu"

// exact finds coins worth exactly amount and, if feeIncluded, the fee that their
// receiver pays for them: few and large ones, of retired keysets first. Among very
// many coins it may miss some where the denominations are odd.
func exact(m Mint, coins []StoredCoin, amount cashu.Amount, feeIncluded bool) ([]StoredCoin, bool) {
	all := pile(m, coins)
	if feeIncluded {
		all = all.worthwhile()
	}
	if amount == 0 || !all.small() {
		return nil, false
	}
	s := exactSearch{all: all, amount: uint64(amount), fees: feeIncluded, counts: make([]int, len(all)), rest: make([]uint64, len(all)+1), steps: maxSteps}
	for i := len(all) - 1; i >= 0; i-- {
		s.rest[i] = s.rest[i+1] + uint64(all[i].amount)*uint64(len(all[i].coins))
	}
	if s.try(0, 0, 0) {
		return all.take(s.counts), true
	}
	return nil, false
}

type exactSearch struct {
	all    piles
	amount uint64
	fees   bool
	counts []int
	rest   []uint64 // worth of a pile and those after it
	steps  int
}

// target is what coins have to be worth together that cost this.
func (s *exactSearch) target(ppk uint64) uint64 {
	if !s.fees {
		return s.amount
	}
	return s.amount + uint64(cashu.InputFee(ppk))
}

func (s *exactSearch) try(i int, sum, ppk uint64) bool {
	target := s.target(ppk)
	switch s.steps--; {
	case sum == target:
		return true
	case s.steps < 0, i == len(s.all), sum > target, sum+s.rest[i] < target:
		return false
	}
	p := s.all[i]
	n := min(len(p.coins), int((target-sum)/uint64(p.amount)))
	for s.fees && n < len(p.coins) && sum+uint64(n+1)*uint64(p.amount) <= s.target(ppk+uint64(n+1)*p.ppk) {
		n++ // more coins, more fee: more coins
	}
	for ; n >= 0 && s.steps >= 0; n-- {
		s.counts[i] = n
		if s.try(i+1, sum+uint64(n)*uint64(p.amount), ppk+uint64(n)*p.ppk) {
			return true
		}
	}
	s.counts[i] = 0
	return false
}
