// Package rotation decides when a unit gets a new keyset, and what kind of one.
//
// It is the pure core: it reads no clock and stores nothing. Its caller gives it
// the time and the facts, does the one step that is due, and asks again. It trusts
// the facts, so the caller reads them in the transaction in which it does the step:
// then several callers, on several machines, do each step once.
//
// What it must never decide: two steps of a unit at once; a keyset that has expired
// before it signs; or one keyset after another without an end, whatever the clock
// does. What stands against that is a minimum interval and a cap, both counted from
// the keysets that there are, and not from what anybody remembers.
package rotation

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"mintmark/cashu"
)

// Keyset is what has to be known of a keyset. Times are zero for never.
type Keyset struct {
	ID   cashu.KeysetID
	Unit cashu.Unit
	// Active and Prepared are stages; a keyset with neither was retired.
	Active, Prepared   bool
	Created, Activated time.Time
	// ActivateAt is when a prepared keyset is to become active, beside the
	// others with KeepOthers, otherwise in their place.
	ActivateAt  time.Time
	KeepOthers  bool
	FinalExpiry time.Time
	Signatures  uint64
}

// Action is what a step does.
type Action string

const (
	Nothing  Action = ""
	Prepare  Action = "prepare"  // make and publish a keyset, to become active at ActivateAt
	Rotate   Action = "rotate"   // make a keyset, active at once, in place of the others
	Activate Action = "activate" // let a prepared keyset sign
)

// Step is what comes next for a unit.
type Step struct {
	Unit   cashu.Unit
	Action Action
	// At is when: it is due from then on.
	At     time.Time
	Reason string
	// Blocked says why it is not earlier, although there is a reason.
	Blocked string

	Keyset     cashu.KeysetID // of Activate
	KeepOthers bool           // of Activate
	ActivateAt time.Time      // of Prepare
	// FinalExpiry of the keyset that Prepare and Rotate make; zero is never.
	FinalExpiry time.Time
}

// Due tells whether the step has to be done now.
func (s Step) Due(now time.Time) bool { return s.Action != Nothing && !s.At.After(now) }

// Next decides what comes next for one unit. With the zero Policy only what is
// scheduled comes.
func Next(now time.Time, unit cashu.Unit, p Policy, all []Keyset) Step {
	p = p.withDefaults()
	var sets []Keyset
	for _, k := range all {
		if k.Unit == unit {
			sets = append(sets, k)
		}
	}
	if s := scheduled(now, unit, sets); s.Action != Nothing || !p.enabled() {
		return s
	}
	active, ok := newestActive(sets)
	if !ok {
		return Step{Unit: unit, Blocked: "an active keyset to follow"}
	}
	due, reason := p.due(now, active)
	if reason == "" {
		return Step{Unit: unit}
	}
	s := Step{Unit: unit, Reason: reason, At: due.Add(-p.Announce)}
	if p.MaxSignatures > 0 && active.Signatures >= p.MaxSignatures {
		s.At = due // nobody knew before
	}
	for _, limit := range []struct {
		until time.Time
		why   string
	}{
		{p.interval(sets), "the minimum interval after the last keyset"},
		{p.cap(later(now, s.At), sets), "the cap on keysets in 30 days"},
	} {
		if limit.until.After(s.At) {
			s.At, s.Blocked = limit.until, limit.why
		}
	}
	p.shape(&s, later(now, s.At), due, active)
	return s
}

// scheduled is the activation of a prepared keyset, if one has a time.
func scheduled(now time.Time, unit cashu.Unit, sets []Keyset) Step {
	s := Step{Unit: unit}
	for _, k := range sets {
		switch {
		case !k.Prepared || k.ActivateAt.IsZero():
		case !k.FinalExpiry.IsZero() && !later(now, k.ActivateAt).Before(k.FinalExpiry): // born too late
		case s.Action == Nothing || k.ActivateAt.Before(s.At):
			s = Step{Unit: unit, Action: Activate, At: k.ActivateAt, Reason: "scheduled", Keyset: k.ID, KeepOthers: k.KeepOthers}
		}
	}
	return s
}

func newestActive(sets []Keyset) (newest Keyset, ok bool) {
	for _, k := range sets {
		if k.Active && (!ok || !k.Activated.Before(newest.Activated)) {
			newest, ok = k, true
		}
	}
	return newest, ok
}

// due is when another keyset is to sign, and why.
func (p Policy) due(now time.Time, active Keyset) (due time.Time, reason string) {
	sooner := func(at time.Time, why string) {
		if reason == "" || at.Before(due) {
			due, reason = at, why
		}
	}
	if p.MaxAge > 0 {
		sooner(active.Activated.Add(p.MaxAge-p.jitter(active.ID)), "age")
	}
	if p.BeforeExpiry > 0 && !active.FinalExpiry.IsZero() {
		sooner(active.FinalExpiry.Add(-p.BeforeExpiry-p.jitter(active.ID)), "expiry")
	}
	if p.MaxSignatures > 0 && active.Signatures >= p.MaxSignatures {
		sooner(now, "signatures")
	}
	return due, reason
}

// jitter is between 0 and Jitter, the same for one keyset wherever it is computed.
func (p Policy) jitter(id cashu.KeysetID) time.Duration {
	sum := sha256.Sum256(append([]byte("Mintmark rotation jitter 1"), id.Bytes()...))
	return time.Duration(float64(binary.BigEndian.Uint64(sum[:8])) / math.MaxUint64 * float64(p.Jitter))
}

// interval is the first moment after the minimum interval. Moments that lie in the
// future, because the clock was set back, count too.
func (p Policy) interval(sets []Keyset) (until time.Time) {
	for _, k := range sets {
		until = later(until, later(k.Created, k.Activated).Add(p.MinInterval))
	}
	return until
}

// cap is the first moment, from at on, at which fewer keysets than the cap have been
// made in the month before.
func (p Policy) cap(at time.Time, sets []Keyset) time.Time {
	var recent []time.Time
	for _, k := range sets {
		if k.Created.Add(Month).After(at) {
			recent = append(recent, k.Created)
		}
	}
	if len(recent) < p.MaxPerMonth {
		return time.Time{}
	}
	slices.SortFunc(recent, time.Time.Compare)
	return recent[len(recent)-p.MaxPerMonth].Add(Month)
}

// shape says what is made at a time: a keyset that is published first if there is
// time for it, that signs when it is due, and before the one that it follows
// expires.
func (p Policy) shape(s *Step, at, due time.Time, active Keyset) {
	signs := later(due, at.Add(p.Announce))
	if !active.FinalExpiry.IsZero() && active.FinalExpiry.Before(signs) {
		signs = later(active.FinalExpiry, at)
	}
	s.Action, s.ActivateAt = Prepare, signs
	if !signs.After(at) {
		s.Action, s.ActivateAt = Rotate, time.Time{}
	}
	if p.ExpireAfter > 0 {
		s.FinalExpiry = signs.Add(p.ExpireAfter)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
