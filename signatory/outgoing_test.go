package signatory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	"mintmark/cashu"
	"mintmark/internal/requestid"
	pb "mintmark/proto/signatory"
)

// requestsHeard notes which requests each call was for; the first call is answered
// after release.
type requestsHeard struct {
	mu      sync.Mutex
	calls   [][]string
	came    chan struct{}
	release chan struct{}
}

func (r *requestsHeard) BlindSign(ctx context.Context, _ *pb.BlindedMessages) (*pb.BlindSignResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	r.mu.Lock()
	r.calls = append(r.calls, md.Get("x-mintmark-requests"))
	first := len(r.calls) == 1
	r.mu.Unlock()
	if first {
		close(r.came)
		<-r.release
	}
	return nil, fmt.Errorf("no")
}

func TestACallNamesTheRequestsThatItIsForAndNothingWhenThereAreNone(t *testing.T) {
	t.Parallel()
	r := &requestsHeard{came: make(chan struct{}), release: make(chan struct{})}
	close(r.release)
	c := connect(t, &scripted{sign: r.BlindSign}, ClientConfig{})
	m := []cashu.BlindedMessage{{Amount: 8, ID: keyset(t).ID, B: point(t, hexB)}}
	for _, ctx := range []context.Context{t.Context(), requestid.With(t.Context(), "req-1"), requestid.With(t.Context(), "a", "b")} {
		if _, err := c.BlindSign(ctx, m); err == nil {
			t.Fatal("signed")
		}
	}
	if got := fmt.Sprint(r.calls); got != "[[] [req-1] [a,b]]" {
		t.Errorf("heard %s", got)
	}
}

// Callers that wait together leave in one call, which names the requests of all.
func TestAJoinedCallNamesTheRequestsOfAllItsCallers(t *testing.T) {
	t.Parallel()
	r := &requestsHeard{came: make(chan struct{}), release: make(chan struct{})}
	c := NewCoalescer(connect(t, &scripted{sign: r.BlindSign}, ClientConfig{}), 1)
	var wg sync.WaitGroup
	ask := func(id, b string) {
		wg.Go(func() {
			ctx := requestid.With(t.Context(), id)
			_, _ = c.BlindSign(ctx, []cashu.BlindedMessage{{Amount: 8, ID: keyset(t).ID, B: point(t, b)}})
		})
	}
	ask("first", hexA)
	<-r.came
	points := []string{hexB, hexC, hexG}
	for i, b := range points {
		ask(fmt.Sprintf("next-%d", i), b)
	}
	for c.sign.waitingNow() < len(points) {
		time.Sleep(time.Millisecond)
	}
	close(r.release)
	wg.Wait()
	joined := slices.ContainsFunc(r.calls, func(sent []string) bool {
		return len(sent) == 1 && strings.Count(sent[0], "next-") == len(points)
	})
	if !joined || !slices.Equal(r.calls[0], []string{"first"}) {
		t.Errorf("heard %q", r.calls)
	}
}

func (q *queue[K, In, Out]) waitingNow() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
