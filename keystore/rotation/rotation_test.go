package rotation

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
)

var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func id(n int) cashu.KeysetID {
	k, err := cashu.KeysetIDFromBytes(binary.BigEndian.AppendUint64(nil, uint64(n))[:8])
	if err != nil {
		panic(err)
	}
	return k
}

func complete(t testing.TB, p Policy) Policy {
	t.Helper()
	p, err := p.Complete()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// world does what Next says, as a signatory would.
type world struct {
	t      testing.TB
	policy Policy
	now    time.Time
	sets   []Keyset
	steps  []Step
}

func newWorld(t testing.TB, p Policy) *world {
	w := &world{t: t, policy: complete(t, p), now: epoch}
	w.add(Keyset{Active: true, Activated: epoch})
	return w
}

func (w *world) add(k Keyset) {
	k.ID, k.Unit, k.Created = id(len(w.sets)+1), "sat", w.now
	w.sets = append(w.sets, k)
}

// tick does all that is due, and checks what must never be.
func (w *world) tick() {
	w.t.Helper()
	for range 3 {
		s := Next(w.now, "sat", w.policy, w.sets)
		if !s.Due(w.now) {
			return
		}
		w.steps = append(w.steps, s)
		if !s.FinalExpiry.IsZero() && !s.FinalExpiry.After(w.now) {
			w.t.Fatalf("at %s: born expired: %+v", w.now, s)
		}
		switch s.Action {
		case Prepare:
			w.add(Keyset{Prepared: true, ActivateAt: s.ActivateAt, FinalExpiry: s.FinalExpiry})
		case Rotate:
			w.retire()
			w.add(Keyset{Active: true, Activated: w.now, FinalExpiry: s.FinalExpiry})
		case Activate:
			if !s.KeepOthers {
				w.retire()
			}
			for i := range w.sets {
				if w.sets[i].ID == s.Keyset {
					w.sets[i].Prepared, w.sets[i].Active, w.sets[i].Activated, w.sets[i].ActivateAt = false, true, w.now, time.Time{}
				}
			}
		}
	}
	w.t.Fatalf("at %s there is no end of steps: %+v", w.now, w.steps)
}

func (w *world) retire() {
	for i := range w.sets {
		w.sets[i].Active = false
	}
}

func (w *world) active() (active Keyset) {
	w.t.Helper()
	n := 0
	for _, k := range w.sets {
		if k.Active {
			active = k
			n++
		}
	}
	if n != 1 {
		w.t.Fatalf("at %s %d keysets are active", w.now, n)
	}
	return active
}

func (w *world) run(d, step time.Duration) {
	w.t.Helper()
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(step) {
		w.tick()
		w.active()
	}
}

const hour = time.Hour

func TestAThousandDaysMakeThePlannedNumberOfKeysets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		policy   Policy
		min, max int // new keysets
	}{
		"by age":                  {Policy{MaxAge: 30 * day}, 33, 33},
		"by age with jitter":      {Policy{MaxAge: 30 * day, Jitter: 5 * day}, 33, 39},
		"by age, announced":       {Policy{MaxAge: 30 * day, Announce: 3 * day}, 33, 34},
		"before expiry":           {Policy{MaxAge: 90 * day, BeforeExpiry: 10 * day, ExpireAfter: 60 * day}, 18, 19},
		"before expiry announced": {Policy{MaxAge: 90 * day, BeforeExpiry: 10 * day, ExpireAfter: 60 * day, Announce: 2 * day, Jitter: day}, 18, 20},
		"expiring soon":           {Policy{MaxAge: 8 * day, ExpireAfter: 10 * day, Announce: day}, 124, 125},
		"never":                   {Policy{MaxSignatures: 1 << 40}, 0, 0},
	} {
		w := newWorld(t, test.policy)
		w.run(1000*day, hour)
		if made := len(w.sets) - 1; made < test.min || made > test.max {
			t.Errorf("%s: %d keysets were made, want %d to %d", name, made, test.min, test.max)
		}
		for i, k := range w.sets[1:] {
			before := w.sets[i]
			if gap := k.Created.Sub(before.Created); gap < w.policy.MinInterval {
				t.Errorf("%s: keyset %d is only %s after the one before", name, i+1, gap)
			}
			if !before.FinalExpiry.IsZero() && !k.Activated.IsZero() && k.Activated.After(before.FinalExpiry) {
				t.Errorf("%s: keyset %d signs only after the one before has expired", name, i+1)
			}
			if announced := k.Activated.Sub(k.Created); !k.Activated.IsZero() && announced < w.policy.Announce {
				t.Errorf("%s: keyset %d was announced for %s only", name, i+1, announced)
			}
			if k.Activated.Sub(before.Activated) > w.policy.MaxAge+hour && w.policy.MaxAge > 0 && !k.Activated.IsZero() {
				t.Errorf("%s: keyset %d was active for %s", name, i, k.Activated.Sub(before.Activated))
			}
		}
	}
}

func TestAKeysetIsFollowedWhenItHasSignedEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Policy{MaxSignatures: 1000, Announce: 6 * hour})
	w.run(10*day, hour)
	w.sets[0].Signatures = 999
	w.run(day, hour)
	if len(w.sets) != 1 {
		t.Fatal("one signature too early")
	}
	w.sets[0].Signatures = 1000
	at := w.now
	w.run(day, hour)
	if len(w.sets) != 2 || !w.sets[1].Created.Equal(at) || w.sets[1].Activated.Sub(at) != 6*hour {
		t.Errorf("%+v", w.sets)
	}
}

func TestWeeksOfDowntimeEndInOneRotation(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]Policy{
		"at once":         {MaxAge: 7 * day},
		"announced":       {MaxAge: 7 * day, Announce: day},
		"with expiry":     {MaxAge: 7 * day, BeforeExpiry: 5 * day, ExpireAfter: 90 * day},
		"expired already": {MaxAge: 7 * day, BeforeExpiry: 5 * day, ExpireAfter: 20 * day, Announce: day},
	} {
		w := newWorld(t, p)
		w.run(8*day, hour)
		made := len(w.sets)
		w.now = w.now.Add(6 * 7 * day)
		back := w.now
		w.run(w.policy.Announce+2*hour, hour)
		if len(w.sets) != made+1 || w.active().Activated.Before(back) {
			t.Errorf("%s: %d keysets in the first hours, the active one since %s", name, len(w.sets)-made, w.active().Activated)
		}
		w.run(4*day, hour)
		if len(w.sets) != made+1 {
			t.Errorf("%s: %d keysets in the first days", name, len(w.sets)-made)
		}
	}
}

func TestADowntimeOverAnActivationActivatesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Policy{MaxAge: 30 * day, Announce: 3 * day})
	for len(w.sets) == 1 {
		w.tick()
		w.now = w.now.Add(hour)
	}
	w.now = w.now.Add(20 * day)
	w.tick()
	if k := w.active(); k.ID != w.sets[1].ID || !k.Activated.Equal(w.now) || len(w.sets) != 2 {
		t.Errorf("%+v", w.sets)
	}
}

func TestAClockThatIsSetBackMakesNoKeyset(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Policy{MaxAge: 30 * day, BeforeExpiry: 5 * day, ExpireAfter: 60 * day, Announce: day})
	w.run(100*day, hour)
	made, back := len(w.sets), w.now
	w.now = w.now.Add(-80 * day)
	w.run(80*day, hour)
	if len(w.sets) != made {
		t.Errorf("%d keysets were made until the clock was where it had been", len(w.sets)-made)
	}
	w.run(60*day, hour)
	if len(w.sets) == made {
		t.Errorf("since %s nothing rotates", back)
	}
}

// However the clock jumps, the interval and the cap hold in the time that it shows.
func TestAClockThatJumpsAboutDoesNotFloodWalletsWithKeysets(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		w := newWorld(t, Policy{MaxAge: 10 * day, MaxSignatures: 20, Jitter: day, BeforeExpiry: 3 * day, ExpireAfter: 20 * day, Announce: day, MaxPerMonth: 4})
		for range 300 {
			w.now = w.now.Add(time.Duration(random.Int64N(int64(20*day))) - 10*day)
			w.sets[len(w.sets)-1].Signatures += random.Uint64N(100)
			w.tick()
		}
		w.active()
		for i, k := range w.sets {
			near := 0
			for j, other := range w.sets {
				if d := k.Created.Sub(other.Created); d >= 0 && d < Month {
					near++
				}
				if d := k.Created.Sub(other.Created).Abs(); i != j && d < w.policy.MinInterval {
					t.Fatalf("keysets %d and %d are %s apart", i, j, d)
				}
			}
			if near > 4 {
				t.Fatalf("%d keysets in the 30 days until %s", near, k.Created)
			}
		}
	}
}

func TestTheCapHoldsAgainstRotationsByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Policy{MaxAge: 20 * day, MaxPerMonth: 3})
	for range 3 {
		w.now = w.now.Add(2 * day)
		w.retire()
		w.add(Keyset{Active: true, Activated: w.now})
	}
	s := Next(w.now.Add(20*day), "sat", w.policy, w.sets)
	if want := w.sets[1].Created.Add(Month); !s.At.Equal(want) || s.Blocked != "the cap on keysets in 30 days" {
		t.Errorf("%+v, want it at %s", s, want)
	}
}

func TestWhatIsScheduledComesWithoutAPolicyToo(t *testing.T) {
	t.Parallel()
	at := epoch.Add(day)
	sets := []Keyset{
		{ID: id(1), Unit: "sat", Active: true, Activated: epoch},
		{ID: id(2), Unit: "sat", Prepared: true},
		{ID: id(3), Unit: "sat", Prepared: true, ActivateAt: at, KeepOthers: true},
		{ID: id(4), Unit: "sat", Prepared: true, ActivateAt: at.Add(hour)},
		{ID: id(5), Unit: "usd", Prepared: true, ActivateAt: epoch},
		{ID: id(6), Unit: "sat", Prepared: true, ActivateAt: epoch, FinalExpiry: epoch},
	}
	s := Next(epoch, "sat", Policy{}, sets)
	if s.Action != Activate || s.Keyset != id(3) || !s.KeepOthers || !s.At.Equal(at) || s.Due(at.Add(-1)) || !s.Due(at) {
		t.Errorf("%+v", s)
	}
	if s := Next(epoch, "eur", Policy{}, sets); s.Action != Nothing {
		t.Errorf("%+v", s)
	}
}

func TestJitterIsTheSameForAllAndDifferentForEach(t *testing.T) {
	t.Parallel()
	p, seen := Policy{Jitter: day}, map[time.Duration]bool{}
	for i := range 100 {
		j := p.jitter(id(i))
		if j < 0 || j > day || j != p.jitter(id(i)) {
			t.Fatalf("jitter %s", j)
		}
		seen[j] = true
	}
	if len(seen) < 100 {
		t.Errorf("%d of 100 are different", len(seen))
	}
}

func TestAPolicyThatMakesNoSenseIsExplained(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]Policy{
		"there is no reason to rotate":                 {ExpireAfter: day},
		"max_age is -1ns":                              {MaxAge: -1},
		"expire_after is 438001h0m0s":                  {MaxAge: 30 * day, ExpireAfter: 438001 * hour},
		"max_per_month is -1":                          {MaxAge: 30 * day, MaxPerMonth: -1},
		"shorter than min_interval, 24h0m0s":           {MaxAge: 12 * hour},
		"shorter than min_interval, 48h0m0s":           {MaxAge: 30 * day, Announce: 29 * day, MinInterval: 2 * day},
		"that is more than max_per_month, 6":           {MaxAge: 4 * day},
		"that is more than max_per_month, 1":           {BeforeExpiry: 10 * day, ExpireAfter: 39 * day, MaxPerMonth: 1},
		"a keyset would expire before another one":     {MaxAge: 30 * day, ExpireAfter: 30 * day},
		"keysets would expire without another one":     {MaxSignatures: 5, ExpireAfter: 30 * day},
		"expire_after less before_expiry is -24h0m0s:": {BeforeExpiry: 3 * day, ExpireAfter: 2 * day},
	} {
		if _, err := p.Complete(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", p, err, want)
		}
	}
}

// A mint that signs a lot, or is made to: the reason is always there.
func TestAStreamOfSignaturesMakesNoStreamOfKeysets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Policy{MaxSignatures: 1, MinInterval: 2 * day, MaxPerMonth: 5})
	for range 60 * 24 {
		w.sets[len(w.sets)-1].Signatures++
		w.tick()
		w.now = w.now.Add(hour)
	}
	for i, k := range w.sets[1:] {
		if gap := k.Created.Sub(w.sets[i].Created); gap < 2*day {
			t.Errorf("keysets %d and %d are %s apart", i, i+1, gap)
		}
	}
	if len(w.sets) != 10 { // the first, and what two months allow
		t.Errorf("%d keysets in 60 days", len(w.sets))
	}
}
