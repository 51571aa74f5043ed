package wallet

import (
	"testing"

	"mintmark/cashu"
)

// The rules, case by case: what each piece of evidence is worth alone. Whoever
// changes one of these lines decides about money.

func states(list ...cashu.ProofState) []cashu.ProofState { return list }

const (
	free   = cashu.ProofUnspent
	held   = cashu.ProofPending
	gone   = cashu.ProofSpent
	nobody = -1 // restored: the mint did not say
)

func TestTheRulesOfExchanges(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		f    exchangeFacts
		want ruling
	}{
		{"it never left", exchangeFacts{neverSent: true}, ruleUndo},
		{"I7: nothing is known", exchangeFacts{restored: nobody, outputs: 2}, ruleWait},
		{"refused, and the states are not known", exchangeFacts{refused: true, settled: true, restored: nobody, outputs: 2}, ruleWait},
		{"no answer, and nothing happened yet", exchangeFacts{settled: true, states: states(free, free), outputs: 2}, ruleWait},
		{"refused", exchangeFacts{refused: true, settled: true, states: states(free, free), outputs: 2}, ruleUndo},
		{"W12: refused, an earlier one may be on its way", exchangeFacts{refused: true, states: states(free, free), outputs: 2}, ruleWait},
		{"W4: refused while the mint works on it", exchangeFacts{refused: true, settled: true, states: states(free, held), outputs: 2}, ruleWait},
		{"the mint works on the last coin", exchangeFacts{refused: true, settled: true, states: states(gone, held), restored: 2, outputs: 2}, ruleWait},
		{"the outputs are of another request", exchangeFacts{collided: true, states: states(free, free), outputs: 2}, ruleUndo},
		{"somebody else has one of the coins", exchangeFacts{states: states(gone, free), restored: nobody, outputs: 2}, ruleUndo},
		{"all is spent and signed", exchangeFacts{states: states(gone, gone), restored: 2, outputs: 2}, ruleAdopt},
		{"all is spent, and signatures could not be asked for", exchangeFacts{states: states(gone, gone), restored: nobody, outputs: 2}, ruleWait},
		{"all is spent for something else", exchangeFacts{states: states(gone, gone), outputs: 2}, ruleLost},
		{"all is spent, and a part is signed", exchangeFacts{states: states(gone, gone), restored: 1, outputs: 2}, ruleLost},
	} {
		if got := judgeExchange(tc.f); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestTheRulesOfIssues(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		f    issueFacts
		want ruling
	}{
		{"it never left", issueFacts{neverSent: true}, ruleUndo},
		{"the quote is not known", issueFacts{refused: true, settled: true, outputs: 2}, ruleWait},
		{"signatures could not be asked for", issueFacts{refused: true, settled: true, state: "PAID", restored: nobody, outputs: 2}, ruleWait},
		{"W12: issued and signed", issueFacts{state: "ISSUED", issued: true, restored: 2, outputs: 2}, ruleAdopt},
		{"issued for somebody else", issueFacts{state: "ISSUED", issued: true, outputs: 2}, ruleLost},
		{"signed, but not for this quote", issueFacts{state: "PAID", restored: 2, outputs: 2}, ruleWait},
		{"no answer", issueFacts{settled: true, state: "PAID", outputs: 2}, ruleWait},
		{"refused", issueFacts{refused: true, settled: true, state: "PAID", outputs: 2}, ruleUndo},
		{"refused, an earlier one may be on its way", issueFacts{refused: true, state: "PAID", outputs: 2}, ruleWait},
		{"refused, and a part is signed", issueFacts{refused: true, settled: true, state: "PAID", restored: 1, outputs: 2}, ruleWait},
		{"the outputs are of another request", issueFacts{collided: true, state: "PAID", restored: 2, outputs: 2}, ruleUndo},
		{"a quote of the batch was issued elsewhere", issueFacts{partly: true, state: "PAID", outputs: 2}, ruleUndo},
		{"and signatures could not be asked for", issueFacts{partly: true, state: "PAID", restored: nobody, outputs: 2}, ruleWait},
		{"and yet all is signed", issueFacts{partly: true, state: "PAID", restored: 2, outputs: 2}, ruleWait},
	} {
		if got := judgeIssue(tc.f); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestTheRulesOfPayments(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		f    meltFacts
		want ruling
	}{
		{"it never left", meltFacts{neverSent: true}, ruleUndo},
		{"I7: nothing is known", meltFacts{}, ruleWait},
		{"paid with our coins", meltFacts{state: "PAID", states: states(gone, gone)}, ruleAdopt},
		{"paid, and the mint is not done", meltFacts{state: "PAID", states: states(gone, held)}, ruleWait},
		{"paid, and our coins are free", meltFacts{state: "PAID", states: states(free, free)}, ruleWait},
		{"paid with other coins, and ours were refused", meltFacts{state: "PAID", refused: true, states: states(free, free)}, ruleUndo},
		{"paid, and somebody has one of the coins", meltFacts{state: "PAID", states: states(gone, free)}, ruleUndo},
		{"paid, and the states are not known", meltFacts{state: "PAID", refused: true}, ruleWait},
		{"under way", meltFacts{state: "PENDING", expired: true, states: states(held, held)}, ruleWait},
		{"under way, say the coins", meltFacts{state: "UNPAID", expired: true, refused: true, states: states(free, held)}, ruleWait},
		{"under way, say the quote and not the coins", meltFacts{state: "PENDING", refused: true, expired: true, states: states(free, free)}, ruleWait},
		{"the quote is not known", meltFacts{refused: true, expired: true, states: states(free, free)}, ruleWait},
		{"W14: unpaid, no answer", meltFacts{state: "UNPAID", states: states(free, free)}, ruleWait},
		{"no such quote, and refused for good", meltFacts{state: quoteUnknown, refused: true, settled: true, states: states(free, free)}, ruleUndo},
		{"no such quote any more, and one request is out", meltFacts{state: quoteUnknown, settled: true, states: states(free, free)}, ruleWait},
		{"no such quote, but coins are gone", meltFacts{state: quoteUnknown, refused: true, settled: true, states: states(free, gone)}, ruleWait},
		{"no such quote, and nothing is known of the coins", meltFacts{state: quoteUnknown, refused: true, settled: true}, ruleWait},
		{"unpaid, an earlier one was refused", meltFacts{state: "UNPAID", settled: true, states: states(free, free)}, ruleWait},
		{"unpaid and refused", meltFacts{state: "UNPAID", refused: true, states: states(free, free)}, ruleUndo},
		{"unpaid, begun and over", meltFacts{state: "UNPAID", arrived: true, states: states(free, free)}, ruleUndo},
		{"unpaid and expired", meltFacts{state: "UNPAID", expired: true, states: states(free, free)}, ruleUndo},
		{"failed", meltFacts{state: "FAILED", states: states(free, free)}, ruleUndo},
		{"the blanks are of another request", meltFacts{state: "UNPAID", collided: true, states: states(free, free)}, ruleUndo},
		{"unpaid, and somebody has all the coins", meltFacts{state: "UNPAID", settled: true, states: states(gone, gone)}, ruleUndo},
		{"unpaid a moment ago, and the coins are spent", meltFacts{state: "UNPAID", refused: true, states: states(gone, gone)}, ruleWait},
		// A mint that has shown the proof of a payment cannot take that back.
		{"I8: proven, and unpaid again", meltFacts{state: "UNPAID", proven: true, refused: true, expired: true, states: states(free, free)}, ruleWait},
		{"proven, and failed", meltFacts{state: "FAILED", proven: true, states: states(free, free)}, ruleWait},
		{"proven, and the mint is silent", meltFacts{proven: true}, ruleWait},
	} {
		if got := judgeMelt(tc.f); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}
