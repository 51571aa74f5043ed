package gate

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// buckets counts the requests of each address, by class, and forgets whoever was
// silent for longest when there are too many.
type buckets struct {
	rates map[Class]Rate
	max   int

	mu     sync.Mutex
	bySite map[netip.Prefix]*list.Element
	recent list.List // of *counted, the latest first
}

// counted is one site.
type counted struct {
	site    netip.Prefix
	buckets map[Class]*rate.Limiter
}

func newBuckets(max int, rates map[Class]Rate) *buckets {
	return &buckets{rates: rates, max: max, bySite: map[netip.Prefix]*list.Element{}}
}

// take takes a token for a request of this address, or says how long it lasts
// until there is one.
func (b *buckets) take(a netip.Addr, class Class, now time.Time) time.Duration {
	r, limited := b.rates[class]
	if !limited {
		return 0
	}
	bucket := b.of(site(a), class, r)
	reservation := bucket.ReserveN(now, 1)
	after := reservation.DelayFrom(now)
	if after > 0 {
		reservation.CancelAt(now)
	}
	return after
}

// of finds or makes the bucket, and makes its address the latest.
func (b *buckets) of(at netip.Prefix, class Class, r Rate) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, known := b.bySite[at]
	if known {
		b.recent.MoveToFront(e)
	} else {
		if b.recent.Len() >= b.max {
			oldest := b.recent.Back()
			delete(b.bySite, b.recent.Remove(oldest).(*counted).site)
		}
		e = b.recent.PushFront(&counted{site: at, buckets: make(map[Class]*rate.Limiter, 1)})
		b.bySite[at] = e
	}
	c := e.Value.(*counted)
	bucket, ok := c.buckets[class]
	if !ok {
		bucket = rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
		c.buckets[class] = bucket
	}
	return bucket
}
