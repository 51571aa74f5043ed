package budget

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"mintmark/cashu"
)

func id(n byte) cashu.KeysetID {
	k, err := cashu.KeysetIDFromBytes([]byte{0, 0, 0, 0, 0, 0, 0, n})
	if err != nil {
		panic(err)
	}
	return k
}

func sat(keyset byte, value, count uint64) []Spend {
	return []Spend{{"sat", id(keyset), Use{cashu.Amount(value), count}}}
}

// begins is a minute at which a bucket begins.
const begins = 30_000_000

func TestAWindowSlides(t *testing.T) {
	t.Parallel()
	limits := map[cashu.Unit]Limits{"sat": {Hour: Use{Value: 100}, Day: Use{Value: 250}}}
	l := New(nil)
	for _, step := range []struct {
		minute int64
		value  uint64
		window string // that refuses it; empty = taken
	}{
		{0, 100, ""},
		{0, 1, "hour"},
		{59, 1, "hour"},
		{64, 1, "hour"}, // the bucket from 0 to 5 is still partly within the hour
		{65, 100, ""},
		{66, 1, "hour"},
		{130, 51, "day"},
		{130, 50, ""},
		{131, 1, "day"},
		{24*60 + 4, 1, "day"},
		{24*60 + 5, 100, ""},
		{24*60 + 5, 1, "hour"},
	} {
		_, err := l.Take(begins+step.minute, "m", limits, sat(1, step.value, 1))
		var over *Exceeded
		errors.As(err, &over)
		if (step.window == "") != (err == nil) || (over != nil && over.Window != step.window) {
			t.Errorf("%d after %d minutes: %v, want %q", step.value, step.minute, err, step.window)
		}
	}
}

func TestEachLimitHoldsForItself(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		limits Limits
		spends []Spend
		want   string
	}{
		"no limits":             {Limits{}, sat(1, 1<<62, 1<<62), ""},
		"value per hour":        {Limits{Hour: Use{Value: 10}}, sat(1, 11, 1), "the value budget for sat per hour is used up: 10"},
		"count per hour":        {Limits{Hour: Use{Count: 10}}, sat(1, 1, 11), "the signatures budget for sat per hour is used up: 10"},
		"value per day":         {Limits{Day: Use{Value: 10}}, sat(1, 11, 1), "the value budget for sat per day is used up: 10"},
		"value of a keyset":     {Limits{Keyset: Use{Value: 10}}, sat(1, 11, 1), "the value budget for sat per keyset is used up: 10"},
		"exactly":               {Limits{Hour: Use{10, 10}, Day: Use{10, 10}, Keyset: Use{10, 10}}, sat(1, 10, 10), ""},
		"two keysets, one unit": {Limits{Hour: Use{Value: 10}}, append(sat(1, 6, 1), sat(2, 6, 1)...), "the value budget for sat per hour is used up: 10"},
		"two keysets, each":     {Limits{Keyset: Use{Value: 10}}, append(sat(1, 6, 1), sat(2, 6, 1)...), ""},
		"a sum beyond numbers":  {Limits{Hour: Use{Value: 10}}, append(sat(1, 1<<63, 1), sat(2, 1<<63, 1)...), "the value budget for sat per hour is used up: 10"},
		"a unit without budget": {Limits{}, []Spend{{"usd", id(1), Use{1, 1}}}, "there is no budget for usd"},
	} {
		_, err := New(nil).Take(begins, "m", map[cashu.Unit]Limits{"sat": test.limits}, test.spends)
		if (test.want == "") != (err == nil) || (err != nil && err.Error() != test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestARefusedCallUsesNothing(t *testing.T) {
	t.Parallel()
	limits := map[cashu.Unit]Limits{"sat": {Hour: Use{Value: 100}}, "usd": {Hour: Use{Value: 1}}}
	l := New(nil)
	if _, err := l.Take(begins, "m", limits, append(sat(1, 50, 1), Spend{"usd", id(2), Use{2, 1}})); err == nil {
		t.Fatal("taken")
	}
	if _, err := l.Take(begins, "m", limits, sat(1, 100, 1)); err != nil {
		t.Error(err)
	}
	if _, err := l.Take(begins, "other", limits, sat(1, 100, 1)); err != nil {
		t.Errorf("another client: %v", err)
	}
}

func TestARefundIsUsableAgain(t *testing.T) {
	t.Parallel()
	limits := map[cashu.Unit]Limits{"sat": {Hour: Use{Value: 100}, Keyset: Use{Count: 1}}}
	l := New(nil)
	ticket, err := l.Take(begins, "m", limits, sat(1, 100, 1))
	if err != nil {
		t.Fatal(err)
	}
	l.Refund(ticket)
	if _, err := l.Take(begins, "m", limits, sat(1, 100, 1)); err != nil {
		t.Error(err)
	}
}

func TestMostSignaturesNeedNoWrite(t *testing.T) {
	t.Parallel()
	limits := map[cashu.Unit]Limits{"sat": {Hour: Use{1_000_000, 100_000}, Day: Use{10_000_000, 1_000_000}}}
	l, writes := New(nil), 0
	const calls = 10_000
	for range calls {
		ticket, err := l.Take(begins, "m", limits, sat(1, 100, 1))
		if err != nil {
			t.Fatal(err)
		}
		if !l.Covered(ticket) {
			writes++
			l.Stored(l.Unstored(begins, "m"))
		}
		if !l.Covered(ticket) {
			t.Fatal("not covered by a write")
		}
	}
	if writes > calls/50 {
		t.Errorf("%d calls took %d writes", calls, writes)
	}
}

// The whole promise: whatever is taken, refunded, stored, lost in a crash, or
// waited for, by one signatory or by three that share a database, what really was
// released never exceeds a limit in any window.
func TestNoCrashGivesBudgetBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := Limits{
			Hour:   Use{cashu.Amount(rapid.Uint64Range(100, 2000).Draw(t, "hour")), rapid.Uint64Range(0, 200).Draw(t, "hour count")},
			Day:    Use{cashu.Amount(rapid.Uint64Range(100, 5000).Draw(t, "day")), 0},
			Keyset: Use{cashu.Amount(rapid.Uint64Range(0, 4000).Draw(t, "keyset")), 0},
		}
		limits := map[cashu.Unit]Limits{"sat": limit}
		type release struct {
			minute int64
			keyset byte
			use    Use
		}
		var released []release
		disk := map[place]Use{}
		minute := int64(begins)
		onDisk := func() (stored []Counter) {
			for at, use := range disk {
				if at.bucket == 0 || at.bucket >= Since(minute) {
					stored = append(stored, Counter{at.Account, at.keyset, at.bucket, use})
				}
			}
			return stored
		}
		ledgers := make([]*Ledger, rapid.IntRange(1, 3).Draw(t, "signatories"))
		for i := range ledgers {
			ledgers[i] = New(nil)
		}
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			one := rapid.IntRange(0, len(ledgers)-1).Draw(t, "one")
			l := ledgers[one]
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				ledgers[one] = New(onDisk()) // crash: only what is on the disk is left
			case 1, 2:
				minute += rapid.Int64Range(1, 200).Draw(t, "wait")
			default:
				r := release{minute, byte(rapid.IntRange(1, 3).Draw(t, "id")), Use{cashu.Amount(rapid.Uint64Range(1, 400).Draw(t, "value")), 1}}
				ticket, err := l.Take(minute, "m", limits, []Spend{{"sat", id(r.keyset), r.use}})
				if err != nil {
					continue
				}
				if !l.Covered(ticket) {
					l.Sync(onDisk())
					if l.Fits(minute, ticket) != nil {
						l.Refund(ticket)
						continue
					}
					stored := l.Unstored(minute, "m")
					lost := rapid.IntRange(0, 9).Draw(t, "lost") == 0
					if lost { // the write failed
						l.Refund(ticket)
						continue
					}
					for _, c := range stored {
						at := place{c.Account, c.Keyset, c.Bucket}
						disk[at] = Use{max(disk[at].Value, c.Value), max(disk[at].Count, c.Count)}
					}
					l.Stored(stored)
				}
				if !l.Covered(ticket) {
					t.Fatal("a write of everything does not cover")
				}
				if rapid.IntRange(0, 9).Draw(t, "fails") == 0 {
					l.Refund(ticket)
					continue
				}
				released = append(released, r)
			}
		}
		perKeyset := map[byte]Use{}
		for i, last := range released {
			perKeyset[last.keyset] = perKeyset[last.keyset].add(last.use)
			for _, w := range []struct {
				minutes int64
				limit   Use
			}{{hour, limit.Hour}, {day, limit.Day}} {
				var sum Use
				for _, r := range released[:i+1] {
					if r.minute > last.minute-w.minutes {
						sum = sum.add(r.use)
					}
				}
				if _, _, ok := sum.within(w.limit); !ok {
					t.Fatalf("%+v were released in %d minutes, the limit is %+v", sum, w.minutes, w.limit)
				}
			}
		}
		for _, use := range perKeyset {
			if _, _, ok := use.within(limit.Keyset); !ok {
				t.Fatalf("%+v were released of a keyset, the limit is %+v", use, limit.Keyset)
			}
		}
	})
}

// What a crash takes away is small: at most a chunk for each bucket, and never
// more than half of what was used.
func TestACrashTakesLittle(t *testing.T) {
	t.Parallel()
	limits := map[cashu.Unit]Limits{"sat": {Hour: Use{Value: 12_800}}}
	l := New(nil)
	for range 50 {
		if _, err := l.Take(begins, "m", limits, sat(1, 100, 1)); err != nil {
			t.Fatal(err)
		}
		l.Stored(l.Unstored(begins, "m"))
	}
	after := New(l.stored()).Used(Account{"m", "sat"}, begins)
	if after.Hour.Value < 5000 || after.Hour.Value > 5100 {
		t.Errorf("after a crash %d of 5000 are used", after.Hour.Value)
	}
}

func (l *Ledger) stored() (out []Counter) {
	for a, buckets := range l.accounts {
		for begin, c := range buckets {
			out = append(out, Counter{Account: a, Bucket: begin, Use: c.others.add(c.stored)})
		}
	}
	for at, c := range l.keysets {
		out = append(out, Counter{Account: at.Account, Keyset: at.keyset, Use: c.others.add(c.stored)})
	}
	return out
}

// What one has stored ahead is used for the other, and what the other leaves can be
// used to the last.
func TestTwoLedgersShareABudget(t *testing.T) {
	t.Parallel()
	limits := map[cashu.Unit]Limits{"sat": {Hour: Use{Value: 1000}, Keyset: Use{Value: 5000}}}
	disk := map[place]Use{}
	ledgers, taken := []*Ledger{New(nil), New(nil)}, 0
	for refused := 0; refused < 2; {
		refused = 0
		for _, l := range ledgers {
			ticket, err := l.Take(begins, "m", limits, sat(1, 7, 1))
			if err == nil && !l.Covered(ticket) {
				var stored []Counter
				for at, use := range disk {
					stored = append(stored, Counter{at.Account, at.keyset, at.bucket, use})
				}
				l.Sync(stored)
				if err = l.Fits(begins, ticket); err != nil {
					l.Refund(ticket)
				} else {
					stored = l.Unstored(begins, "m")
					for _, c := range stored {
						disk[place{c.Account, c.Keyset, c.Bucket}] = c.Use
					}
					l.Stored(stored)
				}
			}
			if err != nil {
				refused++
				continue
			}
			taken += 7
		}
	}
	if taken > 1000 || taken < 980 {
		t.Errorf("two ledgers took %d of 1000", taken)
	}
	if all := disk[place{Account: Account{"m", "sat"}, bucket: begins}]; all.Value > 1000 {
		t.Errorf("%d of 1000 are stored", all.Value)
	}
}
