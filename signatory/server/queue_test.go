package server

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mintmark/cashu"
	pb "mintmark/proto/signatory"
)

// work has a client do n calls of so many items, a second each, and notes the
// order in which they begin.
type work struct {
	q  *queue
	mu sync.Mutex
	wg sync.WaitGroup
	// began has the first letter of the client of each call, in order.
	began []byte
}

func (w *work) submit(t *testing.T, who *Client, calls, items int) {
	for range calls {
		w.wg.Go(func() {
			leave, err := w.q.enter(t.Context(), who, items)
			if err != nil {
				t.Error(err)
				return
			}
			w.mu.Lock()
			w.began = append(w.began, who.Name[0])
			w.mu.Unlock()
			time.Sleep(time.Second)
			leave()
		})
		synctest.Wait()
	}
}

func TestAClientThatFloodsWaitsForItself(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		floodItems, otherItems int
		want                   string
	}{
		"calls of one size take turns":         {10, 10, "fffofofoffff"},
		"a large call counts for many smaller": {100, 10, "fffoooffffff"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &work{q: newQueue(1)}
				w.submit(t, &Client{Name: "flood"}, 9, test.floodItems)
				time.Sleep(2500 * time.Millisecond) // two are done, the third runs
				w.submit(t, &Client{Name: "other"}, 3, test.otherItems)
				w.wg.Wait()
				if got := string(w.began); got != test.want {
					t.Errorf("they began as %s, want %s", got, test.want)
				}
			})
		})
	}
}

func TestWhoWasAwayDoesNotSaveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &work{q: newQueue(1)}
		w.submit(t, &Client{Name: "away"}, 1, 1)
		w.wg.Wait()
		w.submit(t, &Client{Name: "busy"}, 50, 10)
		w.wg.Wait()
		w.began = nil
		w.submit(t, &Client{Name: "busy"}, 4, 10)
		w.submit(t, &Client{Name: "away"}, 4, 10)
		w.wg.Wait()
		if got := string(w.began); strings.Contains(got, "aaa") {
			t.Errorf("they began as %s", got)
		}
	})
}

func TestAsManyRunAsThereAreSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(2)
		who := &Client{Name: "c"}
		first, _ := q.enter(t.Context(), who, 1)
		second, _ := q.enter(t.Context(), who, 1)
		third := make(chan func(), 1)
		go func() {
			leave, _ := q.enter(t.Context(), who, 1)
			third <- leave
		}()
		synctest.Wait()
		if len(third) != 0 {
			t.Fatal("a third one runs")
		}
		second()
		(<-third)()
		first()
		if q.slots != 2 || q.busy != 0 || q.items != 0 || q.lanes["c"].items != 0 {
			t.Errorf("%+v", q)
		}
	})
}

func TestWhoGivesUpLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1)
		who := &Client{Name: "c"}
		leave, err := q.enter(t.Context(), who, 1)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := q.enter(ctx, who, 1); status.Code(err) != codes.DeadlineExceeded {
			t.Error(err)
		}
		gone, cancelNow := context.WithCancel(t.Context())
		cancelNow()
		if _, err := q.enter(gone, who, 1); status.Code(err) != codes.Canceled {
			t.Error(err)
		}
		leave()
		if q.slots != 1 || q.busy != 0 || q.items != 0 || len(q.lanes["c"].waiting) != 0 {
			t.Errorf("%+v", q)
		}
	})
}

func TestWhatCannotBeDoneInTimeIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1)
		who := &Client{Name: "c"}
		leave, _ := q.enter(t.Context(), who, 10)
		time.Sleep(time.Second) // a tenth of a second for each item
		leave()
		within := func(d time.Duration, n int, who *Client) error {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			began := time.Now()
			leave, err := q.enter(ctx, who, n)
			if err == nil {
				leave()
			} else if time.Since(began) != 0 {
				t.Errorf("the refusal took %s", time.Since(began))
			}
			return err
		}
		if err := within(900*time.Millisecond, 10, who); status.Code(err) != codes.DeadlineExceeded || !strings.Contains(err.Error(), "would take about 1s") {
			t.Error(err)
		}
		if err := within(1100*time.Millisecond, 10, who); err != nil {
			t.Error(err)
		}
		// With 100 items of its own before it, and when they are another's.
		q.perItem = 100 * time.Millisecond
		leave, err := q.enter(t.Context(), who, 100)
		if err != nil {
			t.Fatal(err)
		}
		if err := within(5*time.Second, 1, who); status.Code(err) != codes.DeadlineExceeded {
			t.Error(err)
		}
		leave()
	})
}

func TestCapsOfAClient(t *testing.T) {
	t.Parallel()
	q := newQueue(1)
	who := &Client{Name: "c", MaxItems: 10, MaxInFlight: 15}
	if _, err := q.enter(t.Context(), who, 11); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "at most 10") {
		t.Error(err)
	}
	leave, err := q.enter(t.Context(), who, 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.enter(t.Context(), who, 6); status.Code(err) != codes.ResourceExhausted {
		t.Error(err)
	}
	leave()
	leave, err = q.enter(t.Context(), who, 6)
	if err != nil {
		t.Fatal(err)
	}
	leave()
}

// While every slot is taken by signing, reading and rotating go on.
func TestReadingNeverWaitsBehindSigning(t *testing.T) {
	t.Parallel()
	ks := obliging(t)
	release := make(chan struct{})
	var entered sync.WaitGroup
	ks.verify = func(context.Context, []cashu.Proof) error {
		entered.Done()
		<-release
		return nil
	}
	_, conn := inMemory(t, Config{Keystore: ks})
	c, ctx := pb.NewSignatoryClient(conn), versioned(t.Context(), "2")
	slots := runtime.GOMAXPROCS(0)
	entered.Add(slots)
	var wg sync.WaitGroup
	for range slots {
		wg.Go(func() {
			if _, err := c.VerifyProofs(ctx, oneProof(t)); err != nil {
				t.Error(err)
			}
		})
	}
	entered.Wait()
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if _, err := c.BlindSign(short, oneMessage(t)); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("another call to sign: %v", err)
	}
	if _, err := c.Keysets(ctx, &pb.EmptyRequest{}); err != nil {
		t.Error(err)
	}
	if _, err := c.RotateKeyset(ctx, rotationCall()); err != nil {
		t.Error(err)
	}
	close(release)
	wg.Wait()
}

func TestTheLanesAreByClient(t *testing.T) {
	t.Parallel()
	q := newQueue(1)
	for _, name := range []string{"a", "b", "a"} {
		leave, err := q.enter(t.Context(), &Client{Name: name}, 1)
		if err != nil {
			t.Fatal(err)
		}
		leave()
	}
	var names []string
	for name := range q.lanes {
		names = append(names, name)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"a", "b"}) {
		t.Error(names)
	}
}
