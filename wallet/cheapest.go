package wallet

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Why the lowest fee can be found without trying all sums: coins are worth amount
// after a fee that is rounded up once exactly if their net worths, in thousandths, add
// up to amount in thousandths, because amount is whole. Of coins with one fee, some
// number of the largest is then better than that number of others. What is left to
// find is how many coins of each fee.

// maxSteps bounds each search; it is some milliseconds.
const maxSteps = 200_000

// cheapest finds how many coins of each pile are worth the goal at the lowest fee.
// False: all together are not.
func (all piles) cheapest(goal uint64) (counts []int, ok bool) {
	byFee := map[uint64][]int{} // piles of one fee, by falling amount
	for i, p := range all {
		byFee[p.ppk] = append(byFee[p.ppk], i)
	}
	s := cheapestSearch{all: all, counts: make([]int, len(all)), best: math.MaxUint64, steps: maxSteps}
	for _, fee := range slices.Sorted(maps.Keys(byFee)) {
		group := byFee[fee]
		slices.SortStableFunc(group, func(a, b int) int { return cmp.Compare(all[b].amount, all[a].amount) })
		s.groups = append(s.groups, group)
	}
	// What is worth most for its fee first: a good beginning, and all that there is
	// if nothing else will do.
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(float64(all[a].ppk)/float64(all[a].net), float64(all[b].ppk)/float64(all[b].net))
	})
	if left, ppk := s.fill(order, goal); left == 0 {
		s.keep(ppk)
		s.try(0, goal, 0)
	}
	return s.found, s.found != nil
}

type cheapestSearch struct {
	all    piles
	groups [][]int // of one fee each, the lowest first
	counts []int
	best   uint64 // the fee of found, in thousandths
	found  []int
	steps  int
}

// fill takes coins in the order of the piles until the goal is reached, and returns
// what is missing then and the fee.
func (s *cheapestSearch) fill(order []int, goal uint64) (missing, ppk uint64) {
	for _, i := range order {
		p := s.all[i]
		n := min(uint64(len(p.coins)), (goal+p.net-1)/p.net)
		s.counts[i] = int(n)
		ppk += n * p.ppk
		goal -= min(goal, n*p.net)
	}
	return goal, ppk
}

func (s *cheapestSearch) keep(ppk uint64) {
	s.best, s.found = ppk, slices.Clone(s.counts)
}

// try takes every number of the largest coins of each group, and of the last as many
// as are missing.
func (s *cheapestSearch) try(g int, goal, ppk uint64) {
	group := s.groups[g]
	if g == len(s.groups)-1 {
		s.steps--
		if missing, more := s.fill(group, goal); missing == 0 && ppk+more < s.best {
			s.keep(ppk + more)
		}
		return
	}
	for _, i := range group {
		s.counts[i] = 0
	}
	if s.all[group[0]].ppk == 0 { // these cost nothing: as many as help
		left, _ := s.fill(group, goal)
		s.try(g+1, left, ppk)
		return
	}
	s.try(g+1, goal, ppk)
	for _, i := range group {
		for n := 1; n <= len(s.all[i].coins); n++ {
			if goal == 0 || s.steps <= 0 {
				return
			}
			s.counts[i] = n
			goal -= min(goal, s.all[i].net)
			if ppk += s.all[i].ppk; ppk >= s.best {
				return
			}
			s.try(g+1, goal, ppk)
		}
	}
}
