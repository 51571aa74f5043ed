package processor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/journal"
	pb "mintmark/proto/cdk_payment_processor"
)

const (
	// askers is how many questions for requests are under way at the same time.
	askers = 4
	// askBatch is how many requests are looked at at once.
	askBatch = 256
	// askAtMost is the longest time between two questions for one request.
	askAtMost = 15 * time.Minute
	// late is how long after its end a request is still asked for: what was on its
	// way then arrives, and clocks differ.
	late = time.Hour
	// retryAtMost is the longest pause before the processor is looked for again.
	retryAtMost = 30 * time.Second
)

// follow keeps in touch with the processor until ctx ends.
func (b *Backend) follow(ctx context.Context) {
	pause, missed := time.Second, true
	for ctx.Err() == nil {
		heard, err := b.followOnce(ctx, missed)
		if ctx.Err() != nil {
			return
		}
		// Whoever listened for a while has missed what happens from now on. A processor
		// that nobody can listen to is asked for each request in its turn.
		if missed = heard > b.cfg.Ask; missed {
			pause = time.Second
		}
		b.seldom.Say(b.log, slog.LevelWarn, time.Now(), "", "the payment processor is not available, looking for it again", "pause", pause, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, retryAtMost)
	}
}

// followOnce hears events and asks questions until one of them fails, and tells for how
// long it heard. It listens before it asks, so nothing falls between the two; and it
// asks once for everything that is due even when there is nothing to listen to.
func (b *Backend) followOnce(ctx context.Context, missed bool) (heard time.Duration, err error) {
	if err := b.learnSettings(ctx); err != nil {
		return 0, err
	}
	listening, stop := context.WithCancelCause(ctx)
	stream, err := b.rpc.WaitPaymentEvent(listening, &pb.EmptyRequest{})
	if err != nil {
		stop(nil)
		return 0, fmt.Errorf("listening: %w", failed(err))
	}
	began, listened := time.Now(), make(chan time.Duration, 1)
	go func() {
		err := b.listen(listening, stream)
		listened <- time.Since(began)
		stop(fmt.Errorf("listening: %w", err))
	}()
	err = b.askWhile(ctx, listening, missed)
	stop(nil)
	return <-listened, err
}

// askWhile asks for what is due, at least once, until the other context ends.
func (b *Backend) askWhile(ctx, listening context.Context, all bool) error {
	if all {
		if err := b.journal.AskAll(ctx, b.journal.Now()); err != nil {
			return err
		}
	}
	for {
		if err := b.askDue(ctx); err != nil {
			return fmt.Errorf("asking for requests: %w", err)
		}
		select {
		case <-listening.Done():
			return context.Cause(listening)
		case <-time.After(min(b.cfg.Ask, time.Second)):
		}
	}
}

// listen takes events until the stream ends.
func (b *Backend) listen(ctx context.Context, stream interface {
	Recv() (*pb.PaymentEventResponse, error)
}) error {
	for {
		event, err := stream.Recv()
		if err != nil {
			return failed(err)
		}
		switch e := event.GetEvent().(type) {
		case *pb.PaymentEventResponse_PaymentReceived:
			err = b.heardReceived(ctx, e.PaymentReceived)
		case *pb.PaymentEventResponse_PaymentSuccessful:
			err = b.heardPaid(ctx, e.PaymentSuccessful)
		case *pb.PaymentEventResponse_PaymentFailed:
			b.orders.TellNews() // whoever waits asks; an event alone proves nothing
		default:
			b.seldom.Say(b.log, slog.LevelWarn, time.Now(), "", "the payment processor tells what nobody understands")
		}
		if err != nil {
			return err
		}
	}
}

// heardReceived writes down a payment of a request of ours. One of another's, and one
// of a request whose making is not written down yet, is left alone: the latter is asked
// for soon.
func (b *Backend) heardReceived(ctx context.Context, p *pb.WaitIncomingPaymentResponse) error {
	identifier, err := writeIdentifier(p.GetPaymentIdentifier())
	if err != nil {
		b.seldom.Say(b.log, slog.LevelWarn, time.Now(), "", "the payment processor reports a payment of nobody", "error", err)
		return nil
	}
	row, err := b.journal.RequestOf(ctx, identifier)
	switch {
	case errors.Is(err, journal.ErrNotFound):
		b.seldom.Say(b.log, slog.LevelWarn, time.Now(), "", "the payment processor reports a payment of a request that is not of this mint")
		return nil
	case err != nil:
		return err
	}
	in, err := b.received(row, p)
	if err != nil {
		b.sayUnbelieved(row, p, err)
		return nil
	}
	return b.take(ctx, []lightning.Incoming{in})
}

// askDue asks for the payments of all requests that are due.
func (b *Backend) askDue(ctx context.Context) error {
	for {
		list, err := b.journal.Due(ctx, b.journal.Now(), askBatch)
		if err != nil {
			return err
		}
		if err := b.askEach(ctx, list); err != nil || len(list) < askBatch {
			return err
		}
	}
}

// askEach asks for every request of the list, some at the same time, and stops when
// nobody answers.
func (b *Backend) askEach(ctx context.Context, list []journal.Request) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan journal.Request)
	var all sync.WaitGroup
	for range min(askers, len(list)) {
		all.Go(func() {
			for row := range queue {
				if err := b.askOne(ctx, row); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, row := range list {
		if ctx.Err() != nil {
			break
		}
		queue <- row
	}
	close(queue)
	all.Wait()
	return context.Cause(ctx)
}

// askOne asks for one request and notes when to ask again. That the processor cannot
// answer for this one is no reason to stop.
func (b *Backend) askOne(ctx context.Context, row journal.Request) error {
	paid, err := b.askFor(ctx, row)
	if err != nil {
		var call callError
		if !errors.As(err, &call) || gone(call.cause) {
			return err
		}
		b.log.Debug("the payment processor cannot say whether a request is paid", "method", row.Method, "error", err)
	}
	return b.journal.AskAgain(ctx, row, b.nextAsk(row, paid, err == nil))
}

// nextAsk is when to ask for a request again: the older, the more seldom, and never
// again once it was paid for the only time, or asked for after its end.
func (b *Backend) nextAsk(row journal.Request, paid, answered bool) time.Time {
	now := b.journal.Now()
	ended := !row.Expires.IsZero() && now.After(row.Expires.Add(late))
	if answered && (row.Once && paid || ended) {
		return time.Time{}
	}
	return now.Add(min(max(now.Sub(row.Created)/4, b.cfg.Ask), askAtMost))
}
