package server

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"mintmark/cashu"
	"mintmark/keystore"
	pb "mintmark/proto/signatory"
	"mintmark/signatory"
)

func TestSubscribersGetTheWholeSnapshotAtOnceAndOnEveryChange(t *testing.T) {
	t.Parallel()
	ks := newFake(t, keyset(t, 0, 0))
	path := socketPath(t)
	serve(t, Config{Keystore: ks, Listen: "unix:" + path})
	ctx, cancel := context.WithCancel(t.Context())
	var got []int
	err := dial(t, signatory.ClientConfig{Address: "unix:" + path}).SubscribeKeysets(ctx, func(s signatory.Snapshot) error {
		got = append(got, len(s.Keysets))
		if s.Epoch != uint64(len(got)) || s.Identity != ks.identity {
			t.Errorf("epoch %d, identity %v", s.Epoch, s.Identity)
		}
		switch len(got) {
		case 1:
			ks.publish(keyset(t, 0, 0), keyset(t, 1, 0))
		case 2:
			ks.publish(keyset(t, 0, 0), keyset(t, 1, 0), keyset(t, 2, 0))
		case 3:
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || !slices.Equal(got, []int{1, 2, 3}) {
		t.Fatalf("%v, %v", got, err)
	}
}

func TestASlowSubscriberGetsTheLatest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ks := newFake(t, keyset(t, 0, 0))
		r, conn := inMemory(t, Config{Keystore: ks})
		ctx, cancel := context.WithCancel(versioned(t.Context(), "2"))
		stream, err := pb.NewSignatoryClient(conn).SubscribeKeysets(ctx, &pb.EmptyRequest{})
		if err != nil {
			t.Fatal(err)
		}
		// It never reads: after some 64 KiB the server cannot send any more.
		const changes = 2000
		for range changes {
			ks.publish(keyset(t, 0, 0))
			synctest.Wait()
		}
		received := 0
		var last uint64
		for last != changes+1 {
			in, err := stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			if epoch := in.GetKeysets().GetEpoch(); epoch <= last {
				t.Fatalf("epoch %d after %d", epoch, last)
			} else {
				last = epoch
			}
			received++
		}
		if received >= changes {
			t.Errorf("all %d snapshots were kept for it", received)
		}
		cancel()
		_ = conn.Close()
		_ = r.stop()
	})
}

func TestTheEndLetsCallsFinishAndEndsStreamsFirst(t *testing.T) {
	t.Parallel()
	ks := newFake(t, keyset(t, 0, 0))
	entered, release := make(chan struct{}), make(chan struct{})
	ks.verify = func(context.Context, []cashu.Proof) error {
		close(entered)
		<-release
		return nil
	}
	r, conn := inMemory(t, Config{Keystore: ks})
	c, ctx := pb.NewSignatoryClient(conn), versioned(t.Context(), "2")
	watch, err := healthpb.NewHealthClient(conn).Watch(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := c.SubscribeKeysets(ctx, &pb.EmptyRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}

	answered := make(chan error, 1)
	go func() {
		got, err := c.VerifyProofs(ctx, oneProof(t))
		if err == nil && !got.GetSuccess() {
			err = errors.New("no success")
		}
		answered <- err
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()

	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "shutting down") {
		t.Errorf("the subscription: %v", err)
	}
	for err == nil { // whatever health still says
		_, err = watch.Recv()
	}
	if status.Code(err) != codes.Unavailable {
		t.Errorf("the health watch: %v", err)
	}
	select {
	case err := <-stopped:
		t.Fatalf("it did not wait for the call: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if err := <-answered; err != nil {
		t.Errorf("the call under way: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if _, err := c.Keysets(ctx, &pb.EmptyRequest{}); status.Code(err) != codes.Unavailable {
		t.Errorf("a call after the end: %v", err)
	}
}

func TestTheEndCutsOffWhatDoesNotFinish(t *testing.T) {
	t.Parallel()
	ks := newFake(t)
	entered := make(chan struct{})
	left := make(chan struct{})
	ks.verify = func(ctx context.Context, _ []cashu.Proof) error {
		defer close(left)
		close(entered)
		<-ctx.Done()
		return ctx.Err()
	}
	r, conn := inMemory(t, Config{Keystore: ks, DrainTimeout: 50 * time.Millisecond})
	answered := make(chan error, 1)
	go func() {
		_, err := pb.NewSignatoryClient(conn).VerifyProofs(versioned(t.Context(), "2"), oneProof(t))
		answered <- err
	}()
	<-entered
	if err := r.stop(); !errors.Is(err, ErrDrainTimeout) {
		t.Errorf("%v", err)
	}
	select {
	case <-left:
	default:
		t.Error("Serve returned while a call still used the keystore")
	}
	if err := <-answered; status.Code(err) != codes.Unavailable {
		t.Errorf("the call: %v", err)
	}
}

func TestEveryCallHasADeadline(t *testing.T) {
	t.Parallel()
	ks := newFake(t)
	ks.rotate = func(ctx context.Context, _ keystore.RotateParams) (cashu.Keyset, error) {
		<-ctx.Done()
		return cashu.Keyset{}, ctx.Err()
	}
	_, conn := inMemory(t, Config{Keystore: ks, CallTimeout: 20 * time.Millisecond})
	if _, err := pb.NewSignatoryClient(conn).RotateKeyset(versioned(t.Context(), "2"), rotationCall()); status.Code(err) != codes.DeadlineExceeded {
		t.Fatal(err)
	}
}

func TestHealthIsTrue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ks := newFake(t)
		r, conn := inMemory(t, Config{Keystore: ks})
		c := healthpb.NewHealthClient(conn)
		expect := func(when, service string, want healthpb.HealthCheckResponse_ServingStatus) {
			t.Helper()
			synctest.Wait()
			got, err := c.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
			if err != nil || got.GetStatus() != want {
				t.Errorf("%s, %q: %v, %v", when, service, got.GetStatus(), err)
			}
		}
		const signing = "signatory.Signatory"
		serving, not := healthpb.HealthCheckResponse_SERVING, healthpb.HealthCheckResponse_NOT_SERVING
		expect("without keysets", "", serving)
		expect("without keysets", signing, not)

		soon := uint64(time.Now().Add(time.Hour).Unix())
		ks.publish(keyset(t, 0, soon))
		expect("with a keyset", signing, serving)
		time.Sleep(time.Hour + 2*time.Second)
		expect("when it has expired", signing, not)

		ks.publish(keyset(t, 0, soon), keyset(t, 0, 0))
		expect("with a second one", signing, serving)
		retired := keyset(t, 0, 0)
		retired.Active = false
		ks.publish(keyset(t, 0, soon), retired)
		expect("when that one is retired", signing, not)
		expect("all the time", "", serving)

		if _, err := c.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "other"}); status.Code(err) != codes.NotFound {
			t.Errorf("a service that is not there: %v", err)
		}
		_ = conn.Close()
		_ = r.stop()
	})
}

// A mint follows; the signatory goes, for a while, and comes back with more.
func TestFollowersComeBackAfterARestart(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	cfg := Config{Listen: "unix:" + path, DrainTimeout: time.Second}
	cfg.Keystore = newFake(t, keyset(t, 0, 0))
	first := serve(t, cfg)
	c := dial(t, signatory.ClientConfig{Address: "unix:" + path})

	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var sizes []int
	downs := 0
	last := func() (size, down int) {
		mu.Lock()
		defer mu.Unlock()
		if len(sizes) == 0 {
			return 0, downs
		}
		return sizes[len(sizes)-1], downs
	}
	done := make(chan error, 1)
	go func() {
		done <- signatory.Follow(ctx, signatory.FollowConfig{
			Signatory: c,
			MinDelay:  5 * time.Millisecond,
			MaxDelay:  20 * time.Millisecond,
			Down: func(err error, _ time.Duration) {
				if !errors.Is(err, signatory.ErrUnavailable) {
					t.Errorf("down because of %v", err)
				}
				mu.Lock()
				defer mu.Unlock()
				downs++
			},
		}, func(s signatory.Snapshot) error {
			mu.Lock()
			defer mu.Unlock()
			sizes = append(sizes, len(s.Keysets))
			return nil
		})
	}()
	eventually(t, "the first snapshot", func() bool { n, _ := last(); return n == 1 })
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "several failed attempts", func() bool { _, d := last(); return d >= 3 })
	if _, err := c.Keysets(t.Context()); !errors.Is(err, signatory.ErrUnavailable) {
		t.Errorf("a call while it is away: %v", err)
	}
	cfg.Keystore = newFake(t, keyset(t, 0, 0), keyset(t, 1, 0))
	serve(t, cfg)
	eventually(t, "the second snapshot", func() bool { n, _ := last(); return n == 2 })
	if _, err := c.Keysets(t.Context()); err != nil {
		t.Errorf("a call after it came back: %v", err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
