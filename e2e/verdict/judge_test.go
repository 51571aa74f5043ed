package verdict

import (
	"slices"
	"testing"
)

// story is a scene of a quote that was issued, of a swap of its coins that was
// answered, of one that was interrupted before it began, with a rival, and of one
// that was interrupted when it was done; and of three melts: one that was answered,
// one that failed, and one to a quote of the mint, interrupted when it was done.
// Every test spoils a fresh one.
type story struct {
	Scene
	issue, answered, untouched, rival, done *Request
	melt, failed, within                    *Request
}

const keyset = "00aa"

func signature(o Output) Signature {
	return Signature{Keyset: o.Keyset, Amount: o.Amount, C: "C" + o.B, E: "e", S: "s"}
}

func output(name string, amount uint64) Output {
	return Output{Coin: Coin{Secret: name, Keyset: keyset, Amount: amount}, B: "B" + name}
}

func sight(state string, inputs int, signed ...Output) Sight {
	s := Sight{Signatures: map[string]Signature{}}
	for range inputs {
		s.Inputs = append(s.Inputs, state)
	}
	for _, o := range signed {
		s.Signatures[o.B] = signature(o)
	}
	return s
}

func granted(outputs ...Output) Reply {
	reply := Reply{Status: 200}
	for _, o := range outputs {
		reply.Signatures = append(reply.Signatures, signature(o))
	}
	return reply
}

func refused(code int) Reply { return Reply{Status: 400, Code: code} }

func newStory() *story {
	st := &story{}
	a, b, c := output("a", 8), output("b", 8), output("c", 8)
	st.issue = &Request{Name: "issue", Quote: "q", Outputs: []Output{a, b, c},
		Replies: []Reply{granted(a, b, c)}, Seen: sight("", 0, a, b, c)}
	a2 := []Output{output("a2", 4), output("a3", 4)}
	st.answered = &Request{Name: "answered", Inputs: []Coin{a.Coin}, Outputs: a2,
		Replies: []Reply{{}, granted(a2...)}, Seen: sight("SPENT", 1, a2...)}
	b2 := []Output{output("b2", 2), output("b3", 6)}
	after := sight("SPENT", 1, b2...)
	st.untouched = &Request{Name: "untouched", Inputs: []Coin{b.Coin}, Outputs: b2,
		Replies: []Reply{{}}, Seen: sight("UNSPENT", 1), Repeats: []Reply{granted(b2...), granted(b2...)}, Then: &after}
	rivalAfter := sight("SPENT", 1)
	st.rival = &Request{Name: "rival", Inputs: []Coin{b.Coin}, Outputs: []Output{output("b4", 8)},
		Replies: []Reply{{}}, Seen: sight("UNSPENT", 1), Repeats: []Reply{refused(11001), refused(11001)}, Then: &rivalAfter}
	c2 := []Output{output("c2", 4), output("c3", 3)} // a fee of 1
	doneAfter := sight("SPENT", 1, c2...)
	st.done = &Request{Name: "done", Inputs: []Coin{c.Coin}, Outputs: c2,
		Replies: []Reply{{Status: 503, Code: 40005}, {}}, Seen: sight("SPENT", 1, c2...), Repeats: []Reply{granted(c2...), granted(c2...)}, Then: &doneAfter}
	m, n, o := output("m", 16), output("n", 16), output("o", 2)
	more := &Request{Name: "more", Quote: "more", Outputs: []Output{m, n, o}, Replies: []Reply{granted(m, n, o)}, Seen: sight("", 0, m, n, o)}
	// 16 in, 9 to the payee, 1 to its node and 1 to the mint: 5 are left.
	m4, m1 := output("m4", 4), output("m1", 1)
	change := []Signature{signature(m4), signature(m1)}
	st.melt = &Request{Name: "melt", Inputs: []Coin{m.Coin}, Outputs: blanks(m4, m1, output("m0", 0)),
		Melt:    &Melt{Quote: "melt", Debt: "debt", Amount: 9, Fee: 1},
		Replies: []Reply{{Status: 200, State: "PENDING"}, {Status: 200, State: "PAID", Signatures: change}}, Seen: sight("SPENT", 1, m4, m1)}
	st.melt.Seen.Melt, st.melt.Seen.Change = "PAID", change
	failedAfter := sight("UNSPENT", 1)
	failedAfter.Melt = "UNPAID"
	st.failed = &Request{Name: "failed", Inputs: []Coin{o.Coin}, Outputs: blanks(output("o1", 1)),
		Melt:    &Melt{Quote: "failed", Debt: "other debt", Amount: 1, Fails: true},
		Replies: []Reply{{}}, Seen: failedAfter, Repeats: []Reply{refused(20004), refused(20004)}, Then: &failedAfter}
	n8 := output("n8", 8)
	withinAfter := sight("SPENT", 1, n8)
	withinAfter.Melt, withinAfter.Change = "PAID", []Signature{signature(n8)}
	again := Reply{Status: 200, State: "PAID", Signatures: withinAfter.Change}
	st.within = &Request{Name: "within", Inputs: []Coin{n.Coin}, Outputs: blanks(n8, output("n0", 0)),
		Melt:    &Melt{Quote: "within", Debt: "own debt", Amount: 8, Within: "payee"},
		Replies: []Reply{{}}, Seen: withinAfter, Repeats: []Reply{again, again}, Then: &withinAfter}

	st.Requests = []*Request{st.issue, st.answered, st.untouched, st.rival, st.done, more, st.melt, st.failed, st.within}
	st.Quotes = []Quote{{ID: "q", Amount: 24, Paid: 24, Issued: 24, Received: 24}, {ID: "more", Amount: 34, Paid: 34, Issued: 34, Received: 34},
		{ID: "payee", Amount: 8, Paid: 8}}
	st.Payments = map[string]Payment{"debt": {Times: 1, Amount: 9, Fee: 1}, "other debt": {}}
	st.Liabilities = []Liability{{Keyset: keyset, Issued: 24 + 8 + 8 + 7 + 34 + 5 + 8, Redeemed: 24 + 32, Outstanding: 38}}
	return st
}

// blanks are outputs of no amount.
func blanks(outputs ...Output) []Output {
	for i := range outputs {
		outputs[i].Amount = 0
	}
	return outputs
}

func TestAHistoryWithoutBreachIsClean(t *testing.T) {
	t.Parallel()
	st, book := newStory(), new(Book)
	report := book.Judge(st.Scene)
	if !report.Clean() || report.Done != 2 || report.Untouched != 3 {
		t.Errorf("got %+v", report)
	}
	states := map[string]string{}
	for _, c := range book.Unspent() {
		states[c.Secret] = "UNSPENT"
	}
	for _, c := range book.Spent() {
		states[c.Secret] = "SPENT"
	}
	if report := book.Close(states, st.Quotes, st.Payments); !report.Clean() || len(states) != 15 {
		t.Errorf("%d coins, %+v", len(states), report)
	}
}

func TestEveryBreachIsSeen(t *testing.T) {
	t.Parallel()
	const lost, created, stuck, twice = "lost", "created", "stuck", "twice"
	tests := []struct {
		name  string
		spoil func(*story)
		want  string
	}{
		{"an input is spent and nothing is restorable", func(s *story) { s.untouched.Seen.Inputs[0] = "SPENT" }, lost},
		{"one of two outputs is restorable", func(s *story) { delete(s.done.Seen.Signatures, "Bc3") }, lost},
		{"the outputs are signed and the input is unspent", func(s *story) { s.done.Seen.Inputs[0] = "UNSPENT" }, created},
		{"the outputs of rivals are both signed", func(s *story) {
			s.untouched.Seen = *s.untouched.Then
			s.rival.Seen = sight("SPENT", 1, s.rival.Outputs...)
			s.rival.Then = &s.rival.Seen
			s.rival.Repeats = []Reply{granted(s.rival.Outputs...), granted(s.rival.Outputs...)}
		}, created},
		{"an input is pending after recovery", func(s *story) { s.untouched.Seen.Inputs[0] = "PENDING" }, stuck},
		{"an input is in no state", func(s *story) { s.untouched.Seen.Inputs[0] = "" }, lost},
		{"a state is missing", func(s *story) { s.done.Seen.Inputs = nil }, lost},
		{"a swap was answered and is gone", func(s *story) { s.answered.Seen = sight("UNSPENT", 1) }, lost},
		{"an issue was answered and is gone", func(s *story) { s.issue.Seen = Sight{} }, lost},
		{"restore gives another signature than the answer", func(s *story) {
			s.answered.Replies[1].Signatures[0].C = "other"
		}, lost},
		{"restore gives another proof of equality than the answer", func(s *story) {
			s.answered.Replies[1].Signatures[0].E = "other"
		}, lost},
		{"an answer has too few signatures", func(s *story) {
			s.answered.Replies[1].Signatures = s.answered.Replies[1].Signatures[:1]
		}, lost},
		{"a signature is worth more than its output", func(s *story) {
			sig := s.done.Seen.Signatures["Bc2"]
			sig.Amount = 64
			s.done.Seen.Signatures["Bc2"] = sig
		}, created},
		{"a signature is worth less than its output", func(s *story) {
			sig := s.done.Seen.Signatures["Bc2"]
			sig.Amount = 1
			s.done.Seen.Signatures["Bc2"] = sig
		}, lost},
		{"a signature is of another keyset", func(s *story) {
			sig := s.done.Seen.Signatures["Bc2"]
			sig.Keyset = "00bb"
			s.done.Seen.Signatures["Bc2"] = sig
		}, lost},
		{"put again twice, two answers", func(s *story) { s.done.Repeats[1].Signatures[1].C = "other" }, lost},
		{"put again it is refused though it had happened", func(s *story) {
			s.done.Repeats = []Reply{refused(11001), refused(11001)}
		}, lost},
		{"put again it is refused as spent though nobody spent it", func(s *story) {
			s.Requests = []*Request{s.issue, s.rival}
		}, lost},
		{"put again it is refused as a bad proof", func(s *story) {
			s.rival.Repeats = []Reply{refused(10001), refused(10001)}
		}, lost},
		{"put again it has no answer", func(s *story) { s.rival.Repeats[1] = Reply{Status: 503, Code: 40005} }, stuck},
		{"put again it is still pending", func(s *story) { s.rival.Repeats = []Reply{refused(11002), refused(11002)} }, stuck},
		{"it was granted and left no trace", func(s *story) {
			gone := sight("UNSPENT", 1)
			s.untouched.Then = &gone
		}, lost},
		{"it had happened and is undone later", func(s *story) {
			gone := sight("UNSPENT", 1)
			s.done.Then = &gone
		}, lost},
		{"it happens later without an answer", func(s *story) {
			s.untouched.Repeats = []Reply{refused(11001), refused(11001)}
		}, created},
		{"a good swap was refused in between", func(s *story) { s.done.Replies = append(s.done.Replies, refused(11005)) }, lost},
		{"a quote is issued and nobody has it", func(s *story) { s.Quotes[0].ID = "other" }, lost},
		{"a quote can be issued once more", func(s *story) { s.Quotes[0].Issued = 0 }, created},
		{"a quote was issued beyond its payment", func(s *story) { s.Quotes[0].Paid = 16; s.Quotes[0].Amount = 16 }, created},
		{"a quote was paid twice", func(s *story) { s.Quotes[0].Paid = 48 }, created},
		{"a quote was issued twice", func(s *story) {
			again := output("again", 24)
			s.Requests = append(s.Requests, &Request{Name: "again", Quote: "q", Outputs: []Output{again}, Seen: sight("", 0, again)})
		}, created},
		{"a quote is refused as issued though nobody has it", func(s *story) {
			s.Requests = []*Request{{Name: "late", Quote: "r", Outputs: []Output{output("r", 1)}, Replies: []Reply{refused(20002)}}}
		}, lost},
		{"coins come from nowhere", func(s *story) { s.Requests = s.Requests[1:] }, created},
		{"a swap makes more than it takes", func(s *story) {
			s.done.Outputs[0].Amount = 8
			for _, seen := range []*Sight{&s.done.Seen, s.done.Then} {
				seen.Signatures["Bc2"] = signature(s.done.Outputs[0])
			}
		}, created},
		{"the totals tell of more issued", func(s *story) { s.Liabilities[0].Issued++ }, created},
		{"the totals tell of less issued", func(s *story) { s.Liabilities[0].Issued-- }, lost},
		{"the totals tell of more redeemed", func(s *story) { s.Liabilities[0].Redeemed++ }, lost},
		{"the totals tell of less redeemed", func(s *story) { s.Liabilities[0].Redeemed-- }, created},
		{"the totals do not add up", func(s *story) { s.Liabilities[0].Outstanding++ }, lost},
		{"the totals forget a keyset", func(s *story) { s.Liabilities = nil }, lost},
		{"a melt was answered and is gone", func(s *story) { s.melt.Seen = sight("UNSPENT", 1) }, lost},
		{"a melt gives no change", func(s *story) { s.melt.Seen.Signatures, s.melt.Seen.Change = nil, nil }, lost},
		{"a melt gives too little change", func(s *story) {
			delete(s.melt.Seen.Signatures, "Bm1")
			s.melt.Seen.Change = s.melt.Seen.Change[:1]
		}, lost},
		{"a melt gives too much change", func(s *story) {
			sig := s.melt.Seen.Signatures["Bm1"]
			sig.Amount = 2
			s.melt.Seen.Signatures["Bm1"], s.melt.Seen.Change[1] = sig, sig
		}, created},
		{"the quote tells of other change than restore", func(s *story) { s.melt.Seen.Change[0].C = "other" }, lost},
		{"the change of the answer is not that of the quote", func(s *story) {
			s.melt.Replies[1].Signatures = s.melt.Replies[1].Signatures[:1]
		}, lost},
		{"the change is not on the first blanks", func(s *story) { s.melt.Outputs[0], s.melt.Outputs[2] = s.melt.Outputs[2], s.melt.Outputs[0] }, lost},
		{"change without a paid quote", func(s *story) { s.melt.Seen.Melt = "UNPAID" }, created},
		{"a melt is pending after recovery", func(s *story) { s.failed.Seen.Melt = "PENDING" }, stuck},
		{"put again a melt is still pending", func(s *story) { s.within.Repeats[1] = Reply{Status: 200, State: "PENDING"} }, stuck},
		{"a payment that was to be made failed", func(s *story) { s.failed.Melt.Fails = false }, lost},
		{"a payment failed and its coins are spent", func(s *story) { s.failed.Seen.Inputs = []string{"SPENT"} }, lost},
		{"a payment failed and was made", func(s *story) { s.Payments["other debt"] = Payment{Times: 1, Amount: 1} }, created},
		{"coins are spent for a payment that was not made", func(s *story) { delete(s.Payments, "debt") }, lost},
		{"the node paid twice", func(s *story) { s.Payments["debt"] = Payment{Times: 2, Amount: 18, Fee: 2} }, twice},
		{"the node was asked to pay again", func(s *story) { s.Payments["debt"] = Payment{Times: 1, Amount: 9, Fee: 1, Again: true} }, twice},
		{"the node may still pay", func(s *story) { s.Payments["other debt"] = Payment{Open: true} }, stuck},
		{"the node paid another amount", func(s *story) { s.Payments["debt"] = Payment{Times: 1, Amount: 8, Fee: 1} }, lost},
		{"the node paid what was paid within the mint", func(s *story) { s.Payments["own debt"] = Payment{Times: 1, Amount: 8} }, twice},
		{"two wallets paid one debt", func(s *story) { s.within.Melt.Debt = "debt" }, twice},
		{"a melt within the mint pays nobody", func(s *story) { s.Quotes[2].Paid = 0 }, lost},
		{"a melt within the mint pays twice", func(s *story) { s.Quotes[2].Paid = 16 }, created},
		{"a melt is refused as paid and nobody paid it", func(s *story) { s.failed.Repeats = []Reply{refused(20006), refused(20006)} }, lost},
		{"an operation is unfinished", func(s *story) { s.Sagas = []string{"swap"} }, stuck},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := newStory()
			tt.spoil(st)
			report := new(Book).Judge(st.Scene)
			found := map[string][]string{lost: report.Lost, created: report.Created, stuck: report.Stuck, twice: report.Twice}
			if len(found[tt.want]) == 0 {
				t.Errorf("the breach is not among the %s: %+v", tt.want, report)
			}
		})
	}
}

func TestARefusalThatTheFaultExplainsIsNoBreach(t *testing.T) {
	t.Parallel()
	st := newStory()
	st.answered.Replies = append([]Reply{refused(12002)}, st.answered.Replies...)
	if new(Book).Judge(st.Scene).Clean() {
		t.Error("an inactive keyset, with no rotation, passes")
	}
	st = newStory()
	st.answered.Replies = append([]Reply{refused(12002)}, st.answered.Replies...)
	st.Excused = map[int]bool{12002: true}
	if report := new(Book).Judge(st.Scene); !report.Clean() {
		t.Errorf("after a rotation: %+v", report)
	}
}

func TestTheLastLookSeesWhatChangedLater(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(states map[string]string, q *Quote)
		lists func(Report) []string
	}{
		{"a coin is gone", func(s map[string]string, _ *Quote) { s["a2"] = "SPENT" }, func(r Report) []string { return r.Lost }},
		{"a coin is back", func(s map[string]string, _ *Quote) { s["a"] = "UNSPENT" }, func(r Report) []string { return r.Created }},
		{"a coin is pending", func(s map[string]string, _ *Quote) { s["a2"] = "PENDING" }, func(r Report) []string { return r.Stuck }},
		{"less was paid in", func(_ map[string]string, q *Quote) { q.Issued-- }, func(r Report) []string { return r.Created }},
		{"more was paid in", func(_ map[string]string, q *Quote) { q.Issued++ }, func(r Report) []string { return r.Lost }},
	}
	for _, tt := range tests {
		st, book := newStory(), new(Book)
		book.Judge(st.Scene)
		states := map[string]string{}
		for _, c := range book.Unspent() {
			states[c.Secret] = "UNSPENT"
		}
		for _, c := range book.Spent() {
			states[c.Secret] = "SPENT"
		}
		tt.spoil(states, &st.Quotes[0])
		if report := book.Close(states, st.Quotes, st.Payments); len(tt.lists(report)) == 0 {
			t.Errorf("%s: %+v", tt.name, report)
		}
	}
}

func TestTheLastLookSeesAPaymentThatNobodyWanted(t *testing.T) {
	t.Parallel()
	st, book := newStory(), new(Book)
	book.Judge(st.Scene)
	st.Payments["nobody's"] = Payment{Times: 1, Amount: 5}
	if report := book.Close(nil, st.Quotes, st.Payments); len(report.Created) == 0 || len(report.Twice) == 0 {
		t.Errorf("got %+v", report)
	}
}

// Change on a keyset that has come to its end meanwhile is no use to anybody.
func TestAMeltWithoutChangeIsNoBreachWhenItsKeysetHasExpired(t *testing.T) {
	t.Parallel()
	st := newStory()
	st.Expired = true
	st.melt.Seen.Signatures, st.melt.Seen.Change = nil, nil
	st.melt.Replies = st.melt.Replies[:1]
	st.Liabilities[0].Issued -= 5
	st.Liabilities[0].Outstanding -= 5
	if report := new(Book).Judge(st.Scene); !report.Clean() {
		t.Errorf("got %+v", report)
	}
}

// Of two melts of one quote and without change the one happened that was answered,
// whichever was put first.
func TestOfRivalMeltsWithoutChangeTheAnsweredOneHappened(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{true, false} {
		st := newStory()
		st.Expired = true
		st.melt.Seen.Signatures, st.melt.Seen.Change = nil, nil
		st.melt.Replies = []Reply{{Status: 200, State: "PAID"}}
		st.Liabilities[0].Issued -= 5
		st.Liabilities[0].Outstanding -= 5
		silent := *st.melt
		silent.Name, silent.Outputs, silent.Replies = "rival melt", blanks(output("r4", 4)), []Reply{{}, refused(11001)}
		at := slices.Index(st.Requests, st.melt)
		if !first {
			at++
		}
		st.Requests = slices.Insert(st.Requests, at, &silent)
		if report := new(Book).Judge(st.Scene); !report.Clean() {
			t.Errorf("the silent one first: %v: %+v", first, report)
		}
	}
}
