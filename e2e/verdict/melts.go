package verdict

import (
	"fmt"
	"slices"
)

// What is special about melts: the change is whatever is left over, the quote and
// the node of the payee are two more witnesses, and money that has left the mint
// does not come back.

// last is the sight that counts in the end.
func (r *Request) last() Sight {
	if r.Then != nil {
		return *r.Then
	}
	return r.Seen
}

// signed are the outputs that were signed in the end, over what they were signed.
func (r *Request) signed() []Output {
	if r.Melt == nil {
		return r.Outputs
	}
	var list []Output
	for _, o := range r.Outputs {
		if sig, ok := r.last().Signatures[o.B]; ok {
			o.Keyset, o.Amount = sig.Keyset, sig.Amount
			list = append(list, o)
		}
	}
	return list
}

// toldPaid tells whether an answer to the melt said that it is paid.
func (r *Request) toldPaid() bool {
	is := func(reply Reply) bool { return reply.Status == 200 && reply.State == paid }
	return slices.ContainsFunc(r.Replies, is) || slices.ContainsFunc(r.Repeats, is)
}

// node is what the node of the payee says of a melt; nothing of one within.
func (j *judge) node(r *Request) Payment {
	if r.Melt == nil || r.Melt.Within != "" {
		return Payment{}
	}
	return j.scene.Payments[r.Melt.Debt]
}

// melted is happened for melts. One that happened has change, because wallets here
// always put in more than it costs.
func (j *judge) melted(r *Request, s Sight) bool {
	var change []Signature
	for i, o := range r.Outputs {
		sig, ok := s.Signatures[o.B]
		if !ok {
			continue
		}
		if change = append(change, sig); len(change) != i+1 {
			j.lost("%s: its change is not on the first of its blanks", r.Name)
		}
		if sig.Keyset != o.Keyset {
			j.lost("%s: change of %s on a blank of %s", r.Name, sig.Keyset, o.Keyset)
		}
	}
	if s.Melt == pending {
		j.stuck("%s: its quote is pending", r.Name)
	}
	if len(change) == 0 {
		return s.Melt == paid && j.scene.Expired && !slices.ContainsFunc(j.scene.Requests, func(other *Request) bool {
			// Of rivals that say the same it is the one that was told so; of those that
			// were told nothing it is all the same which has happened.
			return other != r && other.Melt != nil && other.Melt.Quote == r.Melt.Quote &&
				(len(other.signed()) > 0 || j.seen[other] || j.final[other] || other.toldPaid() && !r.toldPaid())
		})
	}
	if s.Melt != paid {
		j.created("%s: its change is signed and its quote is %q", r.Name, s.Melt)
	}
	if !slices.Equal(change, s.Change) {
		j.lost("%s: its quote tells of other change than restore", r.Name)
	}
	got, want := sumOf(change), r.owed(j.node(r).Fee)
	switch {
	case got > want:
		j.created("%s: its change is %d, and %d were left", r.Name, got, want)
	case got < want && !j.scene.Expired:
		j.lost("%s: its change is %d, and %d were left", r.Name, got, want)
	}
	return true
}

// owed is the change that a melt must give: the largest coins that fit, as many as
// there are blanks.
func (r *Request) owed(nodeFee uint64) (sum uint64) {
	var left uint64
	for _, c := range r.Inputs {
		left += c.Amount
	}
	left -= min(left, r.Melt.Amount+r.Melt.Fee+nodeFee)
	for range r.Outputs {
		coin := uint64(1)
		for coin <= left/2 {
			coin *= 2
		}
		if left > 0 {
			sum, left = sum+coin, left-coin
		}
	}
	return sum
}

func sumOf(sigs []Signature) (sum uint64) {
	for _, s := range sigs {
		sum += s.Amount
	}
	return sum
}

// cameIn tells whether a mint quote was paid.
func (j *judge) cameIn(quote string) bool {
	return quote != "" && slices.ContainsFunc(j.scene.Quotes, func(q Quote) bool { return q.ID == quote && q.Paid > 0 })
}

// payments holds what the node of the payees says against what happened here.
func (j *judge) payments() {
	done := map[string]int{}
	for _, r := range j.scene.Requests {
		if r.Melt != nil && j.final[r] {
			done[r.Melt.Debt]++
		}
	}
	told := map[string]bool{}
	for _, r := range j.scene.Requests {
		if r.Melt == nil || told[r.Melt.Debt] {
			continue
		}
		told[r.Melt.Debt] = true
		p, n := j.scene.Payments[r.Melt.Debt], done[r.Melt.Debt]
		switch {
		case p.Again, p.Times > 1:
			j.twice("%s: the node was to pay it again, and has paid it %d times", r.Name, p.Times)
		case n > 1:
			j.twice("%s: %d wallets have paid it", r.Name, n)
		case p.Open:
			j.stuck("%s: the node may still pay it", r.Name)
		case r.Melt.Within != "" && p.Times > 0:
			j.twice("%s: it was paid within the mint, and by the node", r.Name)
		case r.Melt.Within != "":
		case p.Times > n:
			j.created("%s: the node has paid it and nobody's coins are spent", r.Name)
		case p.Times < n:
			j.lost("%s: coins are spent for it and the node has not paid it", r.Name)
		case n == 1 && p.Amount != r.Melt.Amount:
			j.lost("%s: the node has paid %d of %d", r.Name, p.Amount, r.Melt.Amount)
		}
	}
}

func (j *judge) twice(format string, args ...any) {
	j.report.Twice = append(j.report.Twice, fmt.Sprintf(format, args...))
}
