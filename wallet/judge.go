package wallet

import (
	"time"

	"mintmark/cashu"
)

// The rules of what a request to a mint came to, free of I/O. They are the same
// for the process that sent it and for one that finds it after a crash.

// ruling is what is done about a request that has not been answered with
// signatures.
type ruling uint8

const (
	// ruleWait: nothing is proven. Keep everything and ask again later.
	ruleWait ruling = iota
	// ruleAdopt: the mint did what it was asked. Take the signatures.
	ruleAdopt
	// ruleUndo: it did not, and will not. Free what is still ours.
	ruleUndo
	// ruleLost: what we gave was taken for something that is not ours.
	ruleLost
	// ruleAgain: it did not, and will not; it has been planned anew.
	ruleAgain
)

func (r ruling) String() string {
	return [...]string{"wait", "adopt", "undo", "lost", "again"}[r]
}

// lateRequest is how long a request without an answer may still be on its way, or
// at work in a mint that has read the keysets of then.
const lateRequest = 2 * time.Minute

// count sorts the states of inputs.
func count(states []cashu.ProofState) (spent, pending, unspent int) {
	for _, s := range states {
		switch s {
		case cashu.ProofSpent:
			spent++
		case cashu.ProofPending:
			pending++
		case cashu.ProofUnspent:
			unspent++
		}
	}
	return spent, pending, unspent
}

// exchangeFacts is the evidence about a request that gives coins for signatures.
type exchangeFacts struct {
	// neverSent: no attempt, this one included, can have reached the mint.
	neverSent bool
	// refused: the last attempt was refused for good.
	refused bool
	// settled: no earlier attempt can still be on its way. The last one speaks
	// for those before it only then: the mint may have begun with one of them
	// when it would still have been accepted.
	settled bool
	// collided: outputs were signed before the inputs were seen unspent, so the
	// signatures are those of another request, and ours is refused for ever.
	collided bool
	// states of the inputs; nil: they could not be asked for.
	states []cashu.ProofState
	// restored counts the outputs that the mint has signed as they were planned,
	// looked at after the states; -1: not known.
	restored int
	outputs  int
}

// judgeExchange decides about a swap or a receive. A mint carries a request out as
// a whole: all inputs are spent and all outputs signed, or none.
func judgeExchange(f exchangeFacts) ruling {
	spent, pending, unspent := count(f.states)
	switch {
	case f.neverSent:
		return ruleUndo
	case len(f.states) == 0 || pending > 0:
		return ruleWait
	case spent == 0:
		if f.collided || f.refused && f.settled {
			return ruleUndo
		}
		return ruleWait
	case unspent > 0: // somebody else spent some: it cannot succeed any more
		return ruleUndo
	case f.restored < 0:
		return ruleWait
	case f.restored == f.outputs && f.outputs > 0:
		return ruleAdopt
	}
	return ruleLost
}

// issueFacts is the evidence about a request that gives a paid quote for
// signatures.
type issueFacts struct {
	neverSent bool
	refused   bool   // as in exchangeFacts
	settled   bool   // as in exchangeFacts
	collided  bool   // outputs were signed before the quote was seen not issued
	state     string // of the quote; empty: not known
	issued    bool   // the mint counts all that we asked for as issued
	partly    bool   // of a batch: it counts some as issued, so that the rest cannot be issued with them any more
	restored  int    // as in exchangeFacts, looked at after the quote
	outputs   int
}

// judgeIssue decides about a mint. Signatures alone prove nothing: a wallet of the
// same seed may have got them for another quote.
func judgeIssue(f issueFacts) ruling {
	switch {
	case f.neverSent:
		return ruleUndo
	case f.state == "" || f.restored < 0:
		return ruleWait
	case f.issued && f.restored == f.outputs && f.outputs > 0:
		return ruleAdopt
	case f.issued:
		return ruleLost
	case f.collided || f.refused && f.settled && f.restored == 0:
		return ruleUndo
	case f.partly && f.restored < f.outputs: // else it was issued between two answers
		return ruleUndo
	}
	return ruleWait
}

// quoteUnknown stands for the state of a quote that the mint says it does not know.
const quoteUnknown = "unknown to the mint"

// meltFacts is the evidence about a payment.
type meltFacts struct {
	neverSent bool
	refused   bool               // every attempt was refused for good
	settled   bool               // as in exchangeFacts, the last attempt included
	arrived   bool               // the mint has seen every attempt, and has refused it or begun with it
	collided  bool               // as in exchangeFacts, for the blank outputs
	state     string             // of the quote; empty: not known, quoteUnknown: not even to the mint
	proven    bool               // the mint has shown a proof of the payment, now or before
	expired   bool               // the quote cannot be paid any more, with a margin for clocks
	states    []cashu.ProofState // of the inputs, looked at after the quote; nil: not known
}

// judgeMelt decides about a melt. A payment that may still be made is never
// given up: coins go free only when the mint says that it has not paid, that it
// holds none of them, and it is certain that no request of ours can still start
// the payment; one that it had begun with, and that is over, cannot. A quote that
// is paid while our coins are unspent was paid with other coins, or the mint is not
// done yet: only a refusal tells.
func judgeMelt(f meltFacts) ruling {
	spent, pending, unspent := count(f.states)
	known := len(f.states) > 0 && pending == 0
	switch {
	case f.state == "PAID" && known && unspent == 0:
		return ruleAdopt
	case f.state == "PAID" && known && (spent > 0 || f.refused):
		return ruleUndo
	case f.state == "PAID", f.proven:
		return ruleWait
	case f.neverSent:
		return ruleUndo
	case f.state == quoteUnknown:
		if f.refused && f.settled && known && spent == 0 {
			return ruleUndo
		}
		return ruleWait
	case f.state != "UNPAID" && f.state != "FAILED" || !known:
		return ruleWait
	case unspent == 0: // the quote was asked first: our request may have come between
		if f.settled {
			return ruleUndo
		}
		return ruleWait
	case spent > 0, f.collided, f.refused, f.arrived, f.expired, f.state == "FAILED":
		return ruleUndo
	}
	return ruleWait
}
