package rotation

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Month is the time in which MaxPerMonth counts.
const Month = 30 * 24 * time.Hour

const (
	day = 24 * time.Hour
	// defaultMaxPerMonth is more than any sensible policy needs: every keyset
	// makes restoring slower for every wallet.
	defaultMaxPerMonth = 6
	// maxDuration keeps sums of durations and times far from their end.
	maxDuration = 20 * 365 * day
)

// Policy says when a unit rotates by itself. The zero value is never. Of the three
// reasons whichever comes first counts; at least one is needed.
type Policy struct {
	// MaxAge is how long a keyset is the active one.
	MaxAge time.Duration
	// MaxSignatures is how many signatures it makes.
	MaxSignatures uint64
	// BeforeExpiry is how long before its final expiry another one takes over.
	BeforeExpiry time.Duration

	// ExpireAfter gives new keysets a final expiry, this long after they begin
	// to sign. 0 is none.
	ExpireAfter time.Duration
	// Announce is how long a new keyset is published before it signs. 0 is not
	// at all.
	Announce time.Duration
	// Jitter makes a rotation earlier by up to this much, so that nobody knows
	// the moment and mints do not all rotate in the same one.
	Jitter time.Duration
	// MinInterval lies between two keysets at least, whatever the reasons and
	// the clock say. 0 is a day.
	MinInterval time.Duration
	// MaxPerMonth is how many keysets there are in 30 days at most, those that
	// were made by hand included. 0 is 6.
	MaxPerMonth int
}

func (p Policy) enabled() bool { return p.MaxAge > 0 || p.MaxSignatures > 0 || p.BeforeExpiry > 0 }

func (p Policy) withDefaults() Policy {
	if p.MinInterval <= 0 {
		p.MinInterval = day
	}
	if p.MaxPerMonth <= 0 {
		p.MaxPerMonth = defaultMaxPerMonth
	}
	return p
}

// Complete puts defaults in and reports everything that makes no sense.
func (p Policy) Complete() (Policy, error) {
	given := p
	p = p.withDefaults()
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	for name, d := range map[string]time.Duration{
		"max_age": p.MaxAge, "before_expiry": p.BeforeExpiry, "expire_after": p.ExpireAfter,
		"announce": p.Announce, "jitter": p.Jitter, "min_interval": given.MinInterval,
	} {
		if d < 0 || d > maxDuration {
			bad("%s is %s and must be between 0 and 20 years", name, d)
		}
	}
	if given.MaxPerMonth < 0 {
		bad("max_per_month is %d", given.MaxPerMonth)
	}
	if !p.enabled() {
		bad("there is no reason to rotate: max_age, max_signatures or before_expiry")
	}
	if len(problems) > 0 {
		return p, errors.Join(problems...)
	}
	// How long a keyset signs, by each of the reasons that are known before.
	for name, life := range map[string]time.Duration{"max_age": p.MaxAge, "expire_after less before_expiry": p.ExpireAfter - p.BeforeExpiry} {
		if p.MaxAge == 0 && name == "max_age" || p.BeforeExpiry == 0 && name != "max_age" || p.ExpireAfter == 0 && name != "max_age" {
			continue
		}
		if shortest := life - p.Jitter - p.Announce; shortest < p.MinInterval {
			bad("%s is %s: less jitter and announce that is shorter than min_interval, %s", name, life, p.MinInterval)
		} else if life-p.Jitter < Month && Month > (life-p.Jitter)*time.Duration(min(p.MaxPerMonth, 1000)) {
			bad("%s is %s: that is more than max_per_month, %d", name, life, p.MaxPerMonth)
		}
	}
	if p.ExpireAfter > 0 && p.BeforeExpiry == 0 && p.ExpireAfter <= p.MaxAge {
		bad("expire_after is %s: a keyset would expire before another one takes over after %s", p.ExpireAfter, p.MaxAge)
	}
	if p.ExpireAfter > 0 && p.BeforeExpiry == 0 && p.MaxAge == 0 {
		bad("keysets would expire without another one taking over: say max_age or before_expiry")
	}
	return p, errors.Join(problems...)
}

// String is the policy in words.
func (p Policy) String() string {
	if !p.enabled() {
		return "never"
	}
	var when, how []string
	if p.MaxAge > 0 {
		when = append(when, "after "+inWords(p.MaxAge))
	}
	if p.MaxSignatures > 0 {
		when = append(when, fmt.Sprintf("after %d signatures", p.MaxSignatures))
	}
	if p.BeforeExpiry > 0 {
		when = append(when, inWords(p.BeforeExpiry)+" before the final expiry")
	}
	if p.Jitter > 0 {
		how = append(how, "up to "+inWords(p.Jitter)+" earlier")
	}
	if p.Announce > 0 {
		how = append(how, "announced "+inWords(p.Announce)+" before")
	}
	if p.ExpireAfter > 0 {
		how = append(how, "good for "+inWords(p.ExpireAfter))
	}
	how = append(how, fmt.Sprintf("at least %s apart, at most %d in 30 days", inWords(p.MinInterval), p.MaxPerMonth))
	return strings.Join(when, " or ") + "; " + strings.Join(how, ", ")
}

func inWords(d time.Duration) string {
	if d%day == 0 && d > 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return d.String()
}
