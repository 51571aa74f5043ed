package mint

import (
	"context"

	"mintmark/cashu"
)

// Payments is how the mint pays and is paid, for its operator.
type Payments struct {
	Backends []Node `json:"backends"`
	Ways     []Way  `json:"ways"`
	// Units is what the watchdog sees; none without one.
	Units []Watched `json:"units,omitzero"`
}

// Way is a method in a unit, and on what terms the mint deals by it.
type Way struct {
	Method  string       `json:"method"`
	Unit    cashu.Unit   `json:"unit"`
	Melt    bool         `json:"melt"` // else it is to mint
	Backend string       `json:"backend"`
	On      bool         `json:"on"`           // new quotes are made
	Why     string       `json:"why,omitzero"` // if not
	Min     cashu.Amount `json:"min"`
	Max     cashu.Amount `json:"max"`              // 0: no bound
	FeeMin  cashu.Amount `json:"fee_min,omitzero"` // to melt: the least reserve, and
	FeePPM  uint64       `json:"fee_ppm,omitzero"` // its share; the backend may ask for more
}

// Payments is what this process knows, without asking anybody.
func (m *Mint) Payments(context.Context) Payments {
	p := Payments{Backends: m.nodes.list(m.cfg.Backends), Ways: []Way{}, Units: m.guard.list()}
	for _, r := range m.receivers() {
		s := r.settings
		p.Ways = append(p.Ways, Way{Method: s.Method, Unit: s.Unit, Backend: r.name, On: on(r.terms.Mint), Why: m.whyNot(r.key(), r.terms.Mint, false), Min: s.MinAmount, Max: s.MaxAmount})
	}
	for _, out := range m.payers() {
		s, t := out.settings, out.terms
		p.Ways = append(p.Ways, Way{
			Method: s.Method, Unit: s.Unit, Melt: true, Backend: out.name, On: on(t.Melt), Why: m.whyNot(out.key(), t.Melt, true), Min: s.MinAmount, Max: s.MaxAmount,
			FeeMin: value(t.FeeMin), FeePPM: value(t.FeePPM),
		})
	}
	for i, way := range p.Ways {
		if way.On && !way.Melt && !m.canSign(way.Unit) {
			p.Ways[i].On, p.Ways[i].Why = false, "there is no active keyset of the unit"
		}
	}
	return p
}

// whyNot says who has switched something off.
func (m *Mint) whyNot(key methodUnit, said *bool, melt bool) string {
	noMint, noMelt := m.guard.stopped(key.unit)
	switch {
	case on(said):
		return ""
	case melt && noMelt || !melt && noMint:
		return "the watchdog has stopped it"
	}
	return "switched off"
}
