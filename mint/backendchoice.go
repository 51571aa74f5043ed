package mint

import (
	"errors"
	"fmt"
	"slices"

	"mintmark/cashu"
)

// receiverFor finds the backend of a method and unit, or says what is wrong.
func (m *Mint) receiverFor(method string, unit cashu.Unit) (receiver, error) {
	list := m.receivers()
	for _, r := range list {
		if r.key() == (methodUnit{method, unit}) {
			return r, nil
		}
	}
	promised := slices.ContainsFunc(m.cfg.Backends, func(b Backend) bool {
		return b.Receiver != nil && !b.NoMint && (b.promises(method, unit) || m.nodes.estranged(b.Name) != nil && b.serves(method, unit))
	})
	known := slices.ContainsFunc(list, func(r receiver) bool { return r.settings.Method == method })
	return receiver{}, noBackend(promised, known)
}

// payerFor finds the payer of a method and unit, or says what is wrong.
func (m *Mint) payerFor(method string, unit cashu.Unit) (payer, error) {
	list := m.payers()
	for _, p := range list {
		if p.key() == (methodUnit{method, unit}) {
			return p, nil
		}
	}
	promised := slices.ContainsFunc(m.cfg.Backends, func(b Backend) bool {
		return b.Payer != nil && !b.NoMelt && (b.promises(method, unit) || m.nodes.estranged(b.Name) != nil && b.serves(method, unit))
	})
	known := slices.ContainsFunc(list, func(p payer) bool { return p.settings.Method == method })
	if len(list) == 0 && !promised {
		return payer{}, cashu.ErrMeltingDisabled
	}
	return payer{}, noBackend(promised, known)
}

// ofQuote finds the backend that made a quote, whatever it is used for by now. Rows of
// a mint that knew one backend only do not name it; theirs is the one that serves the
// method and unit.
func (m *Mint) ofQuote(name, method string, unit cashu.Unit, can func(Backend) bool) (Backend, error) {
	for _, b := range m.cfg.Backends {
		if can(b) && (b.Name == name || name == "" && b.serves(method, unit)) {
			return b, nil
		}
	}
	return Backend{}, fmt.Errorf("%w: %q, for method %s and unit %s", errBackendGone, name, method, unit)
}

// errBackendGone: the configuration has no longer the backend that made a quote.
var errBackendGone = errors.New("the payment backend of a quote is not configured any more")

// receiverOf finds the backend that made a mint quote.
func (m *Mint) receiverOf(q MintQuote) (Backend, error) {
	return m.ofQuote(q.Backend, q.Method, q.Unit, func(b Backend) bool { return b.Receiver != nil })
}

// payerOf finds the backend that made a melt quote.
func (m *Mint) payerOf(q MeltQuote) (Backend, error) {
	return m.ofQuote(q.Backend, q.Method, q.Unit, func(b Backend) bool { return b.Payer != nil })
}

func noBackend(promised, known bool) error {
	switch {
	case promised:
		return cashu.Errorf(cashu.CodeUnavailable, "the payment backend is not available")
	case !known:
		return cashu.Errorf(cashu.CodeUnknownMethod, "payment method is not supported")
	}
	return cashu.Errorf(cashu.CodeUnitUnsupported, "unit is not supported for this payment method")
}
