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
}

func (b *Book) prepare() {
	if b.unspent == nil {
		b.unspent, b.spent = map[string]Coin{}, map[string]Coin{}
		b.quotes, b.issued, b.redeemed = map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
	}
}

// enter notes a request that happened.
func (b *Book) enter(r *Request, report *Report) {
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
	for _, o := range r.Outputs {
		b.unspent[o.Secret] = o.Coin
		b.issued[o.Keyset] += o.Amount
		out += o.Amount
	}
	if r.Quote != "" {
		if b.quotes[r.Quote] != 0 {
			breach("its quote was issued before")
		}
		b.quotes[r.Quote] += out
		return
	}
	if out > in {
		breach("it made %d out of %d", out, in)
		return
	}
	b.fees += in - out
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

// Close is the last look: the state of every coin there ever was, by its secret,
// and all quotes. What was paid in is what is out, plus fees.
func (b *Book) Close(states map[string]string, quotes []Quote) (report Report) {
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
	if sum := out + b.fees; sum > in {
		report.Created = append(report.Created, fmt.Sprintf("%d are out and %d were fees, but only %d were paid in", out, b.fees, in))
	} else if sum < in {
		report.Lost = append(report.Lost, fmt.Sprintf("%d were paid in, but only %d are out and %d were fees", in, out, b.fees))
	}
	return report
}
