package budget

import (
	"cmp"
	"maps"
	"slices"

	"mintmark/cashu"
)

// place is what one counter counts.
type place struct {
	Account
	keyset cashu.KeysetID
	bucket int64
}

// counter is the number in it: stored is at least used once the use is covered.
type counter struct {
	used, stored Use
	limits       Limits
}

// Ledger holds the counters of all clients. It is for one goroutine at a time.
type Ledger struct {
	accounts map[Account]map[int64]*counter
	keysets  map[place]*counter
}

// Ticket is a use that was taken.
type Ticket struct{ parts []part }

type part struct {
	*counter
	use  Use
	upTo Use // what the counter said with it
}

// New makes a ledger out of stored counters: all of it counts as used.
func New(stored []Counter) *Ledger {
	l := &Ledger{accounts: map[Account]map[int64]*counter{}, keysets: map[place]*counter{}}
	for _, c := range stored {
		at := l.counter(place{c.Account, c.Keyset, c.Bucket})
		at.used, at.stored = c.Use, c.Use
	}
	return l
}

func (l *Ledger) counter(at place) *counter {
	if at.bucket == 0 {
		if l.keysets[at] == nil {
			l.keysets[at] = &counter{}
		}
		return l.keysets[at]
	}
	buckets := l.accounts[at.Account]
	if buckets == nil {
		buckets = map[int64]*counter{}
		l.accounts[at.Account] = buckets
	}
	if buckets[at.bucket] == nil {
		buckets[at.bucket] = &counter{}
	}
	return buckets[at.bucket]
}

// Take counts the spends of a call if all of them are within the limits, or
// counts none and returns *Exceeded. limits has the units that the client has a
// budget for. The signatures may leave only when Covered.
func (l *Ledger) Take(minute int64, client string, limits map[cashu.Unit]Limits, spends []Spend) (Ticket, error) {
	perUnit, perKeyset := map[cashu.Unit]Use{}, map[place]Use{}
	for _, s := range spends {
		account := Account{client, s.Unit}
		if _, ok := limits[s.Unit]; !ok {
			return Ticket{}, &Exceeded{Account: account}
		}
		perUnit[s.Unit] = perUnit[s.Unit].add(s.Use)
		at := place{Account: account, keyset: s.Keyset}
		perKeyset[at] = perKeyset[at].add(s.Use)
	}
	for unit, use := range perUnit {
		account, limit := Account{client, unit}, limits[unit]
		for _, w := range []struct {
			name    string
			minutes int64
			limit   Use
		}{{"hour", hour, limit.Hour}, {"day", day, limit.Day}} {
			if what, most, ok := l.window(account, minute-w.minutes).add(use).within(w.limit); !ok {
				return Ticket{}, &Exceeded{account, w.name, what, most}
			}
		}
	}
	for at, use := range perKeyset {
		if what, most, ok := l.counter(at).used.add(use).within(limits[at.Unit].Keyset); !ok {
			return Ticket{}, &Exceeded{at.Account, "keyset", what, most}
		}
	}

	var t Ticket
	for unit, use := range perUnit {
		account := Account{client, unit}
		l.prune(account, minute)
		t.take(l.counter(place{Account: account, bucket: bucketOf(minute)}), use, limits[unit])
	}
	for at, use := range perKeyset {
		t.take(l.counter(at), use, limits[at.Unit])
	}
	return t, nil
}

func (t *Ticket) take(c *counter, use Use, limits Limits) {
	c.used, c.limits = c.used.add(use), limits
	t.parts = append(t.parts, part{c, use, c.used})
}

// window is what an account used in buckets that end after from.
func (l *Ledger) window(a Account, from int64) (sum Use) {
	for begin, c := range l.accounts[a] {
		if begin+BucketMinutes > from {
			sum = sum.add(c.used)
		}
	}
	return sum
}

func (l *Ledger) prune(a Account, minute int64) {
	maps.DeleteFunc(l.accounts[a], func(begin int64, _ *counter) bool { return begin < Since(minute) })
}

// Covered tells whether a crash would forget nothing of the ticket.
func (l *Ledger) Covered(t Ticket) bool {
	for _, p := range t.parts {
		if !p.stored.covers(p.upTo) {
			return false
		}
	}
	return true
}

// Refund gives back what was taken for signatures that have not left and never
// will. What is stored stays stored.
func (l *Ledger) Refund(t Ticket) {
	for _, p := range t.parts {
		p.used.Value -= min(p.used.Value, p.use.Value)
		p.used.Count -= min(p.used.Count, p.use.Count)
	}
}

// Unstored are the counters that must be stored so that all that was taken until
// now is covered.
func (l *Ledger) Unstored() (out []Counter) {
	for account, buckets := range l.accounts {
		for begin, c := range buckets {
			if !c.stored.covers(c.used) {
				out = append(out, Counter{Account: account, Bucket: begin, Use: c.used.ahead(bucketChunks, c.limits.Hour, c.limits.Day)})
			}
		}
	}
	for at, c := range l.keysets {
		if !c.stored.covers(c.used) {
			out = append(out, Counter{Account: at.Account, Keyset: at.keyset, Use: c.used.ahead(keysetChunks, c.limits.Keyset)})
		}
	}
	return out
}

// Stored notes that the counters are on the disk.
func (l *Ledger) Stored(counters []Counter) {
	for _, s := range counters {
		c := l.counter(place{s.Account, s.Keyset, s.Bucket})
		c.stored = Use{max(c.stored.Value, s.Value), max(c.stored.Count, s.Count)}
	}
}

// Report is what an account has used of its limits.
type Report struct {
	Account
	Hour, Day Use
	Keysets   map[cashu.KeysetID]Use
}

// Used reports one account.
func (l *Ledger) Used(a Account, minute int64) Report {
	r := Report{Account: a, Hour: l.window(a, minute-hour), Day: l.window(a, minute-day), Keysets: map[cashu.KeysetID]Use{}}
	for at, c := range l.keysets {
		if at.Account == a {
			r.Keysets[at.keyset] = c.used
		}
	}
	return r
}

// Compare orders accounts by client and unit.
func (a Account) Compare(b Account) int {
	return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.Unit, b.Unit))
}

// Accounts are all that have used something, in order.
func (l *Ledger) Accounts() []Account {
	return slices.SortedFunc(maps.Keys(l.accounts), Account.Compare)
}
