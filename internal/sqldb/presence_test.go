package sqldb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"mintmark/internal/pgtest"
	"mintmark/internal/sqldb"
)

// grace is short for a test, and long for a slow machine to take a lock again.
const grace = 1500 * time.Millisecond

func present(t testing.TB, url, name string) *sqldb.Presence {
	t.Helper()
	p, err := sqldb.OpenPresence(t.Context(), sqldb.PresenceConfig{Server: sqldb.Config{Path: url, Logger: quiet()}, Name: name, Grace: grace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// gone asks until the answer is yes, for as long as d, and returns how long that
// took.
func gone(t testing.TB, p *sqldb.Presence, name string, d time.Duration) (bool, time.Duration) {
	t.Helper()
	start := time.Now()
	for time.Since(start) < d {
		yes, err := p.Gone(t.Context(), name)
		if yes && err == nil {
			return true, time.Since(start)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false, time.Since(start)
}

func TestAProcessIsGoneWhenItsLockHasBeenFreeForLong(t *testing.T) {
	t.Parallel()
	url := postgres.Database(t)
	a, b := present(t, url, "a"), present(t, url, "b")
	if yes, _ := gone(t, b, "a", grace+grace/2); yes {
		t.Error("a living process is gone")
	}
	if yes, _ := b.Gone(t.Context(), "b"); yes {
		t.Error("a process takes itself for gone")
	}
	if _, err := sqldb.OpenPresence(t.Context(), sqldb.PresenceConfig{Server: sqldb.Config{Path: url, Logger: quiet()}, Name: "a", Grace: grace}); !errors.Is(err, sqldb.ErrInUse) {
		t.Errorf("a second process of the same name: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if yes, after := gone(t, b, "a", 5*time.Second); !yes || after < grace {
		t.Errorf("gone: %t after %v", yes, after)
	}
}

// The window in which a restarted server knows of no lock, and the living have not
// taken theirs again.
func TestARestartOfTheServerMakesNobodyGone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		end  func(*pgtest.Server, testing.TB)
	}{{"in order", (*pgtest.Server).Stop}, {"by kill -9", (*pgtest.Server).Kill}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := pgtest.Start(t, pgtest.Options{})
			url := server.Database(t)
			a, b, dead := present(t, url, "a"), present(t, url, "b"), present(t, url, "dead")
			ctx, cancel := context.WithCancel(t.Context())
			wrong := make(chan string, 2)
			watch := func(p *sqldb.Presence, name string) {
				for ctx.Err() == nil {
					if yes, err := p.Gone(ctx, name); yes && err == nil {
						wrong <- name
						return
					}
					time.Sleep(5 * time.Millisecond)
				}
				wrong <- ""
			}
			go watch(a, "b")
			go watch(b, "a")
			for range 2 {
				time.Sleep(grace / 2)
				test.end(server, t)
				server.Restart(t)
			}
			_ = dead.Close()
			time.Sleep(2 * grace)
			cancel()
			for range 2 {
				if name := <-wrong; name != "" {
					t.Errorf("%s lives and was called gone", name)
				}
			}
			if yes, _ := gone(t, a, "dead", 10*time.Second); !yes {
				t.Error("the dead one is not gone")
			}
		})
	}
}

func TestALostConnectionIsMadeAgainInTime(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	proxy := pgtest.NewProxy(t, server)
	url := server.Database(t)
	b := present(t, url, "b")
	present(t, proxy.URL(url), "a")
	for range 2 {
		proxy.CutAll() // a alone loses its connection
		if yes, after := gone(t, b, "a", grace+grace/2); yes {
			t.Fatalf("a lives and was called gone after %v", after)
		}
	}
}
