package processor

import (
	"time"

	"mintmark/mint/lightning/journal"
	pb "mintmark/proto/cdk_payment_processor"
)

// What is made of a processor's word on a payment. Free of I/O.

// verdict is what is concluded.
type verdict uint8

const (
	undecided  verdict = iota // stays pending
	isPaid                    // for ever
	isFailed                  // for ever
	notOrdered                // it has to be ordered, for the second time
)

// evidence is what there is to judge by.
type evidence struct {
	attempt journal.Attempt
	// part: only a part of the debt is paid, and others may pay the same.
	part bool
	// running: the order was given from here and is not answered yet.
	running bool
	// said is what the processor said now, when it was asked.
	said pb.QuoteState
	// atMostOnce is Config.AtMostOnce.
	atMostOnce bool
	now        time.Time
	// soon and long are how old an order must be that was never answered, before a
	// FAILED can be one about it: where it is the only one of its debt, and where an
	// earlier one has failed before.
	soon, long time.Duration
}

// judge concludes. The contract has no word for "this never began", and asks by the
// debt and not by the attempt, so a word can be one about somebody else's:
//
//   - PAID is believed, but for a part that was not acknowledged: another part of the
//     same invoice may be meant.
//   - FAILED is believed of an order that the processor has acknowledged. It may be an
//     old word about an earlier attempt as long as one that was not may be on its way.
//   - FAILED is never believed of a payment that the processor has once said to be made.
//   - UNPAID is a failure only if that was the answer to the order as well.
//   - Everything else proves nothing.
func judge(e evidence) verdict {
	a := e.attempt
	switch e.said {
	case pb.QuoteState_QUOTE_STATE_PAID:
		if e.part && a.Rival && a.Answer == journal.Silent {
			return undecided
		}
		return isPaid
	case pb.QuoteState_QUOTE_STATE_FAILED:
		return judgeFailed(e)
	case pb.QuoteState_QUOTE_STATE_UNPAID:
		if a.Answer == journal.Refused {
			return isFailed
		}
	case pb.QuoteState_QUOTE_STATE_UNKNOWN:
		if e.atMostOnce && !e.running && a.Answer == journal.Silent {
			return notOrdered
		}
	}
	return undecided
}

func judgeFailed(e evidence) verdict {
	a, age := e.attempt, e.now.Sub(e.attempt.Begun)
	switch {
	case a.Answer == journal.Claimed:
		return undecided
	case a.Answer != journal.Silent:
		return isFailed
	case e.running:
		return undecided
	case a.Rival && e.atMostOnce:
		return notOrdered // the answer to the order will tell
	case a.Rival && age < e.long, age < e.soon:
		return undecided
	}
	return isFailed
}

// answered is what the answer to an order means for later. FAILED and UNPAID are never
// believed at once: the processor is asked again.
func answered(state pb.QuoteState) journal.Answer {
	switch state {
	case pb.QuoteState_QUOTE_STATE_PENDING:
		return journal.Begun
	case pb.QuoteState_QUOTE_STATE_PAID:
		return journal.Claimed // until it is written down what it cost
	case pb.QuoteState_QUOTE_STATE_FAILED, pb.QuoteState_QUOTE_STATE_UNPAID:
		return journal.Refused
	}
	return journal.Silent
}
