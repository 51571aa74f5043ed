package mint

import (
	"slices"

	"mintmark/cashu"
)

// canSign tells whether what is paid in the unit could be minted now. Money is not taken
// in for what nobody can sign.
func (m *Mint) canSign(unit cashu.Unit) bool {
	now := m.now()
	return slices.ContainsFunc(m.Keysets().All(), func(ks cashu.Keyset) bool {
		return ks.Unit == unit && ks.Active && !ks.ExpiredForOutputs(now)
	})
}

// unsignable lists the units that backends take in and that no active keyset has.
func (m *Mint) unsignable() (units []cashu.Unit) {
	for _, r := range m.receivers() {
		if unit := r.settings.Unit; on(r.terms.Mint) && !m.canSign(unit) && !slices.Contains(units, unit) {
			units = append(units, unit)
		}
	}
	return units
}

// hasMethod tells whether anything can be minted by the method, and canPay whether
// anything can be melted.
func (m *Mint) hasMethod(method string) bool {
	return slices.ContainsFunc(m.receivers(), func(r receiver) bool { return r.settings.Method == method })
}

func (m *Mint) canPay(method string) bool {
	return slices.ContainsFunc(m.payers(), func(p payer) bool { return p.settings.Method == method })
}

// methods lists the payment methods that are wired, each once.
func (m *Mint) methods() []string {
	var list []string
	for _, r := range m.receivers() {
		list = append(list, r.settings.Method)
	}
	for _, p := range m.payers() {
		list = append(list, p.settings.Method)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
