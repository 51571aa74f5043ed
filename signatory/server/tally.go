package server

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"mintmark/cashu"
	"mintmark/keystore"
	"mintmark/signatory/internal/budget"
)

// tally counts signatures that have left and are not written down yet.
type tally struct {
	mu   sync.Mutex
	uses map[tallied]budget.Use
}

type tallied struct {
	client string
	unit   cashu.Unit
	keyset cashu.KeysetID
}

func newTally() *tally { return &tally{uses: map[tallied]budget.Use{}} }

func (t *tally) add(client string, spends []budget.Spend) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range spends {
		t.put(tallied{client, s.Unit, s.Keyset}, s.Use)
	}
}

// put adds up. A value beyond all numbers stays at the largest.
func (t *tally) put(at tallied, use budget.Use) {
	sum := t.uses[at]
	value, err := sum.Value.Add(use.Value)
	if err != nil {
		value = ^cashu.Amount(0)
	}
	t.uses[at] = budget.Use{Value: value, Count: sum.Count + use.Count}
}

// pending is the number for each keyset.
func (t *tally) pending() map[cashu.KeysetID]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[cashu.KeysetID]uint64{}
	for at, use := range t.uses {
		out[at.keyset] += use.Count
	}
	return out
}

// take empties the tally; giveBack fills it again.
func (t *tally) take() []keystore.Signed {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []keystore.Signed
	for _, at := range slices.SortedFunc(maps.Keys(t.uses), func(a, b tallied) int {
		return strings.Compare(a.client+" "+a.keyset.String(), b.client+" "+b.keyset.String())
	}) {
		use := t.uses[at]
		out = append(out, keystore.Signed{Client: at.client, Unit: at.unit, Keyset: at.keyset, Value: use.Value, Count: use.Count})
	}
	clear(t.uses)
	return out
}

func (t *tally) giveBack(all []keystore.Signed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range all {
		t.put(tallied{s.Client, s.Unit, s.Keyset}, budget.Use{Value: s.Value, Count: s.Count})
	}
}
