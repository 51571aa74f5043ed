package sqlstore_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/internal/pgtest"
	"mintmark/internal/sqldb"
	"mintmark/mint/events"
	"mintmark/mint/sqlstore"
)

func TestAFileHasNoOtherProcesses(t *testing.T) {
	t.Parallel()
	if bus := openOwned(t, sqldb.Memory, "a", sqldb.Postgres{}).Bus(); bus != nil {
		t.Error("a bus to nobody")
	}
}

// number is a state that is a number and grows.
type number int64

func (n number) Compare(told events.State) events.Order {
	switch before := told.(number); {
	case n == before:
		return events.Same
	case n < before:
		return events.Older
	}
	return events.Newer
}

// hubOn runs a hub that tells others over the store's bus; all its topics have
// the state of truth.
func hubOn(t testing.TB, s *sqlstore.Store, truth *atomic.Int64) *events.Hub {
	t.Helper()
	h, err := events.New(events.Config{
		Read: func(_ context.Context, topics []events.Topic) ([]events.State, error) {
			return slices.Repeat([]events.State{number(truth.Load())}, len(topics)), nil
		},
		Bus: s.Bus(), RereadInterval: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return h
}

// Two replicas on one PostgreSQL, whose connections are cut and whose server dies:
// a change of one reaches the subscribers of the other every time.
func TestChangesReachTheSubscribersOfAnotherReplicaWhateverBreaks(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	proxy := pgtest.NewProxy(t, server)
	url := server.Database(t)
	var truth atomic.Int64
	truth.Store(1)
	here := hubOn(t, openOwned(t, url, "here", sqldb.Postgres{}), &truth)
	there := hubOn(t, openOwned(t, proxy.URL(url), "there", sqldb.Postgres{}), &truth)
	topic := events.Topic{Kind: "number", ID: "a secret quote"}
	in := there.Open()
	defer in.Close()
	if _, err := in.Subscribe(t.Context(), []events.Topic{topic}, "ok"); err != nil {
		t.Fatal(err)
	}
	await := func(what string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		want := number(truth.Load())
		for {
			list, err := in.Next(ctx)
			if err != nil {
				t.Fatalf("%s: it never hears of %d: %v", what, want, err)
			}
			if slices.ContainsFunc(list, func(d events.Delivery) bool { return d.State == want }) {
				return
			}
		}
	}
	await("at the beginning")
	change := func() {
		truth.Add(1)
		here.Publish(events.Change{Topic: topic, State: number(truth.Load())})
	}
	for i := range 20 {
		change()
		await(fmt.Sprint("undisturbed, change ", i))
	}
	for range 3 {
		proxy.CutAll()
		change()
		await("its connections were cut")
	}
	server.Kill(t)
	change() // committed, let us say, by the time that the server died
	server.Restart(t)
	await("the server was killed")
	change()
	await("afterwards")
}

func BenchmarkBusSend(b *testing.B) {
	s := openOwned(b, postgres.Schema(b), "a", sqldb.Postgres{})
	bus := s.Bus()
	for b.Loop() {
		if err := bus.Send(b.Context(), "0123456789abcdef"); err != nil {
			b.Fatal(err)
		}
	}
}
