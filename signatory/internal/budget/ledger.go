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

// counter is the numbers in it: what was used here, what is stored for that, and
// what is stored for others: other signatories, and our own past before a start.
// stored is at least used once the use is covered.
type counter struct {
	used, stored, others Use
	limits               Limits
}

// all is what counts against the limits. What others have stored they may use at
// any time, so it counts as used.
func (c *counter) all() Use { return c.used.add(c.others) }

// Ledger holds the counters of all clients. It is for one goroutine at a time.
type Ledger struct {
	accounts map[Account]map[int64]*counter
	keysets  map[place]*counter
}

// Ticket is a use that was taken.
type Ticket struct {
	parts  []part
	places []place // of its keysets
}

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
		at.others = c.Use
	}
	return l
}

// Sync takes over what is stored now, of the accounts that the counters are of.
func (l *Ledger) Sync(stored []Counter) {
	for _, s := range stored {
		c := l.counter(place{s.Account, s.Keyset, s.Bucket})
		c.others = s.Use.minus(c.stored)
	}
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
		if err := l.fits(Account{client, unit}, minute, use, limits[unit]); err != nil {
			return Ticket{}, err
		}
	}
	for at, use := range perKeyset {
		if what, most, ok := l.counter(at).all().add(use).within(limits[at.Unit].Keyset); !ok {
			return Ticket{}, &Exceeded{at.Account, "keyset", what, most}
		}
	}

	t := Ticket{places: slices.Collect(maps.Keys(perKeyset))}
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

// fits tells whether the windows of an account have room for a use.
func (l *Ledger) fits(a Account, minute int64, use Use, limits Limits) error {
	for _, w := range []struct {
		name    string
		minutes int64
		limit   Use
	}{{"hour", hour, limits.Hour}, {"day", day, limits.Day}} {
		if what, most, ok := l.window(a, minute-w.minutes).add(use).within(w.limit); !ok {
			return &Exceeded{a, w.name, what, most}
		}
	}
	return nil
}

// Fits tells whether a ticket is within the limits still, after a Sync: others may
// have been quicker. If not, it is to be refunded.
func (l *Ledger) Fits(minute int64, t Ticket) error {
	for _, at := range t.places {
		c := l.counter(at)
		if what, most, ok := c.all().within(c.limits.Keyset); !ok {
			return &Exceeded{at.Account, "keyset", what, most}
		}
		if err := l.fits(at.Account, minute, Use{}, c.limits); err != nil {
			return err
		}
	}
	return nil
}

// window is what an account used in buckets that end after from.
func (l *Ledger) window(a Account, from int64) (sum Use) {
	for begin, c := range l.accounts[a] {
		if begin+BucketMinutes > from {
			sum = sum.add(c.all())
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

// Unstored are the counters of a client that must be stored so that all that was
// taken until now, and fits, is covered. Call Sync with what is stored, and store
// the result while nobody else can store anything: all together then stay within
// the limits.
func (l *Ledger) Unstored(minute int64, client string) (out []Counter) {
	for account, buckets := range l.accounts {
		if account.Client != client {
			continue
		}
		for begin, c := range buckets {
			if c.stored.covers(c.used) || l.fits(account, minute, Use{}, c.limits) != nil {
				continue
			}
			ahead := c.used.ahead(bucketChunks, c.limits.Hour, c.limits.Day)
			ahead = c.atMost(ahead, l.window(account, minute-hour), c.limits.Hour)
			ahead = c.atMost(ahead, l.window(account, minute-day), c.limits.Day)
			out = append(out, Counter{Account: account, Bucket: begin, Use: c.others.add(ahead)})
		}
	}
	for at, c := range l.keysets {
		if at.Client != client || c.stored.covers(c.used) {
			continue
		}
		if _, _, ok := c.all().within(c.limits.Keyset); ok {
			ahead := c.atMost(c.used.ahead(keysetChunks, c.limits.Keyset), c.all(), c.limits.Keyset)
			out = append(out, Counter{Account: at.Account, Keyset: at.keyset, Use: c.others.add(ahead)})
		}
	}
	return out
}

// atMost cuts what is to be stored ahead down to what a limit leaves, of which sum
// is used. sum is within the limit, and c.used a part of it.
func (c *counter) atMost(ahead, sum, limit Use) Use {
	if limit.Value != 0 {
		ahead.Value = min(ahead.Value, c.used.Value+limit.Value-sum.Value)
	}
	if limit.Count != 0 {
		ahead.Count = min(ahead.Count, c.used.Count+limit.Count-sum.Count)
	}
	return Use{max(ahead.Value, c.stored.Value), max(ahead.Count, c.stored.Count)}
}

// Stored notes that the counters are on the disk.
func (l *Ledger) Stored(counters []Counter) {
	for _, s := range counters {
		c := l.counter(place{s.Account, s.Keyset, s.Bucket})
		mine := s.Use.minus(c.others)
		c.stored = Use{max(c.stored.Value, mine.Value), max(c.stored.Count, mine.Count)}
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
			r.Keysets[at.keyset] = c.all()
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
