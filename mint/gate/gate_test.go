package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
)

func newGate(t *testing.T, cfg Config) *Gate {
	t.Helper()
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func ask(pattern, remote string) *http.Request {
	r := request(remote, XForwardedFor)
	r.Pattern = pattern
	r.Method, _, _ = strings.Cut(pattern, " ")
	return r
}

func mustEnter(t *testing.T, g *Gate, r *http.Request) (leave func()) {
	t.Helper()
	leave, _, err := g.Enter(r)
	if err != nil {
		t.Fatalf("%s of %s is turned away: %v", r.Pattern, r.RemoteAddr, err)
	}
	return leave
}

const (
	swap  = "POST /v1/swap"
	quote = "POST /v1/mint/quote/{method}"
	melt  = "POST /v1/melt/{method}"
	keys  = "GET /v1/keys"
)

func TestAnAddressThatAsksTooOftenIsToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, Config{Rates: map[Class]Rate{Quotes: {PerSecond: 0.5, Burst: 3}}})
		for range 3 {
			mustEnter(t, g, ask(quote, "192.0.2.1:1"))()
		}
		_, after, err := g.Enter(ask(quote, "192.0.2.1:2"))
		if !errors.Is(err, cashu.ErrRateLimited) || after != 2*time.Second {
			t.Fatalf("the fourth is answered %v, %v; want to come back in 2 s", err, after)
		}
		mustEnter(t, g, ask(quote, "192.0.2.2:1"))() // another address
		mustEnter(t, g, ask(swap, "192.0.2.1:1"))()  // another class
		time.Sleep(after)
		mustEnter(t, g, ask(quote, "192.0.2.1:3"))() // who was refused has used up nothing
		if _, _, err := g.Enter(ask(quote, "192.0.2.1:3")); !errors.Is(err, cashu.ErrRateLimited) {
			t.Errorf("one more is answered %v", err)
		}
	})
}

func TestAllAddressesOfAnIPv6NetworkShareOneBucket(t *testing.T) {
	t.Parallel()
	g := newGate(t, Config{Rates: map[Class]Rate{Exchanges: {PerSecond: 1, Burst: 2}}})
	mustEnter(t, g, ask(swap, "[2001:db8:1:2::1]:1"))()
	mustEnter(t, g, ask(swap, "[2001:db8:1:2:ffff::9]:1"))()
	if _, _, err := g.Enter(ask(swap, "[2001:db8:1:2:8::]:1")); !errors.Is(err, cashu.ErrRateLimited) {
		t.Errorf("a third address of the network: %v", err)
	}
	mustEnter(t, g, ask(swap, "[2001:db8:1:3::1]:1"))()
}

func TestEveryRouteCountsAsWhatItCosts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		verb, pattern string
		class         Class
		at            place
	}{
		{"GET", "GET /{$}", free, nowhere},
		{"GET", "GET /health/live", free, nowhere},
		{"GET", "GET /v1/info", Reads, nowhere},
		{"GET", "GET /v1/keys/{id}", Reads, nowhere},
		{"GET", "GET /v1/keysets", Reads, nowhere},
		{"GET", "GET /v1/ws", Reads, nowhere},
		{"GET", "/", Reads, nowhere},
		{"DELETE", "/v1/swap", Reads, nowhere},
		{"GET", "GET /v1/mint/quote/{method}/{id}", Reads, atWork},
		{"GET", "GET /v1/melt/quote/{method}/{id}", Reads, atWork},
		{"POST", "POST /v1/checkstate", Reads, atWork},
		{"POST", "POST /v1/restore", Reads, atWork},
		{"POST", "POST /v1/mint/quote/{method}/{id}", Reads, atWork}, // NUT-29
		{"POST", "POST /v1/mint/quote/{method}", Quotes, atWork},
		{"POST", "POST /v1/melt/quote/{method}", Quotes, atWork},
		{"POST", "POST /v1/swap", Exchanges, atWork},
		{"POST", "POST /v1/mint/{method}", Exchanges, atWork},
		{"POST", "/v1/mint/{method}/{batch}", Exchanges, atWork}, // NUT-29
		{"POST", "POST /v1/melt/{method}", Exchanges, atMelts},
		{"POST", "POST /v1/auth/blind/mint", Exchanges, atWork},
	} {
		if class, at := classify(tt.verb, tt.pattern); class != tt.class || at != tt.at {
			t.Errorf("%s at %q is %q at %d, want %q at %d", tt.verb, tt.pattern, class, at, tt.class, tt.at)
		}
	}
}

func TestWhoWatchesTheMintIsNeverLimited(t *testing.T) {
	t.Parallel()
	g := newGate(t, Config{AtOnce: 1, Rates: map[Class]Rate{Reads: {PerSecond: 1, Burst: 1}}})
	mustEnter(t, g, ask(keys, "192.0.2.1:1"))
	if _, _, err := g.Enter(ask("", "192.0.2.1:1")); !errors.Is(err, cashu.ErrRateLimited) {
		t.Errorf("a path that does not exist is not counted: %v", err)
	}
	for range 100 {
		mustEnter(t, g, ask("GET /health", "192.0.2.1:1"))
		mustEnter(t, g, ask("GET /health/live", "192.0.2.1:1"))
	}
}

func TestTheMemoryForAddressesIsBounded(t *testing.T) {
	t.Parallel()
	b := newBuckets(100, map[Class]Rate{Reads: {PerSecond: 1, Burst: 1}})
	now := time.Unix(0, 0)
	loyal := netip.MustParseAddr("192.0.2.1")
	b.take(loyal, Reads, now)
	for i := range 10_000 {
		b.take(netip.MustParseAddr(fmt.Sprintf("10.0.%d.%d", i/250, i%250)), Reads, now)
		if b.take(loyal, Reads, now) == 0 {
			t.Fatalf("after %d others, an address that asks all the time is forgotten", i)
		}
	}
	if len(b.bySite) != 100 || b.recent.Len() != 100 {
		t.Errorf("%d addresses are remembered, %d in order", len(b.bySite), b.recent.Len())
	}
}

func TestMoreThanThePlacesWaitInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, Config{AtOnce: 1})
		leave := mustEnter(t, g, ask(swap, "a"))
		order := make(chan int, 3)
		for i := range 3 {
			go func() {
				leave := mustEnter(t, g, ask(swap, "a"))
				order <- i
				time.Sleep(time.Second)
				leave()
			}()
			synctest.Wait()
		}
		if working, waiting := g.Load(); working != 1 || waiting != 3 {
			t.Errorf("%d work and %d wait", working, waiting)
		}
		mustEnter(t, g, ask(keys, "a"))() // from memory: it does not wait
		mustEnter(t, g, ask(melt, "a"))() // a place of another kind
		leave()
		leave() // leaving twice frees one place
		for i := range 3 {
			if got := <-order; got != i {
				t.Errorf("number %d came when it was the turn of %d", got, i)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if working, waiting := g.Load(); working != 0 || waiting != 0 {
			t.Errorf("in the end %d work and %d wait", working, waiting)
		}
	})
}

func TestWhoseTurnWouldComeTooLateIsTurnedAwayAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, Config{AtOnce: 2, Wait: 5 * time.Second})
		for range 200 { // it learns that a request takes two seconds
			leave := mustEnter(t, g, ask(swap, "a"))
			time.Sleep(2 * time.Second)
			leave()
		}
		enough := make(chan struct{})
		defer close(enough)
		var waited int
		for {
			refused := make(chan error, 1)
			go func() {
				leave, _, err := g.Enter(ask(swap, "a"))
				if err == nil {
					defer leave()
					<-enough
					return
				}
				refused <- err
			}()
			synctest.Wait()
			select {
			case err := <-refused:
				if !errors.Is(err, cashu.ErrUnavailable) {
					t.Errorf("refused with %v", err)
				}
				// Two places, two seconds each: the fifth in line would wait for 5 s.
				if _, waiting := g.Load(); waiting < 4 || waiting > 6 {
					t.Errorf("%d wait", waiting)
				}
				return
			default:
			}
			if waited++; waited > 50 {
				t.Fatal("nobody is turned away")
			}
		}
	})
}

func TestNobodyWaitsForLongerThanIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, Config{AtOnce: 1, Wait: 3 * time.Second})
		leave := mustEnter(t, g, ask(swap, "a"))
		defer leave()
		start := time.Now()
		_, after, err := g.Enter(ask(swap, "a"))
		if !errors.Is(err, cashu.ErrUnavailable) || after != 3*time.Second || time.Since(start) != 3*time.Second {
			t.Errorf("after %v: %v, come back in %v", time.Since(start), err, after)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := g.Enter(ask(swap, "a").WithContext(ctx)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who left gets %v", err)
		}
		if _, waiting := g.Load(); waiting != 0 {
			t.Errorf("%d still wait", waiting)
		}
	})
}

func TestAWrongConfigurationIsRefusedWhole(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Header: "X-Real-Ip", AtOnce: -1, Rates: map[Class]Rate{Reads: {PerSecond: 1}}})
	for _, want := range []string{"X-Real-Ip", "reads", "negative"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %s: %v", want, err)
		}
	}
}

func BenchmarkEnter(b *testing.B) {
	g, err := New(Config{Rates: map[Class]Rate{Exchanges: {PerSecond: 1e9, Burst: 1e9}}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		r := ask(swap, "[2001:db8::1]:443")
		for pb.Next() {
			leave, _, err := g.Enter(r)
			if err != nil {
				b.Error(err)
				return
			}
			leave()
		}
	})
}
