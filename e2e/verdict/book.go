package verdict

import "fmt"

// Book is the judge's own account of all that happened so far. The zero value is
// an empty one.
type Book struct {
	unspent  map[string]Coin
	spent    map[string]Coin
	quotes   map[string]uint64 // what was issued on each
	issued   map[string]uint64 // by keyset
	redeemed map[string]uint64
	fees     uint64
	melts    map[string]bool   // quotes that were paid
	debts    map[string]bool   // that were paid, within the mint or outside
	within   map[string]uint64 // what came in on a mint quote from a melt
	paidOut  uint64            // to whomever, without what it cost
	outside  Payment           // all that has left the mint
}

func (b *Book) prepare() {
	if b.unspent == nil {
		b.unspent, b.spent = map[string]Coin{}, map[string]Coin{}
		b.quotes, b.issued, b.redeemed = map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
		b.melts, b.debts, b.within = map[string]bool{}, map[string]bool{}, map[string]uint64{}
	}
}

// enter notes a request that happened, with these outputs signed.
func (b *Book) enter(r *Request, signed []Output, node Payment, report *Report) {
	b.prepare()
	breach := func(format string, args ...any) {
		report.Created = append(report.Created, r.Name+": "+fmt.Sprintf(format, args...))
	}
	var in, out uint64
	for _, c := range r.Inputs {
		if _, known := b.unspent[c.Secret]; !known {
			breach("it spent a coin of %d that was spent before, or never was", c.Amount)
		}
		delete(b.unspent, c.Secret)
		b.spent[c.Secret] = c
		b.redeemed[c.Keyset] += c.Amount
		in += c.Amount
	}
	for _, o := range signed {
		b.unspent[o.Secret] = o.Coin
		b.issued[o.Keyset] += o.Amount
		out += o.Amount
	}
	if r.Quote != "" {
		b.quotes[r.Quote] += out
		return
	}
	if r.Melt != nil {
		out += b.pay(r, node, report)
	}
	if out > in {
		breach("it made %d out of %d", out, in)
		return
	}
	b.fees += in - out
}

// pay notes what a melt has paid and returns what that took, fees of the node
// included.
func (b *Book) pay(r *Request, node Payment, report *Report) uint64 {
	if b.melts[r.Melt.Quote] || b.debts[r.Melt.Debt] {
		report.Twice = append(report.Twice, r.Name+": what it paid was paid before")
	}
	b.melts[r.Melt.Quote], b.debts[r.Melt.Debt] = true, true
	b.paidOut += r.Melt.Amount
	if r.Melt.Within != "" {
		b.within[r.Melt.Within] += r.Melt.Amount
		return r.Melt.Amount
	}
	b.outside.Times++
	b.outside.Amount += r.Melt.Amount
	b.outside.Fee += node.Fee
	b.paidOut += node.Fee
	return r.Melt.Amount + node.Fee
}

// compare holds the mint's totals against the book's.
func (b *Book) compare(list []Liability, report *Report) {
	b.prepare()
	lost := func(format string, args ...any) { report.Lost = append(report.Lost, fmt.Sprintf(format, args...)) }
	created := func(format string, args ...any) {
		report.Created = append(report.Created, fmt.Sprintf(format, args...))
	}
	told := map[string]Liability{}
	for _, l := range list {
		told[l.Keyset] = l
	}
	for keyset := range b.issued {
		if _, ok := told[keyset]; !ok {
			lost("the mint owes nothing on %s", keyset)
		}
	}
	for keyset, l := range told {
		issued, redeemed := b.issued[keyset], b.redeemed[keyset]
		if l.Issued > issued {
			created("the mint issued %d on %s, wallets have had %d", l.Issued, keyset, issued)
		} else if l.Issued < issued {
			lost("the mint knows of %d issued on %s, wallets have had %d", l.Issued, keyset, issued)
		}
		if l.Redeemed > redeemed {
			lost("the mint redeemed %d on %s, wallets have spent %d", l.Redeemed, keyset, redeemed)
		} else if l.Redeemed < redeemed {
			created("the mint knows of %d redeemed on %s, wallets have spent %d", l.Redeemed, keyset, redeemed)
		}
		if want := issued - min(issued, redeemed); l.Outstanding != want {
			lost("the mint owes %d on %s, wallets hold %d", l.Outstanding, keyset, want)
		}
	}
}

// Unspent lists the coins that wallets hold, Spent those that they have spent.
func (b *Book) Unspent() []Coin { return values(b.unspent) }

// Spent lists the coins that wallets have spent.
func (b *Book) Spent() []Coin { return values(b.spent) }

func values(m map[string]Coin) []Coin {
	list := make([]Coin, 0, len(m))
	for _, c := range m {
		list = append(list, c)
	}
	return list
}

// Close is the last look: the state of every coin there ever was, by its secret, all
// quotes, and all that the payees' node knows. What was paid in is what is out, what
// was paid out, and fees.
func (b *Book) Close(states map[string]string, quotes []Quote, payments map[string]Payment) (report Report) {
	b.prepare()
	var out, in uint64
	for secret, c := range b.unspent {
		switch states[secret] {
		case "UNSPENT":
			out += c.Amount
		case "PENDING":
			report.Stuck = append(report.Stuck, fmt.Sprintf("a coin of %d is pending in the end", c.Amount))
		default:
			report.Lost = append(report.Lost, fmt.Sprintf("a coin of %d that nobody spent is %q in the end", c.Amount, states[secret]))
		}
	}
	for secret, c := range b.spent {
		if states[secret] != "SPENT" {
			report.Created = append(report.Created, fmt.Sprintf("a coin of %d that was spent is %q in the end", c.Amount, states[secret]))
		}
	}
	for _, q := range quotes {
		in += q.Issued
	}
	if sum := out + b.fees + b.paidOut; sum > in {
		report.Created = append(report.Created, fmt.Sprintf("%d are out, %d were paid out and %d were fees, but only %d were paid in", out, b.paidOut, b.fees, in))
	} else if sum < in {
		report.Lost = append(report.Lost, fmt.Sprintf("%d were paid in, but only %d are out, %d were paid out and %d were fees", in, out, b.paidOut, b.fees))
	}
	var all Payment
	for debt, p := range payments {
		if p.Times > 0 && !b.debts[debt] {
			report.Created = append(report.Created, "a payment was made and nobody has paid for it")
		}
		all.Times, all.Amount, all.Fee = all.Times+p.Times, all.Amount+p.Amount, all.Fee+p.Fee
	}
	if all != b.outside {
		report.Twice = append(report.Twice, fmt.Sprintf("the node has made %d payments of %d and %d, wallets had %d of %d and %d made",
			all.Times, all.Amount, all.Fee, b.outside.Times, b.outside.Amount, b.outside.Fee))
	}
	return report
}
