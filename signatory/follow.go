package signatory

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"
)

// FollowConfig says whom to follow and how patiently.
type FollowConfig struct {
	// Signatory is subscribed to. Required.
	Signatory interface {
		SubscribeKeysets(ctx context.Context, fn func(Snapshot) error) error
	}
	// MinDelay is the wait before the first new attempt; it doubles with each
	// failure. 0 is 100 milliseconds.
	MinDelay time.Duration
	// MaxDelay caps the wait. A stream that lived longer than this was sound,
	// and the next failure waits MinDelay again. 0 is 15 seconds.
	MaxDelay time.Duration
	// Down, if set, is told of every failed attempt and the wait after it.
	Down func(err error, wait time.Duration)
	// Logger gets a line for every failed attempt; nil is silent.
	Logger *slog.Logger
}

func (cfg FollowConfig) withDefaults() FollowConfig {
	if cfg.MinDelay <= 0 {
		cfg.MinDelay = 100 * time.Millisecond
	}
	if cfg.MaxDelay <= 0 {
		cfg.MaxDelay = 15 * time.Second
	}
	cfg.MaxDelay = max(cfg.MaxDelay, cfg.MinDelay)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// Follow subscribes to the signatory's keysets and calls fn with the current
// ones and after every change, for as long as ctx lives. Whenever the stream
// ends, or fn refuses a snapshot with an error, it subscribes again, after a wait
// that doubles up to a cap. Of every wait half is random, so that the mints of
// one signatory do not all come back at once. It returns why ctx ended.
func Follow(ctx context.Context, cfg FollowConfig, fn func(Snapshot) error) error {
	cfg = cfg.withDefaults()
	delay := cfg.MinDelay
	for {
		started := time.Now()
		err := cfg.Signatory.SubscribeKeysets(ctx, fn)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		// Not the connection resets the delay, nor the first snapshot: a
		// signatory that sends one and falls over would be hammered.
		if time.Since(started) > cfg.MaxDelay {
			delay = cfg.MinDelay
		}
		wait := delay/2 + rand.N(delay/2+1)
		cfg.Logger.WarnContext(ctx, "keyset subscription ended", "error", err, "retry_in", wait)
		if cfg.Down != nil {
			cfg.Down(err, wait)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
		delay = min(2*delay, cfg.MaxDelay)
	}
}
