package verdict

import (
	"fmt"
	"slices"
)

// Judge gives the verdict on a scene and enters what happened into the book.
func (b *Book) Judge(s Scene) Report {
	j := judge{scene: s, book: b, seen: map[*Request]bool{}, final: map[*Request]bool{}}
	for _, r := range s.Requests {
		j.seen[r] = j.happened(r, r.Seen)
		j.final[r] = j.seen[r]
		if r.Then != nil {
			j.final[r] = j.happened(r, *r.Then)
		}
		j.countOpen(r)
	}
	j.coins(j.seen, func(r *Request) *Sight { return &r.Seen })
	j.coins(j.final, func(r *Request) *Sight { return r.Then })
	for _, r := range s.Requests {
		j.replies(r)
		j.repeats(r)
	}
	for _, r := range s.Requests {
		if j.final[r] {
			b.enter(r, r.signed(), j.node(r), &j.report)
		}
	}
	j.quotes()
	j.payments()
	b.compare(s.Liabilities, &j.report)
	for _, saga := range s.Sagas {
		j.stuck("an operation is unfinished: %s", saga)
	}
	return j.report
}

type judge struct {
	scene  Scene
	book   *Book
	seen   map[*Request]bool // it had happened when recovery was over
	final  map[*Request]bool // it had happened in the end
	report Report
}

func (j *judge) lost(format string, args ...any) {
	j.report.Lost = append(j.report.Lost, fmt.Sprintf(format, args...))
}

func (j *judge) created(format string, args ...any) {
	j.report.Created = append(j.report.Created, fmt.Sprintf(format, args...))
}

func (j *judge) stuck(format string, args ...any) {
	j.report.Stuck = append(j.report.Stuck, fmt.Sprintf(format, args...))
}

func (j *judge) countOpen(r *Request) {
	switch {
	case slices.ContainsFunc(r.Replies, Reply.Decided):
	case j.seen[r]:
		j.report.Done++
	default:
		j.report.Untouched++
	}
}

// happened tells whether all outputs are signed. Some of them is a breach, and
// so is a signature that is worth something else.
func (j *judge) happened(r *Request, s Sight) bool {
	if r.Melt != nil {
		return j.melted(r, s)
	}
	n := 0
	for _, o := range r.Outputs {
		sig, ok := s.Signatures[o.B]
		if !ok {
			continue
		}
		n++
		switch {
		case sig.Amount > o.Amount:
			j.created("%s: a signature over %d for an output over %d", r.Name, sig.Amount, o.Amount)
		case sig.Amount < o.Amount, sig.Keyset != o.Keyset:
			j.lost("%s: a signature over %d of %s for an output over %d of %s", r.Name, sig.Amount, sig.Keyset, o.Amount, o.Keyset)
		}
	}
	if n > 0 && n < len(r.Outputs) {
		j.lost("%s: %d of %d outputs are signed", r.Name, n, len(r.Outputs))
	}
	return n > 0
}

// coins holds the state of every input against the requests that spent it.
func (j *judge) coins(done map[*Request]bool, sight func(*Request) *Sight) {
	spenders := map[string]int{}
	for _, r := range j.scene.Requests {
		for _, c := range r.Inputs {
			if done[r] {
				spenders[c.Secret]++
			}
		}
	}
	for _, r := range j.scene.Requests {
		s := sight(r)
		if s == nil {
			continue
		}
		if len(s.Inputs) != len(r.Inputs) {
			j.lost("%s: the mint tells of %d inputs, not of %d", r.Name, len(s.Inputs), len(r.Inputs))
			continue
		}
		for i, c := range r.Inputs {
			n, state := spenders[c.Secret], s.Inputs[i]
			switch {
			case state == "PENDING":
				j.stuck("%s: an input of %d is pending", r.Name, c.Amount)
			case n > 1:
				j.created("%s: an input of %d was spent %d times", r.Name, c.Amount, n)
			case state == "UNSPENT" && n == 1:
				j.created("%s: its outputs are signed and its input of %d is unspent", r.Name, c.Amount)
			case state == "SPENT" && n == 0:
				j.lost("%s: its input of %d is spent and nobody has anything for it", r.Name, c.Amount)
			case state != "SPENT" && state != "UNSPENT":
				j.lost("%s: an input is %q", r.Name, state)
			}
		}
	}
}

// replies holds the answers against what came to light.
func (j *judge) replies(r *Request) {
	for _, reply := range r.Replies {
		j.reply(r, reply, j.seen[r], r.Seen)
	}
}

func (j *judge) reply(r *Request, reply Reply, done bool, s Sight) {
	switch {
	case reply.Status == 200 && reply.State == pending:
	case reply.Status == 200 && !done:
		j.lost("%s: it was answered and did not happen", r.Name)
	case reply.Status == 200:
		j.same(r, reply.Signatures, s)
	case reply.Status == 400 && reply.Code == codeSpent:
		if !done && !j.taken(r) {
			j.lost("%s: refused as spent, and nobody spent it", r.Name)
		}
	case reply.Status == 400 && reply.Code == codeIssued:
		if !done && !j.taken(r) {
			j.lost("%s: refused as issued, and nobody has it", r.Name)
		}
	case reply.Status == 400 && r.Melt != nil && reply.Code == codeFailed:
		if !r.Melt.Fails || done {
			j.lost("%s: refused as failed, and nothing stood in its way", r.Name)
		}
	case reply.Status == 400 && r.Melt != nil && reply.Code == codePaid:
		if !done && !j.taken(r) && !j.cameIn(r.Melt.Within) {
			j.lost("%s: refused as paid, and nobody has paid it", r.Name)
		}
	case reply.Status == 400 && !undecided[reply.Code] && !j.scene.Excused[reply.Code]:
		j.lost("%s: a good request was refused with code %d", r.Name, reply.Code)
	}
}

// same compares an answer with what the mint restores.
func (j *judge) same(r *Request, got []Signature, s Sight) {
	if r.Melt != nil {
		if !slices.Equal(got, s.Change) {
			j.lost("%s: the change of the answer is not that of the quote", r.Name)
		}
		return
	}
	if len(got) != len(r.Outputs) {
		j.lost("%s: answered with %d signatures for %d outputs", r.Name, len(got), len(r.Outputs))
		return
	}
	for i, o := range r.Outputs {
		if kept, ok := s.Signatures[o.B]; ok && kept != got[i] {
			j.lost("%s: the answer is not what restore gives", r.Name)
			return
		}
	}
}

// taken tells whether another request has the inputs, or the quote, of r.
func (j *judge) taken(r *Request) bool {
	for _, other := range j.scene.Requests {
		if other == r || !j.final[other] {
			continue
		}
		if r.Quote != "" && other.Quote == r.Quote {
			return true
		}
		if r.Melt != nil && other.Melt != nil && (other.Melt.Quote == r.Melt.Quote || other.Melt.Debt == r.Melt.Debt) {
			return true
		}
		for _, c := range r.Inputs {
			if slices.ContainsFunc(other.Inputs, func(o Coin) bool { return o.Secret == c.Secret }) {
				return true
			}
		}
	}
	return false
}

// repeats holds the answers to the request put again against each other, and
// against the sights before and after.
func (j *judge) repeats(r *Request) {
	if r.Then == nil {
		return
	}
	signed := false
	for i, reply := range r.Repeats {
		if !reply.Decided() {
			j.stuck("%s: put again it got %d, code %d", r.Name, reply.Status, reply.Code)
			continue
		}
		if i > 0 && !equal(reply, r.Repeats[i-1]) {
			j.lost("%s: put again twice it got two answers", r.Name)
		}
		if j.seen[r] && reply.Status != 200 {
			j.lost("%s: it had happened, and put again it got code %d", r.Name, reply.Code)
		}
		j.reply(r, reply, j.final[r], *r.Then)
		signed = signed || reply.Status == 200
	}
	switch {
	case j.seen[r] && !j.final[r]:
		j.lost("%s: it had happened, and does so no more", r.Name)
	case !j.seen[r] && j.final[r] && !signed:
		j.created("%s: it happened later, with no answer", r.Name)
	}
}

func equal(a, b Reply) bool {
	return a.Status == b.Status && a.Code == b.Code && a.State == b.State && slices.Equal(a.Signatures, b.Signatures)
}

func (j *judge) quotes() {
	for _, q := range j.scene.Quotes {
		issued := j.book.quotes[q.ID]
		switch {
		case q.Paid > q.Received+j.book.within[q.ID]:
			j.created("a quote over %d counts as paid with %d, and %d came in for it, %d of it by melting",
				q.Amount, q.Paid, q.Received+j.book.within[q.ID], j.book.within[q.ID])
		case q.Paid < j.book.within[q.ID]:
			j.lost("a quote counts as paid with %d, and %d were melted for it", q.Paid, j.book.within[q.ID])
		case q.Issued > issued:
			j.lost("a quote says that %d were issued, wallets have %d", q.Issued, issued)
		case q.Issued < issued, issued > q.Paid:
			j.created("a quote paid with %d says that %d were issued, wallets have %d", q.Paid, q.Issued, issued)
		}
	}
}
