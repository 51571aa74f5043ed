package mint

import (
	"container/list"
	"crypto/sha256"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"mintmark/cashu"
)

// maxUsers bounds what is remembered of users; whoever was silent for longest is
// forgotten first, and may have as much as a new one. It takes as many logins to
// push somebody out.
const maxUsers = 1 << 16

// users counts the authentication tokens of each user, in memory only and under a
// hash: who used the mint, and when, is never written anywhere.
type users struct {
	perHour int // negative: not counted
	burst   int

	mu     sync.Mutex
	byName map[[sha256.Size]byte]*list.Element
	recent list.List // of *user, the latest first
}

type user struct {
	name   [sha256.Size]byte
	bucket *rate.Limiter
}

func newUsers(a *Auth) *users {
	u := &users{byName: map[[sha256.Size]byte]*list.Element{}}
	if a != nil {
		u.perHour, u.burst = a.TokensPerHour, max(a.TokensPerHour, a.MaxTokens)
	}
	return u
}

// take counts n tokens for the user, or refuses. What was counted for nothing can
// be given back.
func (u *users) take(name string, n int, now time.Time) (giveBack func(), err error) {
	if u.perHour < 0 {
		return func() {}, nil
	}
	r := u.of(sha256.Sum256([]byte(name))).ReserveN(now, n)
	if after := r.DelayFrom(now); !r.OK() || after > 0 {
		r.CancelAt(now)
		return nil, cashu.Errorf(cashu.CodeBlindAuthRateLimited, "too many authentication tokens, come back in %v", after.Round(time.Second))
	}
	return func() { r.CancelAt(now) }, nil
}

// of finds or makes the bucket of a user, and makes them the latest.
func (u *users) of(name [sha256.Size]byte) *rate.Limiter {
	u.mu.Lock()
	defer u.mu.Unlock()
	if e, known := u.byName[name]; known {
		u.recent.MoveToFront(e)
		return e.Value.(*user).bucket
	}
	if u.recent.Len() >= maxUsers {
		delete(u.byName, u.recent.Remove(u.recent.Back()).(*user).name)
	}
	one := &user{name, rate.NewLimiter(rate.Limit(float64(u.perHour)/3600), u.burst)}
	u.byName[name] = u.recent.PushFront(one)
	return one.bucket
}
