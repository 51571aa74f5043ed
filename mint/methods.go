package mint

import (
	"mintmark/cashu"
	"mintmark/mint/lightning"
)

// What the NUTs say of a payment method, whichever backend serves it. Everything
// else about a method is in the settings of its backend, and no other place of the
// mint knows one by name.

// methodRules differ between methods.
type methodRules struct {
	// whole: a quote with an amount is issued at once, for exactly this amount
	// (NUT-23). Otherwise it is issued in parts, for what has been paid.
	whole bool
	// locked: a quote must be locked to a public key (NUT-20, NUT-25, NUT-30).
	locked bool
	// noAmount: a mint quote asks for no amount; the payer decides (NUT-30).
	noAmount bool
	// async: a melt is answered before its payment is made (NUT-30).
	async bool
}

// rulesOf tells the rules of a method. A custom one is paid and issued as often as
// anybody likes, and may be locked.
func rulesOf(method string) methodRules {
	switch method {
	case lightning.MethodBolt11:
		return methodRules{whole: true}
	case lightning.MethodBolt12:
		return methodRules{locked: true}
	case lightning.MethodOnchain:
		return methodRules{locked: true, noAmount: true, async: true}
	}
	return methodRules{}
}

// fixed is what must be issued of the quote at once; 0: any part of what is left.
func (q MintQuote) fixed() cashu.Amount {
	if rulesOf(q.Method).whole {
		return q.Amount
	}
	return 0
}

// awaitsPayment tells whether a payment may still arrive that the mint has not
// heard of. What was on its way when the quote ended may come long after.
func (m *Mint) awaitsPayment(q MintQuote) bool {
	if rulesOf(q.Method).whole {
		return q.State() == QuoteUnpaid
	}
	return q.Expiry.IsZero() || m.now().Before(q.Expiry.Add(m.cfg.QuoteKeep))
}
