package wallet

import "slices"

// leastWorth finds coins that reach the goal at no higher fee than those given, and
// are better by the other rules of choose.
func (all piles) leastWorth(goal uint64, given []int) []int {
	given = all.exchanged(goal, all.trimmed(goal, given))
	best, _ := all.cost(given)
	s := worthSearch{
		all: all, goal: goal, budget: (best.ppk + 999) / 1000 * 1000, steps: maxSteps,
		counts: make([]int, len(all)), best: best, found: given, rest: make([]reach, len(all)+1),
	}
	s.most = max(best.coins, manyCoins)
	for i := len(all) - 1; i >= 0; i-- {
		p, after := all[i], s.rest[i+1]
		s.rest[i] = reach{net: after.net + p.net*uint64(len(p.coins)), largest: max(after.largest, p.net), ppk: p.ppk}
		if i+1 < len(all) {
			s.rest[i].ppk = min(p.ppk, after.ppk)
		}
	}
	s.try(0, 0, cost{})
	return s.found
}

// trimmed leaves out what is not needed, the smallest coins first.
func (all piles) trimmed(goal uint64, counts []int) []int {
	counts = slices.Clone(counts)
	_, net := all.cost(counts)
	for _, i := range all.byAmount() {
		n := min(uint64(counts[i]), (net-goal)/all[i].net)
		counts[i] -= int(n)
		net -= n * all[i].net
	}
	return counts
}

// exchanged puts a smaller coin of no higher fee in the place of each, where that is
// still enough.
func (all piles) exchanged(goal uint64, counts []int) []int {
	_, net := all.cost(counts)
	order := all.byAmount()
	for _, i := range slices.Backward(order) {
		for _, j := range order {
			a, b := all[i], all[j]
			if b.amount >= a.amount || b.ppk > a.ppk || b.net >= a.net || a.retired && !b.retired {
				continue
			}
			n := min(uint64(counts[i]), uint64(len(b.coins)-counts[j]), (net-goal)/(a.net-b.net))
			counts[i] -= int(n)
			counts[j] += int(n)
			net -= n * (a.net - b.net)
		}
	}
	return counts
}

// byAmount is the piles, the smallest first.
func (all piles) byAmount() []int {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case all[a].amount < all[b].amount:
			return -1
		case all[a].amount > all[b].amount:
			return 1
		}
		return 0
	})
	return order
}

// reach is what a pile and those after it can do.
type reach struct {
	net     uint64 // of all their coins
	largest uint64 // net, of one coin
	ppk     uint64 // the lowest
}

type worthSearch struct {
	all    piles
	goal   uint64
	budget uint64 // of fees, in thousandths
	most   int    // coins
	rest   []reach
	counts []int
	best   cost
	found  []int
	steps  int
}

// try goes on with the pile i, after coins that are worth net. What fits below the
// goal comes first, then one coin more, then ever fewer.
func (s *worthSearch) try(i int, net uint64, so cost) {
	if s.steps--; s.steps < 0 || so.ppk > s.budget || so.coins > s.most || so.active > s.best.active {
		return
	}
	if net >= s.goal {
		if so.less(s.best) {
			s.best, s.found = so, slices.Clone(s.counts)
		}
		return
	}
	missing := s.goal - net
	rest := s.rest[i]
	if i == len(s.all) || rest.net < missing || so.active == s.best.active && so.worth >= s.best.worth {
		return
	}
	if least := (missing + rest.largest - 1) / rest.largest; rest.ppk > 0 && least > (s.budget-so.ppk)/rest.ppk || least > uint64(s.most-so.coins) {
		return
	}
	p := s.all[i]
	fit := int(min(uint64(len(p.coins)), missing/p.net))
	take := func(n int) {
		s.counts[i] = n
		s.try(i+1, net+uint64(n)*p.net, so.plus(p, n))
		s.counts[i] = 0
	}
	take(fit)
	if fit < len(p.coins) && uint64(fit)*p.net < missing {
		take(fit + 1)
	}
	for n := fit - 1; n >= 0; n-- {
		if s.steps < 0 {
			return
		}
		take(n)
	}
}
