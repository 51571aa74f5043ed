package signatory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"mintmark/cashu"
	pb "mintmark/proto/signatory"
	"mintmark/signatory/internal/wire"
)

// errNoFirst: a subscription was accepted and stayed silent.
var errNoFirst = errors.New("no keysets came in time")

// SubscribeKeysets implements Signatory: one attempt, one stream.
func (c *Client) SubscribeKeysets(ctx context.Context, fn func(Snapshot) error) error {
	const doing = "subscribing to keysets"
	callCtx, cancel := context.WithCancelCause(outgoing(ctx))
	defer cancel(nil)
	// Once the first snapshot is there, silence is normal, and keep-alive
	// finds out whether the other side lives.
	first := time.AfterFunc(c.deadline, func() { cancel(errNoFirst) })
	defer first.Stop()

	stream, err := c.rpc.SubscribeKeysets(callCtx, &pb.EmptyRequest{})
	if err != nil {
		return streamFailed(ctx, callCtx, doing, err)
	}
	for {
		answer, err := stream.Recv()
		if err != nil {
			return streamFailed(ctx, callCtx, doing, err)
		}
		first.Stop()
		snapshot, err := c.snapshot(doing, answer)
		if err != nil {
			return err
		}
		if err := fn(snapshot); err != nil {
			return err
		}
	}
}

func streamFailed(caller, call context.Context, doing string, err error) error {
	switch {
	case caller.Err() != nil:
		return callFailed(caller, doing, err)
	case errors.Is(context.Cause(call), errNoFirst):
		return fmt.Errorf("%s: %w: %w", doing, ErrUnavailable, errNoFirst)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s: %w: it ended the stream", doing, ErrUnavailable)
	}
	return callFailed(caller, doing, err)
}

// snapshot reads the answer to Keysets and remembers it.
func (c *Client) snapshot(doing string, answer *pb.KeysResponse) (Snapshot, error) {
	if answer.GetError() != nil {
		return Snapshot{}, refused(doing, answer.GetError(), cashu.CodeMalformed)
	}
	known := c.seen.Load()
	identity, keysets, err := wire.ParseSnapshot(answer.GetKeysets(), func(id cashu.KeysetID) (cashu.Keyset, bool) {
		if known == nil {
			return cashu.Keyset{}, false
		}
		k, ok := (*known)[id]
		return k, ok
	})
	if err != nil {
		return Snapshot{}, badAnswer(doing, err)
	}
	index := make(map[cashu.KeysetID]cashu.Keyset, len(keysets))
	for _, k := range keysets {
		index[k.ID] = k
	}
	c.seen.Store(&index)
	return Snapshot{Identity: identity, Epoch: answer.GetKeysets().GetEpoch(), Keysets: keysets}, nil
}
