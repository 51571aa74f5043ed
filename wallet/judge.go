package wallet

import (
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
)

func (r ruling) String() string {
	return [...]string{"wait", "adopt", "undo", "lost"}[r]
}

// exchangeFacts is the evidence about a request that gives coins for signatures.
type exchangeFacts struct {
	// neverSent: no attempt, this one included, can have reached the mint.
	neverSent bool
	// refused: the last attempt was refused for good, after whatever earlier
	// ones did. The same request is refused again for the same reason, so none
	// of those that may still be on their way can succeed.
	refused bool
	// states of the inputs; nil: they could not be asked for.
	states []cashu.ProofState
	// restored counts the outputs that the mint has signed; -1: not known.
	restored int
	outputs  int
}

// judgeExchange decides about a swap or a receive.
func judgeExchange(f exchangeFacts) ruling {
	var spent, pending, unspent int
	for _, s := range f.states {
		switch s {
		case cashu.ProofSpent:
			spent++
		case cashu.ProofPending:
			pending++
		case cashu.ProofUnspent:
			unspent++
		}
	}
	switch {
	case f.restored == f.outputs && f.outputs > 0:
		return ruleAdopt
	case f.restored > 0:
		return ruleWait // a mint that signs half a request needs a person to look at it
	case f.neverSent:
		return ruleUndo
	case len(f.states) == 0 || pending > 0:
		return ruleWait
	case unspent == 0:
		if f.restored == 0 {
			return ruleLost
		}
		return ruleWait
	case spent > 0:
		// Some of the inputs are spent, and it was not us: a request is
		// carried out whole. It can never succeed any more.
		return ruleUndo
	case f.refused:
		return ruleUndo
	}
	return ruleWait
}

// issueFacts is the evidence about a request that gives a paid quote for
// signatures.
type issueFacts struct {
	neverSent bool
	refused   bool // as in exchangeFacts
	restored  int  // as in exchangeFacts
	outputs   int
	state     string // of the quote; empty: not known
}

// judgeIssue decides about a mint.
func judgeIssue(f issueFacts) ruling {
	switch {
	case f.restored == f.outputs && f.outputs > 0:
		return ruleAdopt
	case f.restored > 0:
		return ruleWait
	case f.neverSent:
		return ruleUndo
	case f.restored < 0:
		return ruleWait
	case f.state == "ISSUED":
		return ruleLost
	case f.state == "UNPAID", f.refused && f.state != "":
		return ruleUndo
	}
	return ruleWait
}

// meltFacts is the evidence about a payment.
type meltFacts struct {
	neverSent bool
	refused   bool               // as in exchangeFacts
	state     string             // of the quote; empty: not known
	proven    bool               // the mint has shown a proof of the payment, now or before
	expired   bool               // the quote cannot be paid any more, with a margin for clocks
	states    []cashu.ProofState // of the inputs; nil: not known
}

// judgeMelt decides about a melt. A payment that may still be made is never
// given up: coins go free only when the mint says that it has not paid, that it
// holds none of them, and it is certain that no request of ours can still start
// the payment.
func judgeMelt(f meltFacts) ruling {
	free := len(f.states) > 0
	for _, s := range f.states {
		free = free && s == cashu.ProofUnspent
	}
	switch {
	case f.state == "PAID":
		return ruleAdopt
	case f.proven:
		return ruleWait
	case f.neverSent:
		return ruleUndo
	case f.state != "UNPAID" && f.state != "FAILED" || !free:
		return ruleWait
	case f.refused || f.expired || f.state == "FAILED":
		return ruleUndo
	}
	return ruleWait
}
