package signatory

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc"

	"mintmark/cashu"
	pb "mintmark/proto/signatory"
)

func TestSubscribeKeysetsPassesEverySnapshotOn(t *testing.T) {
	t.Parallel()
	s := &scripted{subscribe: func(stream grpc.ServerStreamingServer[pb.KeysResponse]) error {
		for epoch := range uint64(3) {
			if err := stream.Send(snapshotResponse(t, epoch+1, keyset(t))); err != nil {
				return err
			}
		}
		return nil
	}}
	var epochs []uint64
	var amounts []*cashu.Amount
	err := connect(t, s, ClientConfig{}).SubscribeKeysets(t.Context(), func(s Snapshot) error {
		epochs = append(epochs, s.Epoch)
		amounts = append(amounts, &s.Keysets[0].Keys.Amounts()[0])
		if s.Identity != point(t, hexG) || s.Keysets[0].ID != keyset(t).ID {
			t.Errorf("%+v", s)
		}
		return nil
	})
	if !errors.Is(err, ErrUnavailable) {
		t.Fatalf("a stream that ends: %v", err)
	}
	if len(epochs) != 3 || epochs[0] != 1 || epochs[2] != 3 {
		t.Fatalf("epochs %v", epochs)
	}
	if amounts[0] != amounts[2] {
		t.Error("a keyset that did not change was built again")
	}
}

func TestSubscribeKeysetsEnds(t *testing.T) {
	t.Parallel()
	errEnough := errors.New("enough")
	forever := func(stream grpc.ServerStreamingServer[pb.KeysResponse]) error {
		if err := stream.Send(snapshotResponse(t, 1)); err != nil {
			return err
		}
		<-stream.Context().Done()
		return stream.Context().Err()
	}
	t.Run("when fn fails, with its error", func(t *testing.T) {
		t.Parallel()
		c := connect(t, &scripted{subscribe: forever}, ClientConfig{})
		if err := c.SubscribeKeysets(t.Context(), func(Snapshot) error { return errEnough }); !errors.Is(err, errEnough) {
			t.Fatal(err)
		}
	})
	t.Run("when the caller goes", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		c := connect(t, &scripted{subscribe: forever}, ClientConfig{})
		err := c.SubscribeKeysets(ctx, func(Snapshot) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
	})
	t.Run("when nothing comes in time", func(t *testing.T) {
		t.Parallel()
		silent := func(stream grpc.ServerStreamingServer[pb.KeysResponse]) error {
			<-stream.Context().Done()
			return stream.Context().Err()
		}
		c := connect(t, &scripted{subscribe: silent}, ClientConfig{Deadline: 50 * time.Millisecond})
		err := c.SubscribeKeysets(t.Context(), func(Snapshot) error { return nil })
		if !errors.Is(err, ErrUnavailable) || !errors.Is(err, errNoFirst) {
			t.Fatal(err)
		}
	})
	t.Run("not when silence follows the first snapshot", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		c := connect(t, &scripted{subscribe: forever}, ClientConfig{Deadline: 50 * time.Millisecond})
		err := c.SubscribeKeysets(ctx, func(Snapshot) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errNoFirst) {
			t.Fatal(err)
		}
	})
	t.Run("when a snapshot cannot be true", func(t *testing.T) {
		t.Parallel()
		liar := func(stream grpc.ServerStreamingServer[pb.KeysResponse]) error {
			r := snapshotResponse(t, 1, keyset(t))
			r.Keysets.Keysets[0].InputFeePpk = 1
			return stream.Send(r)
		}
		c := connect(t, &scripted{subscribe: liar}, ClientConfig{})
		err := c.SubscribeKeysets(t.Context(), func(Snapshot) error { t.Error("it was passed on"); return nil })
		if !errors.Is(err, ErrBadAnswer) {
			t.Fatal(err)
		}
	})
	t.Run("when an error comes instead", func(t *testing.T) {
		t.Parallel()
		broken := func(stream grpc.ServerStreamingServer[pb.KeysResponse]) error {
			return stream.Send(&pb.KeysResponse{Error: &pb.Error{Detail: "broken"}})
		}
		c := connect(t, &scripted{subscribe: broken}, ClientConfig{})
		if err := c.SubscribeKeysets(t.Context(), func(Snapshot) error { return nil }); !errors.Is(err, ErrRefused) {
			t.Fatal(err)
		}
	})
}
