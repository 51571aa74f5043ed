package mint

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
)

// Backend is a payment backend, and what the mint uses it for.
type Backend struct {
	// Name says which one it is, in logs and metrics, and is kept with every quote: who
	// made it is asked about it, and nobody else. It differs between any two. A name that
	// goes over to another node makes the mint ask the wrong one.
	Name string
	// Receiver takes payments in. nil: nothing is minted through this backend.
	Receiver lightning.Receiver
	// Payer sends payments out. nil: nothing is melted through this backend.
	Payer lightning.Payer
	// Methods and Units are what it is used for. None: whatever it can.
	Methods []string
	Units   []cashu.Unit
	// NoMint and NoMelt: nothing new is minted or melted through it. What was begun
	// before goes on.
	NoMint, NoMelt bool
}

const (
	// backendTimeout bounds a question to a backend without which a request cannot be
	// answered, and refreshTimeout one that it can do without.
	backendTimeout = 15 * time.Second
	refreshTimeout = 5 * time.Second
)

// methodUnit is what a backend is chosen by.
type methodUnit struct {
	method string
	unit   cashu.Unit
}

func (k methodUnit) compare(other methodUnit) int {
	return cmp.Or(cmp.Compare(k.method, other.method), cmp.Compare(k.unit, other.unit))
}

// serves tells whether the mint uses the backend for a method and unit that it can.
func (b Backend) serves(method string, unit cashu.Unit) bool {
	return unit != unitAuth &&
		(len(b.Methods) == 0 || slices.Contains(b.Methods, method)) &&
		(len(b.Units) == 0 || slices.Contains(b.Units, unit))
}

// promises tells whether the operator has named the method and unit, so that they are
// there even while the backend cannot tell.
func (b Backend) promises(method string, unit cashu.Unit) bool {
	return len(b.Methods) > 0 && len(b.Units) > 0 && b.serves(method, unit)
}

// receiver takes in one method and unit.
type receiver struct {
	lightning.Receiver
	name     string
	settings lightning.Settings // within the terms
	terms    Terms
}

// receivers are the ways in as they are now, ordered by method and unit.
func (m *Mint) receivers() []receiver {
	var list []receiver
	for _, b := range m.cfg.Backends {
		if b.Receiver == nil || b.NoMint || m.nodes.estranged(b.Name) != nil {
			continue
		}
		for _, s := range b.Receiver.Settings() {
			if b.serves(s.Method, s.Unit) {
				t := m.terms(methodUnit{s.Method, s.Unit})
				s.MinAmount, s.MaxAmount = within(s.MinAmount, s.MaxAmount, t.MinMint, t.MaxMint)
				list = append(list, receiver{b.Receiver, b.Name, s, t})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b receiver) int { return a.key().compare(b.key()) })
	return slices.CompactFunc(list, func(a, b receiver) bool { return a.key() == b.key() })
}

// payers are the ways out, likewise.
func (m *Mint) payers() []payer {
	var list []payer
	for _, b := range m.cfg.Backends {
		if b.Payer == nil || b.NoMelt || m.nodes.estranged(b.Name) != nil {
			continue
		}
		for _, s := range b.Payer.PaySettings() {
			if b.serves(s.Method, s.Unit) {
				t := m.terms(methodUnit{s.Method, s.Unit})
				s.MinAmount, s.MaxAmount = within(s.MinAmount, s.MaxAmount, t.MinMelt, t.MaxMelt)
				list = append(list, payer{b.Payer, b.Name, s, t})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b payer) int { return a.key().compare(b.key()) })
	return slices.CompactFunc(list, func(a, b payer) bool { return a.key() == b.key() })
}

func (r receiver) key() methodUnit { return methodUnit{r.settings.Method, r.settings.Unit} }

func (p payer) key() methodUnit { return methodUnit{p.settings.Method, p.settings.Unit} }

// checkBackends refuses what cannot be told apart: two backends of one name, or two
// for one method and unit in the same direction.
func checkBackends(backends []Backend) error {
	var problems []error
	names := map[string]bool{}
	in, out := map[methodUnit]string{}, map[methodUnit]string{}
	take := func(taken map[methodUnit]string, way string, b Backend, key methodUnit) {
		if !b.serves(key.method, key.unit) {
			return
		}
		if other, double := taken[key]; double {
			problems = append(problems, fmt.Errorf("two ways to %s method %s and unit %s: %s and %s", way, key.method, key.unit, other, b.Name))
		}
		taken[key] = b.Name
	}
	for _, b := range backends {
		if names[b.Name] {
			problems = append(problems, fmt.Errorf("two backends are called %q", b.Name))
		}
		names[b.Name] = true
		if b.Receiver != nil && !b.NoMint {
			for _, s := range b.Receiver.Settings() {
				if s.Unit == unitAuth && (len(b.Units) == 0 || slices.Contains(b.Units, unitAuth)) {
					problems = append(problems, errors.New("authentication tokens cannot be bought: a backend takes in the unit auth"))
				}
				take(in, "receive", b, methodUnit{s.Method, s.Unit})
			}
		}
		if b.Payer != nil && !b.NoMelt {
			for _, s := range b.Payer.PaySettings() {
				take(out, "pay", b, methodUnit{s.Method, s.Unit})
			}
		}
	}
	return errors.Join(problems...)
}
