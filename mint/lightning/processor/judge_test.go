package processor

import (
	"testing"
	"time"

	"mintmark/mint/lightning/journal"
	pb "mintmark/proto/cdk_payment_processor"
)

const (
	paid    = pb.QuoteState_QUOTE_STATE_PAID
	failing = pb.QuoteState_QUOTE_STATE_FAILED
	unpaid  = pb.QuoteState_QUOTE_STATE_UNPAID
	unknown = pb.QuoteState_QUOTE_STATE_UNKNOWN
	waiting = pb.QuoteState_QUOTE_STATE_PENDING
	issued  = pb.QuoteState_QUOTE_STATE_ISSUED
	nothing = pb.QuoteState_QUOTE_STATE_UNSPECIFIED
	later   = pb.QuoteState(77) // of a contract to come
)

func TestOnlyPaidAndFailedOfThisVeryAttemptDecideAnything(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_900_000_000, 0)
	for _, c := range []struct {
		name    string
		answer  journal.Answer
		rival   bool
		part    bool
		running bool
		once    bool
		age     time.Duration
		said    pb.QuoteState
		want    verdict
	}{
		{name: "paid, whatever the answer was", said: paid, want: isPaid},
		{name: "paid, though it was refused", answer: journal.Refused, said: paid, want: isPaid},
		{name: "a part is paid, perhaps another one", part: true, rival: true, said: paid, want: undecided},
		{name: "a part is paid that was acknowledged", part: true, rival: true, answer: journal.Begun, said: paid, want: isPaid},
		{name: "the only part is paid", part: true, said: paid, want: isPaid},

		{name: "failed, and the order was acknowledged", answer: journal.Begun, said: failing, want: isFailed},
		{name: "failed twice", answer: journal.Refused, said: failing, want: isFailed},
		{name: "failed, and it was said to be made", answer: journal.Claimed, age: 24 * time.Hour, said: failing, want: undecided},
		{name: "failed, perhaps earlier, and it was said to be made", answer: journal.Claimed, rival: true, once: true, age: 24 * time.Hour, said: failing, want: undecided},
		{name: "unpaid, and it was said to be made", answer: journal.Claimed, age: 24 * time.Hour, said: unpaid, want: undecided},
		{name: "unknown, and it was said to be made", answer: journal.Claimed, once: true, age: 24 * time.Hour, said: unknown, want: undecided},
		{name: "paid, as it was said before", answer: journal.Claimed, said: paid, want: isPaid},
		{name: "failed, while the order is on its way", running: true, age: time.Hour, said: failing, want: undecided},
		{name: "failed, and the order may be on its way", age: 59 * time.Second, said: failing, want: undecided},
		{name: "failed, and the order is long over", age: time.Minute, said: failing, want: isFailed},
		{name: "failed, perhaps an earlier attempt", rival: true, age: 19 * time.Minute, said: failing, want: undecided},
		{name: "failed, and the earlier attempt was long ago", rival: true, age: 20 * time.Minute, said: failing, want: isFailed},
		{name: "failed, perhaps earlier, and it may be ordered again", rival: true, once: true, age: time.Second, said: failing, want: notOrdered},

		{name: "unpaid proves nothing", age: time.Hour, said: unpaid, want: undecided},
		{name: "unpaid after pending proves nothing", answer: journal.Begun, age: time.Hour, said: unpaid, want: undecided},
		{name: "unpaid, as the order was answered", answer: journal.Refused, said: unpaid, want: isFailed},

		{name: "unknown proves nothing", age: 24 * time.Hour, said: unknown, want: undecided},
		{name: "unknown after a refusal proves nothing", answer: journal.Refused, age: time.Hour, said: unknown, want: undecided},
		{name: "unknown of one that pays at most once", once: true, said: unknown, want: notOrdered},
		{name: "unknown of one that pays at most once, and was told now", once: true, running: true, said: unknown, want: undecided},
		{name: "unknown of one that had begun", once: true, answer: journal.Begun, said: unknown, want: undecided},

		{name: "pending", answer: journal.Begun, age: time.Hour, said: waiting, want: undecided},
		{name: "a word of mint quotes", answer: journal.Refused, age: time.Hour, said: issued, want: undecided},
		{name: "no word", answer: journal.Refused, age: time.Hour, said: nothing, want: undecided},
		{name: "a word that is not known", answer: journal.Refused, once: true, age: time.Hour, said: later, want: undecided},
	} {
		got := judge(evidence{
			attempt: journal.Attempt{Answer: c.answer, Rival: c.rival, Begun: now.Add(-c.age)}, part: c.part, running: c.running,
			said: c.said, atMostOnce: c.once, now: now, soon: time.Minute, long: 20 * time.Minute,
		})
		if got != c.want {
			t.Errorf("%s: verdict %d, want %d", c.name, got, c.want)
		}
	}
}
