package mint

import (
	"math"
	"slices"

	"mintmark/cashu"
)

// Coverage is how far what is held covers what is owed in a unit.
type Coverage struct {
	Unit cashu.Unit `json:"unit"`
	// Owed is the ecash that is out, and what was paid for more and is not issued yet, less
	// what open payments may have cost already.
	Owed cashu.Amount `json:"owed"`
	// Held is what the backends of the unit hold. What a backend holds for several units
	// is in each of them.
	Held cashu.Amount `json:"held"`
	// Known: all backends of the unit, and of the units that share them, said what they
	// hold.
	Known bool `json:"known"`
	// Ratio of what is held to what is owed, together with the units that share a
	// backend; 0 when it is not known, and at most maxRatio, also when nothing is owed.
	Ratio float64 `json:"ratio"`
}

// maxRatio stands for more than enough. It can be written as JSON.
const maxRatio = 1e6

// purse is what a backend says that it holds: all of it, in each of its units.
type purse struct {
	units []cashu.Unit
	held  map[cashu.Unit]cashu.Amount // nil: it did not say
}

// cover compares what is owed with what is held. Units that share a purse share what is
// in it: each claims the part of it that it would need for itself, and if the claims
// come to more than one, there is not enough.
func cover(owed map[cashu.Unit]cashu.Amount, purses []purse) []Coverage {
	var units []cashu.Unit
	for _, p := range purses {
		units = append(units, p.units...)
	}
	slices.Sort(units)
	units = slices.Compact(units)

	list := make([]Coverage, len(units))
	claims := map[cashu.Unit]float64{} // +Inf: nothing is there for it
	for i, unit := range units {
		c := Coverage{Unit: unit, Owed: owed[unit], Known: true}
		for _, p := range purses {
			if !slices.Contains(p.units, unit) {
				continue
			}
			held, said := p.held[unit]
			sum, err := c.Held.Add(held)
			c.Known = c.Known && said && err == nil
			c.Held = sum
		}
		switch {
		case c.Owed == 0:
			claims[unit] = 0
		case c.Held == 0:
			claims[unit] = math.Inf(1)
		default:
			claims[unit] = float64(c.Owed) / float64(c.Held)
		}
		list[i] = c
	}
	known := map[cashu.Unit]bool{}
	for _, c := range list {
		known[c.Unit] = c.Known
	}
	for i := range list {
		var claimed float64
		for _, unit := range sharing(list[i].Unit, purses) {
			claimed += claims[unit]
			list[i].Known = list[i].Known && known[unit]
		}
		if list[i].Known {
			list[i].Ratio = min(1/claimed, maxRatio)
		}
	}
	return list
}

// sharing lists the unit and all that share a purse with it, or with those that do.
func sharing(unit cashu.Unit, purses []purse) []cashu.Unit {
	group := []cashu.Unit{unit}
	for i := 0; i < len(group); i++ {
		for _, p := range purses {
			if !slices.Contains(p.units, group[i]) {
				continue
			}
			for _, u := range p.units {
				if !slices.Contains(group, u) {
					group = append(group, u)
				}
			}
		}
	}
	return group
}
