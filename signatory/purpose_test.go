package signatory

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	"mintmark/cashu"
	pb "mintmark/proto/signatory"
)

// heard is what a call brought along.
type heard struct {
	purpose []string
	amounts []uint64
}

// listener answers after release, so that further calls gather, and notes what it
// has heard.
type listener struct {
	mu      sync.Mutex
	calls   []heard
	came    chan struct{}
	release chan struct{}
}

func (l *listener) BlindSign(ctx context.Context, in *pb.BlindedMessages) (*pb.BlindSignResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	h := heard{purpose: md.Get("x-mintmark-purpose")}
	for _, m := range in.GetBlindedMessages() {
		h.amounts = append(h.amounts, m.GetAmount())
	}
	l.mu.Lock()
	l.calls = append(l.calls, h)
	l.mu.Unlock()
	l.came <- struct{}{}
	<-l.release
	return &pb.BlindSignResponse{Error: &pb.Error{Code: pb.ErrorCode_ERROR_CODE_KEYSET_INACTIVE}}, nil
}

func TestThePurposeTravelsAsMetadataAndOnlyWhenThereIsOne(t *testing.T) {
	t.Parallel()
	l := &listener{came: make(chan struct{}, 9), release: make(chan struct{})}
	close(l.release)
	c := connect(t, &scripted{sign: l.BlindSign}, ClientConfig{})
	m := []cashu.BlindedMessage{{Amount: 8, ID: keyset(t).ID, B: point(t, hexB)}}
	for _, ctx := range []context.Context{t.Context(), WithPurpose(t.Context(), MeltChange), WithPurpose(t.Context(), "")} {
		if _, err := c.BlindSign(ctx, m); err == nil {
			t.Fatal("signed")
		}
	}
	if len(l.calls[0].purpose)+len(l.calls[2].purpose) != 0 || !slices.Equal(l.calls[1].purpose, []string{"melt-change"}) {
		t.Errorf("heard %+v", l.calls)
	}
}

// Callers wait together for a slow signatory, some with a purpose: no call may
// carry messages of both.
func TestWhatHasAPurposeDoesNotTravelWithWhatHasNone(t *testing.T) {
	t.Parallel()
	l := &listener{came: make(chan struct{}, 99), release: make(chan struct{})}
	c := NewCoalescer(connect(t, &scripted{sign: l.BlindSign}, ClientConfig{}), 1)
	ask := func(ctx context.Context, amount cashu.Amount, b string) {
		_, _ = c.BlindSign(ctx, []cashu.BlindedMessage{{Amount: amount, ID: keyset(t).ID, B: point(t, b)}})
	}
	change := WithPurpose(t.Context(), MeltChange)
	var wg sync.WaitGroup
	// One of each kind is on its way; the others gather behind them.
	wg.Go(func() { ask(t.Context(), 1, hexA) })
	wg.Go(func() { ask(change, 2, hexC) })
	<-l.came
	<-l.came
	for i, b := range []string{hexA, hexB} {
		wg.Go(func() { ask(t.Context(), 1, b) })
		wg.Go(func() { ask(change, 2, []string{hexC, hexG}[i]) })
	}
	time.Sleep(10 * time.Millisecond) // to gather; too short a time makes the test miss, never fail
	close(l.release)
	wg.Wait()
	for _, call := range l.calls {
		want := uint64(1)
		if len(call.purpose) != 0 {
			want = 2
		}
		if slices.ContainsFunc(call.amounts, func(a uint64) bool { return a != want }) {
			t.Errorf("a call with the purpose %q carries %v", call.purpose, call.amounts)
		}
	}
}
